"""What sets some components of a host apart: for a person who scans it, never a verdict."""

from pathlib import Path

from modbisect import kinds

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()
GUARD = "/etc/php/8.2/mods-available/uploadguard.ini"


def unusual(text: str, since: float = float("inf")) -> dict[str, str]:
    found = kinds.parse(text)
    return {component.id: why for component, why in kinds.unusual(kinds.discover(found), found, since).items()}


def test_of_no_package_is_told_of_what_is_on() -> None:
    off = "/etc/apache2/mods-available/rewrite.load"
    told = unusual(SURVEY.replace("@@ guard\n", f"@@ unpackaged\n{GUARD}\n{off}\n@@ guard\n"))
    plain = unusual(SURVEY)
    assert {name for name in told if told[name] != plain.get(name)} == {
        component.id
        for component in kinds.discover(kinds.parse(SURVEY))
        if component.on and component.name in ("uploadguard", "rewrite")
    }


def test_what_a_person_switched_off_is_told() -> None:
    assert unusual(SURVEY)["apache-module:security2"] == "switched off by a person"


def test_since_when_it_is_slow_tells_every_change_from_then_on_the_latest_first() -> None:
    everything = unusual(SURVEY, since=0.0)
    assert len(everything) > 100
    times = [why.partition("changed ")[2][:16] for why in everything.values() if "changed" in why]
    assert times == sorted(times, reverse=True)
    assert unusual(SURVEY, since=4e9) == unusual(SURVEY)
