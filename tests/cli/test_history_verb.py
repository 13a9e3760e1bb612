"""What canaries have kept, as a person asks for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.hostile import Commands
from modbisect.cli.nagios import Status, status_of, told, unknown
from modbisect.history import CanaryResult, History
from modbisect.judging.history import Comparison, Trend
from modbisect.run.canary import Sighting

BEGIN = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
HOUR = 3600.0
USUAL, SLOW = 0.2, 0.31


def result(number: int, seconds: float, verdict: str, probe: str = "home") -> CanaryResult:
    at = BEGIN + number * HOUR
    if verdict == "broken":
        return CanaryResult("web1", "shop", probe, at, 0.0, broken="status 502", verdict=verdict)
    return CanaryResult(
        "web1", "shop", probe, at, seconds, (seconds,), verdict=verdict, usual_seconds=USUAL, alarm_seconds=0.22
    )


@pytest.fixture
def kept(tmp_path: Path) -> str:
    """Three days: two as usual, of the third the last twelve hours slower; and one broken check."""
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o700)
    url = f"sqlite:///{folder / 'history.db'}"
    with History(url) as history:
        for number in range(72):
            slow = number >= 60
            verdict = "broken" if number == 30 else "slower" if slow else "steady"
            history.record(result(number, SLOW if slow else USUAL, verdict))
    return url


def test_it_lists_what_is_kept(command: Commands, kept: str) -> None:
    listed = command("history", "list", "--history", kept)
    assert listed.code == 0
    assert listed.out.splitlines()[1].split() == [
        "web1",
        "shop",
        "home",
        "72",
        "2026-11-20",
        "00:00",
        "2026-11-22",
        "23:00",
    ]
    [row] = json.loads(command("history", "list", "--history", kept, "--json").out)
    assert row["results"] == 72


def test_it_shows_the_latest_checks_with_what_was_wrong(command: Commands, kept: str) -> None:
    lines = command("history", "show", "web1", "--history", kept, "-n", "43").out.splitlines()
    assert len(lines) == 2 + 43
    assert lines[-1].split() == ["2026-11-22", "23:00", "310", "ms", "200", "ms", "slower"]
    assert [line for line in lines if line.endswith("broken  status 502")]


def test_the_trend_has_a_line_a_day_and_counts_its_alarms(command: Commands, kept: str) -> None:
    first, second, third = command("history", "trend", "web1", "--history", kept).out.splitlines()[1:]
    assert "alarm" not in first + second
    assert third.endswith("200 ms to 310 ms  12 alarms")


def test_the_trend_is_drawn_on_a_page(command: Commands, kept: str) -> None:
    drawn = command("history", "trend", "web1", "--history", kept, "-o", "trend.html")
    assert drawn.out == "72 checks drawn in trend.html\n"
    page = Path("trend.html").read_text()
    assert "home took 200 ms in the median of 72 checks: 12 were slower than usual and 1 got no correct answer." in page
    assert "<td>2026-11-22 23:00 UTC</td><td>12</td><td>310 ms</td><td>200 ms</td><td>slower</td>" in page
    assert command("history", "trend", "web1", "--history", kept, "-o", "no/folder.html").code == 2


def test_two_days_are_compared_by_the_same_hours(command: Commands, kept: str) -> None:
    said = command("history", "compare", "web1", "2026-11-20..2026-11-21", "2026-11-22", "--history", kept)
    assert said.out == (
        "home: 200 ms in 47 checks, 255 ms in 24 checks: 1.27x in the same 24 hours of the day, 1x to 1.55x by hour\n"
    )
    assert "too few checks" in command("history", "compare", "web1", "2020-01-01", "2026-11-22", "--history", kept).out
    wrong = command("history", "compare", "web1", "yesterday", "2026-11-22", "--history", kept)
    assert (wrong.code, "'yesterday' is no day" in wrong.err) == (2, True)


def test_what_is_slower_for_good_is_accepted_once(command: Commands, kept: str) -> None:
    accepted = command("history", "accept", "web1", "--history", kept)
    assert accepted.out == "web1, shop, home: 12 checks accepted as usual\n"
    assert "is no alarm" in command("history", "accept", "web1", "--history", kept).out
    with History(kept) as history:
        verdicts = [each.verdict for each in history.recent("web1", "shop", "home", 100)]
    assert verdicts[-12:] == ["accepted"] * 12
    assert "accepted" not in verdicts[:-12]


def test_a_host_of_which_nothing_is_kept_is_said_to_be_one(command: Commands, kept: str) -> None:
    for verb in (("show",), ("trend",), ("accept",)):
        said = command("history", *verb, "web2", "--history", kept)
        assert said.code == 2
        assert "nothing is kept of web2" in said.err
        assert "hosts: web1" in said.err


OF = Comparison(Trend.STEADY, 0.2, 0.21, 0.25)
SLOWER = Comparison(Trend.SLOWER, 0.4, 0.21, 0.25)


def words(sighting: Sighting) -> str:
    return f"{sighting.probe} {sighting.broken or 'is slower'} a|b"


@pytest.mark.parametrize(
    ("sightings", "status", "line"),
    [
        (
            [Sighting("home", "", OF, 9)],
            Status.OK,
            "MODBISECT OK: 1 probe as usual | 'web1 home'=0.2s;0.25;;0",
        ),
        (
            [Sighting("home", "", SLOWER, 9), Sighting("it'em", "", OF, 9)],
            Status.WARNING,
            "MODBISECT WARNING: web1: home is slower a/b | 'web1 home'=0.4s;0.25;;0 'web1 item'=0.2s;0.25;;0",
        ),
        (
            [Sighting("home", "", SLOWER, 9), Sighting("item", "status\n502", None, 9)],
            Status.CRITICAL,
            "MODBISECT CRITICAL: web1: home is slower a/b; web1: item status 502 a/b | 'web1 home'=0.4s;0.25;;0",
        ),
        (
            [Sighting("home", "", Comparison(Trend.LEARNING, 0.2, 0.0, 0.0), 0)],
            Status.OK,
            "MODBISECT OK: 1 probe as usual | 'web1 home'=0.2s;;;0",
        ),
    ],
)
def test_nagios_gets_one_line_with_figures(sightings: list[Sighting], status: Status, line: str) -> None:
    rows = [("web1", sighting) for sighting in sightings]
    assert status_of(rows) is status
    assert told(rows, words) == line


def test_what_keeps_a_canary_from_looking_is_unknown_to_nagios(command: Commands) -> None:
    said = command("canary", "nowhere.yml", "web1", "--nagios")
    assert said.code == Status.UNKNOWN
    assert said.out.startswith("MODBISECT UNKNOWN: ")
    assert len(said.out.splitlines()) == 1
    assert unknown("a\nb | c") == "MODBISECT UNKNOWN: a b / c"
