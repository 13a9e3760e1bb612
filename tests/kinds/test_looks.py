"""A look's text in, suspects out. A case is what a real host gave: the survey's name, a line of ``-``, the look's text,
a line of ``=``, the answer.

``UPDATE_GOLDEN=1 pytest ...`` writes the answers anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect import kinds
from modbisect.kinds import Look, LookError, Moment, by_file, in_words, suspicions
from modbisect.kinds.seen import HELD, KEPT, QUEUED
from modbisect.kinds.traces import told

HERE = Path(__file__).parent
CASES = sorted((HERE / "looks").glob("*.txt"))
BEGINS, RULE = "\n--------\n", "\n========\n"
NOTHING = "look 1\nseconds 5.00\nbusy 0.00\nsamples 0\ncpu 0.10\nend\n"
WAITS = "seen 4.000|S|poll unix /run/mysqld/mysqld.sock (mariadbd)||main, /srv/a.php:3|\n"
MOST = 6


def answer(survey: str, text: str) -> str:
    found = kinds.parse((HERE / "surveys" / f"{survey}.txt").read_text())
    look = Look.read(text)
    ranked = suspicions(look, found, kinds.discover(found))
    lines = [f"{100 * one.share:3.0f} %  {one.component}: {one.why}" for one in ranked[:MOST]]
    lines += [f"{100 * share:3.0f} %  {what}" for what, share in (*in_words(look)[:3], *by_file(look)[:2])]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_was_seen_on_a_real_host(path: Path) -> None:
    asked, _, expected = path.read_text().partition(RULE)
    survey, _, text = asked.partition(BEGINS)
    said = answer(survey.strip(), text.strip() + "\n")
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{asked.strip()}{RULE}{said}")
    else:
        assert said == expected


def moment(**changes: object) -> Moment:
    return Moment(**{"seconds": 1.0, "state": "R", "wait": "", "objects": (), "frames": ()} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (moment(), "running"),
        (moment(state=QUEUED, wait="not accepted"), "waiting for a process that accepts the connection"),
        (
            moment(state=KEPT, wait="not accepted"),
            "waiting for a process that accepts the connection, while most wait for the next word of a client",
        ),
        (moment(state=HELD), "held back by the server, with nothing at work for it"),
        (moment(state="S", wait="flock file /a"), "flock of file /a"),
        (moment(objects=("/x/libz.so.1", "/y/mod_deflate.so")), "running, in libz.so.1 < mod_deflate.so"),
    ],
)
def test_a_moment_in_words(seen: Moment, words: str) -> None:
    assert told(seen) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "look 1\n",
        NOTHING.replace("end\n", ""),
        NOTHING.replace("busy 0.00", "busy nan"),
        NOTHING.replace("busy 0.00\n", ""),
        NOTHING.replace("end", "seen 1.0|R||\nend"),
        NOTHING.replace("end", "seen 1.0|R|||nonsense|\nend"),
        NOTHING.replace("end", "seen -1.0|R||||\nend"),
        NOTHING.replace("end", "named /x\nend"),
        NOTHING.replace("end", "missing\nend"),
        NOTHING.replace("end", "named /x|/y\n" * 3000 + "end"),
    ],
)
def test_what_is_no_look_is_none(text: str) -> None:
    with pytest.raises(LookError):
        Look.read(text)


@given(st.lists(st.sampled_from(["seen", "named", "says", "missing", "busy", "1.0", "|", " ", "R", "/a", "\n", "x"])))
def test_any_text_is_a_look_or_none(parts: list[str]) -> None:
    try:
        look = Look.read(NOTHING.replace("end", "".join(parts) + "\nend"))
    except LookError:
        return
    assert all(told(one) for one in look.moments)


def test_words_of_a_host_cannot_draw_on_a_terminal() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202e"
    text = NOTHING.replace("end", f"seen 1.0|S|poll {evil}udp 1.2.3.4:53|/x/{evil}a.so||\nmissing php {evil}why\nend")
    look = Look.read(text)
    assert look.moments[0].wait == "poll udp 1.2.3.4:53"
    assert look.moments[0].objects == ("/x/a.so",)
    assert look.missing == {"php": "why"}


CONF, INI = "/etc/apache2/conf-enabled", "/etc/php/8.2/apache2/conf.d"


@pytest.mark.parametrize(
    ("seen", "found_in", "suspects"),
    [
        (
            "S|poll tcp 127.0.0.1:8001|/x/libc.so.6||",
            f"named tcp 127.0.0.1:8001|{CONF}/legacy-urls.conf",
            ["legacy-urls"],
        ),
        ("S|sleep||doze /opt/b.py:6|tcp 127.0.0.1:8001", f"named tcp 127.0.0.1:8001|{CONF}/charset.conf", ["charset"]),
        ("S|poll unix /run/b.sock|||", f"named /run/b.sock|{CONF}/charset.conf", ["charset"]),
        (
            "R||/x/libc.so.6|session_start [session] < main /a.php:3|",
            f"named [session]|{INI}/90-visitors.ini",
            ["visitors"],
        ),
        (
            "S|sleep||serve /opt/b.py:6 < SoapClient::__construct [soap] < main /a.php:3|tcp 127.0.0.1:8001",
            f"named [soap]|{INI}/95-visits.ini",
            ["visits"],
        ),
        (
            "R|with file /srv/a/.htaccess|/x/mod_authz_core.so||",
            f"says AllowOverride|{CONF}/charset.conf",
            ["authz_core", "charset"],
        ),
        (
            "R||/x/libc.so.6|realpath [standard] < main /a.php:1|",
            f"says realpath_cache_size|{INI}/90-visitors.ini",
            ["visitors"],
        ),
        ("S|poll udp 127.0.0.1:53|||", f"says Require:forward-dns|{CONF}/charset.conf", ["charset"]),
        (
            "R||/x/libpcre.so < /x/mod_headers.so||",
            f"named /x/mod_headers.so|{CONF}/charset.conf",
            ["headers", "charset"],
        ),
        ("R||||", f"says AllowOverride|{CONF}/charset.conf", []),
        # A folder that many name is nobody's.
        (
            "R||/x/libc.so.6|main /opt/x/a.php:3|",
            "\n".join(
                f"named /opt/x|{CONF}/{name}.conf" for name in ("charset", "security", "countries", "page-cache")
            ),
            [],
        ),
        ("R||/x/libc.so.6|main /opt/x/a.php:3|", f"named /opt/x|{CONF}/charset.conf", ["charset"]),
    ],
)
def test_whom_it_speaks_against(seen: str, found_in: str, suspects: list[str]) -> None:
    found = kinds.parse((HERE / "surveys" / "many-culprits.txt").read_text())
    look = Look.read(NOTHING.replace("busy 0.00", "busy 4.00").replace("end", f"seen 4.00|{seen}\n{found_in}\nend"))
    assert [one.component.partition(":")[2] for one in suspicions(look, found, kinds.discover(found))] == suspects


def test_what_a_page_writes_is_compressed_by_a_setting() -> None:
    text = (HERE / "surveys" / "many-culprits.txt").read_text()
    line = "/etc/php/8.2/apache2/conf.d/97-compress.ini:1:zlib.output_compression = On"
    found = kinds.parse(f"{text}@@ php-settings\n{line}\n")
    for frames, suspects in (
        ("main /srv/a.php:3", {"php-ini:zlib.output_compression"}),
        ("gzencode [zlib] < main /srv/a.php:3", set()),
    ):
        seen = f"seen 4.00|R||/x/libz.so.1.2.13|{frames}|\nend"
        look = Look.read(NOTHING.replace("busy 0.00", "busy 4.00").replace("end", seen))
        assert {one.component for one in suspicions(look, found, kinds.discover(found))} == suspects


def test_what_the_database_was_at_is_told_of_whoever_waits_for_it() -> None:
    lines = ("query 9|SELECT * FROM a WHERE b = ?", "query 2|SELECT ?", "seen 1.000|R||||", "cpu")
    text = NOTHING.replace("busy 0.00", "busy 5.00").replace("cpu", WAITS + "\n".join(lines))
    look = Look.read(text)
    assert look.queries == (("SELECT * FROM a WHERE b = ?", 9), ("SELECT ?", 2))
    (waits, _), (runs, _) = in_words(look)
    assert waits.endswith("(mariadbd), which was at: SELECT * FROM a WHERE b = ?")
    assert runs == "running"


def test_a_query_that_is_none_is_refused() -> None:
    with pytest.raises(LookError, match="no query"):
        Look.read(NOTHING.replace("cpu", "query many|SELECT ?\ncpu"))


def test_lines_of_a_file_claim_together_what_it_would() -> None:
    path = "/etc/apache2/conf-available/charset.conf"
    lines = "".join(f"{path}:{number}:Header\n" for number in range(1, 6))
    found = kinds.parse((HERE / "surveys" / "many-culprits.txt").read_text() + f"@@ directives\n{lines}")
    seen = f"seen 4.00|R||/x/libpcre.so < /x/mod_headers.so||\nnamed /x/mod_headers.so|{path}|1,2,3,4,5\nend"
    look = Look.read(NOTHING.replace("busy 0.00", "busy 4.00").replace("end", seen))
    ranked = suspicions(look, found, kinds.discover(found, (path,)))
    shares = {one.component: round(one.share, 2) for one in ranked}
    each = [shares.pop(f"apache-directive:{path}:{number}") for number in range(1, 6)]
    (module,) = shares.values()
    assert list(shares) == ["apache-module:headers"]
    assert module == pytest.approx(sum(each)) == 0.5
