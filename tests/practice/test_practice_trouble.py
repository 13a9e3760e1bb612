"""What goes wrong during a run: the host is as found afterwards, or the report says that it is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from practice_runs import guard_status, ignore, run_on, small, state_of

from modbisect.errors import Fenced, Interrupted, LinkLost, Refused
from modbisect.host.guard import Guard
from modbisect.kinds import Step
from modbisect.lab.practice import CULPRIT, PracticeHost
from modbisect.lab.practice.tree import Entry
from modbisect.model import Outcome
from modbisect.run.access import opened
from modbisect.run.conduct import new_run
from modbisect.run.events import Event, TrialBegan, TrialEnded
from modbisect.run.signals import Signals

ENABLED = "/etc/apache2/mods-enabled"
FOLDERS = (ENABLED, "/etc/php/8.2/apache2/conf.d")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path, lambda on: CULPRIT in on) as host:
        yield host


def after_trial(number: int, act: Callable[[], object]) -> Callable[[Event], None]:
    def seen(event: Event) -> None:
        if isinstance(event, TrialEnded) and event.number == number:
            act()

    return seen


def until_let_go(made: PracticeHost, run: str) -> None:
    for _ in range(1000):
        if guard_status(made).run != run:
            break
    assert guard_status(made).rolled_back == run


def test_a_cut_connection_rolls_back(made: PracticeHost) -> None:
    before = state_of(made)
    report = run_on(made, after_trial(3, made.drop))
    assert report.outcome is Outcome.INCONCLUSIVE
    assert report.restored.verified
    assert "rolled back" in report.restored.how
    assert state_of(made) == before


def test_an_interrupt_restores(made: PracticeHost) -> None:
    before = state_of(made)
    with Signals(ignore) as signals:
        report = run_on(made, after_trial(2, lambda: os.kill(os.getpid(), signal.SIGINT)), signals)
    assert report.outcome is Outcome.INTERRUPTED
    assert signals.caught == signal.SIGINT
    assert report.restored.verified
    assert state_of(made) == before


@pytest.mark.parametrize("turned_into", [None, LinkLost("no answer: EOFError")])
def test_an_interrupt_that_a_library_swallows_is_heard_all_the_same(
    made: PracticeHost, turned_into: LinkLost | None
) -> None:
    def swallow() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except Exception:  # noqa: BLE001  as paramiko's sender does
            if turned_into:
                raise turned_into from None

    before = state_of(made)
    with Signals(ignore) as signals:
        report = run_on(made, after_trial(2, swallow), signals)
    assert (report.outcome, report.trials) == (Outcome.INTERRUPTED, 2)
    assert report.restored.verified
    assert state_of(made) == before


def test_somebody_elses_edit_is_left_alone_and_told(made: PracticeHost) -> None:
    before, _ = state_of(made)
    theirs = f"{ENABLED}/theirs.load"

    def edit() -> None:
        made.machine.tree = {**made.machine.tree, theirs: Entry("../mods-available/theirs.load", 1.0)}
        raise Interrupted("enough seen")

    report = run_on(made, after_trial(2, edit))
    assert not report.restored.verified
    after, _ = state_of(made)
    assert after.pop(theirs).changed == 1.0
    assert after == before
    status = guard_status(made)
    assert status.state == "FAILED"
    assert theirs in status.reason
    with pytest.raises(Refused, match="held by another run"):
        run_on(made)


def test_a_server_that_does_not_come_back_is_told(made: PracticeHost) -> None:
    def break_it(event: Event) -> None:
        if isinstance(event, TrialBegan):
            made.machine.can_start = False

    report = run_on(made, break_it)
    assert not report.restored.verified
    assert guard_status(made).reason == "the server does not start"


def test_silence_rolls_back_and_fences(made: PracticeHost) -> None:
    before = state_of(made)
    with opened(made.host) as root:
        guard = Guard(root, new_run())
        guard.hold("test", FOLDERS, ["apache2.service"], 1)
        assert f"{ENABLED}/env.load" in made.machine.tree
        guard.apply([Step(f"{ENABLED}/env.load", "absent")], reap=False)
        assert f"{ENABLED}/env.load" not in made.machine.tree
        until_let_go(made, guard.run)
        assert state_of(made) == before
        with pytest.raises((Fenced, LinkLost)):
            guard.apply([Step(f"{ENABLED}/env.load", "absent")], reap=False)
        with pytest.raises(Fenced):
            guard.restore()
        assert state_of(made) == before


def test_the_end_of_the_heartbeat_rolls_back_at_once(made: PracticeHost) -> None:
    before = state_of(made)
    with opened(made.host) as root:
        guard = Guard(root, new_run())
        guard.hold("test", FOLDERS, ["apache2.service"], 600)
        heartbeat = guard.heartbeat(600, ignore).__enter__()
        guard.apply([Step(f"{ENABLED}/env.load", "absent")], reap=False)
        made.drop()
        until_let_go(made, guard.run)
        assert state_of(made) == before
        heartbeat.stop()


def test_one_run_at_a_time(made: PracticeHost) -> None:
    with opened(made.host) as root:
        first, second = Guard(root, new_run()), Guard(root, new_run())
        digest = first.hold("the first", FOLDERS, ["apache2.service"], 60).digest
        with pytest.raises(Refused, match="held: the first"):
            second.hold("the second", FOLDERS, ["apache2.service"], 60)
        with pytest.raises(Refused, match="at work"):
            second.rescue(force=False)
        with pytest.raises(Fenced):
            second.restore()
        assert first.restore() == digest
        first.disarm()
        assert guard_status(made).state == "NONE"


def test_a_path_outside_the_write_set_is_refused(made: PracticeHost) -> None:
    before = state_of(made)
    with opened(made.host) as root:
        guard = Guard(root, new_run())
        guard.hold("test", FOLDERS, ["apache2.service"], 60)
        with pytest.raises(Refused, match="bad request"):
            guard.apply([Step("/etc/passwd", "absent")], reap=False)
        assert state_of(made) == before
        assert guard.rescue(force=True) == "restored"
        assert guard_status(made).rolled_back == guard.run
