"""Files that stand for their lines: when what was seen of a slow request speaks of them."""

from __future__ import annotations

from pathlib import Path

from modbisect import kinds
from modbisect.kinds import FOR_ITS_LINES, Look, stand_for, suspicions

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()
WIKI = "/etc/dokuwiki/local.php"
DESK = "/etc/desk/10-base.py"
SETTINGS = (
    f"@@ app-settings\nfile\t{WIKI}\t-\t-\t-\nfile\t/etc/dokuwiki/more.php\t-\t-\t-\n"
    f"file\t{DESK}\t-\tunit desk.service\tdesk.service\n@@ end\n"
)
RENDER = "seen 4.000|R|||p_render, /usr/share/dokuwiki/inc/parserutils.php:682|\n"
MODULE = "seen 4.000|R||/usr/lib/php/20220829/calendar.so|p_render, /usr/share/dokuwiki/inc/parserutils.php:682|\n"
DESKS = "seen 4.000|R||||tcp 127.0.0.1:8001\n"
ELSEWHERE = "seen 4.000|R|||main, /var/www/html/index.php:2|\n"


def seen(*moments: str) -> tuple[Look, kinds.Found]:
    busy = 4.0 * len(moments)
    text = f"look 1\nseconds 9.00\nbusy {busy:.2f}\nsamples 90\ncpu 0.10\n{''.join(moments)}end\n"
    return Look.read(text), kinds.parse(SURVEY.replace("@@ end\n", SETTINGS))


def shares(*moments: str) -> dict[str, float]:
    look, found = seen(*moments)
    return {one.component: round(one.share, 2) for one in stand_for(look, found, kinds.discover(found))}


def test_the_code_of_its_application_is_at_work() -> None:
    assert shares(RENDER) == {f"app-setting:{WIKI}": 0.5, "app-setting:/etc/dokuwiki/more.php": 0.5}


def test_they_share_what_they_are_at_and_a_little_of_it_is_nothing() -> None:
    assert sum(shares(RENDER, ELSEWHERE, ELSEWHERE).values()) == 0.34
    assert shares(RENDER, ELSEWHERE, ELSEWHERE, ELSEWHERE) == {}


def test_whoever_is_at_work_himself_comes_first() -> None:
    assert shares(MODULE) == {}


def test_what_root_has_not_allowed_is_told_and_what_will_be_looked_into_is_not() -> None:
    look, found = seen(RENDER, DESKS)
    components = kinds.discover(found)
    (desk,) = [one for one in suspicions(look, found, components) if one.component.startswith("app-setting:")]
    stays = {component.id: component.pinned for component in components}

    assert (desk.component, desk.share) == (f"app-setting:{DESK}", 0.5)
    assert "'unit desk.service'" in stays[desk.component]
    assert stays[f"app-setting:{WIKI}"] == FOR_ITS_LINES
