"""The cure: a proven culprit stays off for a while, and for good when somebody says so; silence puts it back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from practice_runs import guard_status, ignore, run_on, small, state_of, written

from cli.hostile import Commands, check
from modbisect.cli.countdown import watched
from modbisect.cli.performing import exit_code
from modbisect.errors import LinkLost, Refused
from modbisect.host.guard import Guard, Status
from modbisect.lab.practice import CULPRIT, Machine, PracticeHost, site
from modbisect.lab.practice.tree import Entry
from modbisect.model import Outcome
from modbisect.playbook import Budget
from modbisect.run.access import opened
from modbisect.run.conduct import new_run
from modbisect.run.events import Curing, Event, PutBack, TrialEnded, Warned
from modbisect.run.journal import find, read
from modbisect.run.past import past
from modbisect.run.signals import Signals

LINK = "/etc/php/8.2/apache2/conf.d/20-uploadguard.ini"
THEIRS = "/etc/apache2/mods-enabled/theirs.load"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path / "host", lambda on: CULPRIT in on) as host:
        yield host


def files(made: PracticeHost) -> set[str]:
    return set(made.machine.tree)


def until_put_back(made: PracticeHost, run: str) -> None:
    while guard_status(made).run == run:
        pass
    assert guard_status(made).rolled_back == run


def at_cure(act: Callable[[], object]) -> Callable[[Event], None]:
    return lambda event: act() and None if isinstance(event, Curing) else None


def test_the_culprit_alone_stays_off_until_the_guard_puts_it_back(made: PracticeHost) -> None:
    before, _ = state_of(made)
    events: list[Event] = []
    report = run_on(made, events.append, cure_seconds=600)
    assert report.outcome is Outcome.FOUND
    assert set(before) - files(made) == {LINK}
    assert files(made) <= set(before)
    status = guard_status(made)
    assert (status.state, status.run) == ("CURED", report.run)
    assert 500 < status.lease_seconds <= 600
    until = datetime.fromisoformat(report.restored.cure_until)
    assert timedelta(seconds=500) < until - datetime.now(UTC) <= timedelta(seconds=600)
    assert not report.restored.verified
    assert not report.restored.in_doubt
    assert exit_code(report) == 1
    assert [event.flipped for event in events if isinstance(event, Curing)] == [(CULPRIT,)]
    assert [event.restored for event in events if isinstance(event, PutBack)] == [report.restored]
    with pytest.raises(Refused, match="held by another run"):
        run_on(made)


def test_silence_puts_it_back(made: PracticeHost) -> None:
    before = state_of(made)
    report = run_on(made, cure_seconds=1)
    assert report.restored.cure_until
    until_put_back(made, report.run)
    assert state_of(made) == before


def test_whoever_keeps_it_keeps_it_for_good(made: PracticeHost, command: Commands, tmp_path: Path) -> None:
    before = files(made)
    book, hosts = written(made, tmp_path, {})
    answer = command("run", book, "practice", "-i", hosts, "-q", "--keep-cure", "10m")
    assert answer.code == 1, answer.err
    assert "practice is NOT as found: php-module:uploadguard is kept off until" in answer.out
    assert "to make it last: modbisect keep practice" in answer.out
    assert "to put it back now: modbisect restore practice --force" in answer.out
    answer = command("status", "practice", "-i", hosts)
    assert "culprit kept switched over; put back in" in answer.out

    answer = command("keep", "practice", "-i", hosts)
    assert answer.code == 0, answer.err
    assert "practice: did phpdismod -v 8.2 -s apache2 uploadguard\n" in answer.out
    assert not answer.err
    assert guard_status(made).state == "NONE"
    assert before - files(made) == {LINK}

    report = past(read("last")).report
    assert report is not None
    assert report.restored.cured_by == ("phpdismod -v 8.2 -s apache2 uploadguard",)
    for verb in (("report", "last"), ("resume", "last"), ("report", "-f", "markdown")):
        answer = command(*verb)
        assert answer.code == 1
        assert "kept off for good" in answer.out
    check("keep", command("keep", "practice", "-i", hosts), 4, "no culprit is kept switched over")


def test_what_is_kept_is_told_where_its_journal_is_not(made: PracticeHost, command: Commands, tmp_path: Path) -> None:
    run_on(made, cure_seconds=600)
    _, hosts = written(made, tmp_path, {})
    answer = command("keep", "practice", "-i", hosts, "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["commands"] == ["phpdismod -v 8.2 -s apache2 uploadguard"]
    assert "is not kept here" in answer.err


def test_a_journal_that_others_may_write_gets_no_line(made: PracticeHost, command: Commands, tmp_path: Path) -> None:
    book, hosts = written(made, tmp_path, {})
    command("run", book, "practice", "-i", hosts, "-q", "--keep-cure", "10m")
    journal = find("last") / "journal.jsonl"
    journal.chmod(0o666)
    before = journal.read_bytes()
    answer = command("keep", "practice", "-i", hosts)
    assert answer.code == 0
    assert "others may write" in answer.err
    assert journal.read_bytes() == before


@pytest.mark.parametrize("ends", [(1, 4, "NONE"), (2, 5, "FAILED")], ids=["at once", "later"])
def test_a_cure_that_cannot_be_made_to_last_is_put_back(
    made: PracticeHost, command: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: tuple[int, int, str]
) -> None:
    fails, code, state = ends
    before = files(made)
    run_on(made, cure_seconds=600)
    _, hosts = written(made, tmp_path, {})
    honest, left = Machine.restart, [fails]

    def restart(self: Machine) -> bool:
        left[0] -= 1
        return left[0] < 0 and honest(self)

    monkeypatch.setattr(Machine, "restart", restart)
    answer = command("keep", "practice", "-i", hosts)
    assert answer.code == code, answer.err
    assert "could not be made to last: the server does not start with it" in answer.err
    assert guard_status(made).state == state
    assert files(made) == before


def test_where_nothing_is_found_it_is_put_back_as_ever(tmp_path: Path) -> None:
    with small(tmp_path, lambda _: True) as made:
        before = state_of(made)
        few = replace(made, playbook=replace(made.playbook, budget=Budget(restarts=6)))
        report = run_on(few, cure_seconds=600)
        assert not report.findings
        assert report.restored.verified
        assert "nothing is kept switched over: no culprit was proven" in report.warnings
        assert state_of(made) == before


@pytest.mark.parametrize("what", ["the site breaks", "the connection breaks", "a signal", "the guard does not take it"])
def test_a_cure_that_does_not_come_about_costs_neither_verdict_nor_host(
    made: PracticeHost, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fail(*_: object) -> None:
        raise Refused("no such verb")

    honest = site._refusal
    acts: dict[str, Callable[[], object]] = {
        "the site breaks": lambda: monkeypatch.setattr(site, "_refusal", lambda *_: (500, "Error", "<p>broken</p>")),
        "the connection breaks": made.drop,
        "a signal": lambda: os.kill(os.getpid(), signal.SIGINT),
        "the guard does not take it": lambda: monkeypatch.setattr(Guard, "cure", fail),
    }
    act, before = at_cure(acts[what]), state_of(made)

    def seen(event: Event) -> None:
        act(event)
        if isinstance(event, Warned):  # only while the cure is tried
            monkeypatch.setattr(site, "_refusal", honest)

    with Signals(ignore) as signals:
        report = run_on(made, seen, signals, cure_seconds=600)
    assert report.outcome is Outcome.FOUND
    assert report.restored.verified, report.restored.how
    assert any("kept switched over" in warning for warning in report.warnings)
    assert state_of(made) == before


def test_an_answer_that_is_lost_is_asked_for(made: PracticeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Guard.cure

    def cure(self: Guard, seconds: int) -> None:
        honest(self, seconds)
        raise LinkLost("no answer")

    monkeypatch.setattr(Guard, "cure", cure)
    report = run_on(made, cure_seconds=600)
    assert report.restored.cure_until
    assert guard_status(made).state == "CURED"


def test_a_beat_that_comes_late_does_not_end_a_cure(made: PracticeHost) -> None:
    with opened(made.host) as root:
        guard = Guard(root, new_run())
        guard.hold("test", ("/etc/apache2/mods-enabled",), ["apache2.service"], 60)
        heartbeat = guard.heartbeat(60, ignore).__enter__()
        guard.cure(600)
        heartbeat.__exit__()
        assert guard.status().state == "CURED"
        assert guard.status().lease_seconds > 500
        with pytest.raises(Refused, match="at work"):
            guard.rescue()
        assert guard.rescue(force=True) == "restored"


@pytest.mark.parametrize("time", ["59s", "25h", "0s", "-5m", "soon", ""])
def test_a_time_that_makes_no_sense_is_refused(
    made: PracticeHost, command: Commands, tmp_path: Path, time: str
) -> None:
    book, hosts = written(made, tmp_path, {})
    check(time, command("run", book, "practice", "-i", hosts, "--keep-cure", time), 2)
    assert guard_status(made).state == "NONE"


def test_the_countdown_ends_with_the_cure() -> None:
    said: list[str] = []
    waits: list[float] = []

    def ends(*states: Status) -> str:
        left = iter(states)
        return watched(lambda: next(left), "ours", said.append, waits.append)

    cured = Status("CURED", "ours", lease_seconds=65)
    assert ends(cured, Status("NONE")) == "the cure was kept for good"
    assert "put back in 1m5s" in said[0]
    assert "as found" in ends(cured, cured, Status("NONE", rolled_back="ours"))
    assert "FAILED" in ends(Status("FAILED", "ours"))
    assert "kept for good" in ends(cured, Status("ARMED", "theirs"))
    assert waits == [5.0] * 4


def edited(made: PracticeHost) -> None:
    """A run that was left behind, and somebody's edit beside it."""

    def edit() -> None:
        made.machine.tree = {**made.machine.tree, THEIRS: Entry("../mods-available/theirs.load", 1.0)}

    report = run_on(made, lambda event: edit() if isinstance(event, TrialEnded) and event.number == 2 else None)
    assert not report.restored.verified
    assert guard_status(made).state == "FAILED"


def test_a_person_who_has_looked_accepts_what_others_changed(
    made: PracticeHost, command: Commands, tmp_path: Path
) -> None:
    before = files(made)
    edited(made)
    _, hosts = written(made, tmp_path, {})
    answer = command("restore", "practice", "-i", hosts)
    assert answer.code == 5
    assert "'modbisect restore practice --accept'" in answer.err
    check("both", command("restore", "practice", "-i", hosts, "--accept", "--force"), 2, "not both")
    answer = command("restore", "practice", "-i", hosts, "--accept")
    assert answer.code == 0, answer.err
    assert answer.out == f"practice: accepted {THEIRS}\npractice: restored\n"
    assert files(made) == before | {THEIRS}
    assert guard_status(made).state == "NONE"


def test_nothing_is_accepted_of_a_run_at_work(made: PracticeHost, command: Commands, tmp_path: Path) -> None:
    _, hosts = written(made, tmp_path, {})
    with opened(made.host) as root:
        Guard(root, new_run()).hold("test", ("/etc/apache2/mods-enabled",), ["apache2.service"], 60)
        check("accept", command("restore", "practice", "-i", hosts, "--accept"), 4, "at work")
        Guard(root, "").rescue(force=True)
