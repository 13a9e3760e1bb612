"""What is told of the runs that are kept, those without a report above all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modbisect.cli import cli
from modbisect.errors import ModbisectError, Refused
from modbisect.inventory import Host
from modbisect.model import AS_FOUND, Ask, Measurement, Outcome, Probe
from modbisect.playbook import Playbook
from modbisect.report import Report, Restored
from modbisect.run import preflight
from modbisect.run.conduct import conduct
from modbisect.run.events import Armed, Began, Event, Failed, Finished, PutBack, TrialBegan, TrialEnded
from modbisect.run.journal import Journal
from modbisect.run.options import Options
from modbisect.run.signals import Signals

VERIFIED = Restored(verified=True, how="all as found")
ARMED = Armed("d", 3, 30)


def run_id(letter: str) -> str:
    return letter * 32


def report(letter: str, restored: Restored = VERIFIED) -> Report:
    return Report(run_id(letter), "web1", "book", Outcome.FOUND, "2026-07-14T10:15:02+00:00", 3.0, restored)


def trial(number: int) -> tuple[Event, ...]:
    return TrialBegan(number, Ask(AS_FOUND, 3, 1.0, "why", 1)), TrialEnded(number, Measurement(AS_FOUND))


STORIES: dict[str, tuple[Sequence[Event], str, str]] = {
    "a": ((ARMED, PutBack(VERIFIED), Finished(report("a"))), "found", "yes"),
    "b": ((Finished(report("b", Restored(verified=True, how="nothing was changed"))),), "found", "untouched"),
    "c": ((ARMED, Finished(report("c", Restored(verified=False, how="2 paths differ")))), "found", "no"),
    "d": ((Failed("its role is production", "nothing was changed"),), "refused", "untouched"),
    "e": ((ARMED, *trial(1), *trial(2)), "killed", "unknown"),
    "f": ((), "killed", "untouched"),
    "0": ((ARMED, *trial(1)), "running", "unknown"),
}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A journal for each story, the latest last; the process that writes the running one still holds it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    opened = []
    for letter, (events, outcome, _) in STORIES.items():
        journal = Journal(run_id(letter))
        journal(Began(run_id(letter), "web1", "book", "2026-07-14T10:15:02+00:00", "1.0", 7))
        for event in events:
            journal(event)
        if outcome == "running":
            opened.append(journal)
        else:
            journal.close()
    yield
    for journal in opened:
        journal.close()


def modbisect(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def refusal(*arguments: str) -> str:
    error = modbisect(*arguments).exception
    assert isinstance(error, ModbisectError)
    return str(error)


@pytest.mark.usefixtures("kept")
def test_every_run_is_listed_as_what_it_is() -> None:
    rows = json.loads(modbisect("runs", "--json").output)
    assert [row["run"] for row in rows] == [run_id(letter) for letter in reversed(STORIES)]
    told = {row["run"][0]: (row["outcome"], row["restored"]) for row in rows}
    assert told == {letter: (outcome, restored) for letter, (_, outcome, restored) in STORIES.items()}
    head, first, *_ = modbisect("runs").output.splitlines()
    assert head.split() == ["id", "when", "host", "playbook", "outcome", "restored"]
    assert first.split() == ["00000000", "2026-07-14", "10:15", "web1", "book", "running", "unknown"]


@pytest.mark.usefixtures("kept")
def test_the_last_report_is_that_of_the_last_run_that_has_one() -> None:
    assert f"run {run_id('c')}" in modbisect("report").output


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("letter", "said", "not_said"),
    [
        ("d", "it was refused: its role is production\nstate: nothing was changed on web1", "guard"),
        ("e", "it was killed at trial 2, and has no report\nstate: the guard puts web1 back by itself", "restored"),
        ("f", "it was killed before anything was switched, and has no report\nstate: nothing was changed", "guard"),
        ("0", "it is under way, and has no report yet", "killed"),
    ],
)
def test_a_run_without_a_report_is_told_as_what_it_is(letter: str, said: str, not_said: str) -> None:
    told = refusal("report", letter)
    assert f"run {letter * 8} on web1 has no report: {said}" in told
    assert not_said not in told


@pytest.mark.usefixtures("kept")
def test_an_unknown_id_gets_the_nearest() -> None:
    assert "the nearest: aaaaaaaa (web1, book, 2026-07-14T10:15);" in refusal("report", "aaaaaabb")
    assert "the latest: 00000000 (web1, book, 2026-07-14T10:15); ffffffff (" in refusal("report", "zzzz")


def test_no_runs_are_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert json.loads(modbisect("runs", "--json").output) == []


def test_a_refused_run_says_so_in_its_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Refused("outside the maintenance window", state="nothing was changed")

    monkeypatch.setattr(preflight, "closing_time", refuse)
    seen: list[Event] = []
    book = Playbook("book", probes=(Probe("home", "/"),))
    with pytest.raises(Refused):
        conduct(
            Host("web1", "192.0.2.1"), book, Options(), observer=seen.append, signals=Signals(print), run=run_id("a")
        )
    assert seen[-1] == Failed("outside the maintenance window", "nothing was changed")
