"""Ctrl-C, a polite kill, a hang-up and a controller that falls asleep: the host is as found before the run ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from guard.lab_target import Target, wait_until
from modbisect.model import Outcome
from modbisect.report import Report
from modbisect.run import journal
from modbisect.run.events import Finished
from run.controller import LEASE, Controllers, Ended

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def gold(target: Target) -> frozenset[str]:
    return target.kept()


def last_report(folder: Path) -> Report:
    *_, last = journal.read("last", folder / "state" / "modbisect" / "runs")
    assert isinstance(last, Finished)
    return last.report


def assert_restored(target: Target, gold: frozenset[str], ended: Ended) -> None:
    assert (target.state(), target.traces()) == ("NONE", ""), ended.said
    assert target.kept() == gold
    assert "All items" in target.page()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_amid_a_trial_ends_the_run_with_the_host_as_found(
    target: Target, gold: frozenset[str], controllers: Controllers, number: signal.Signals, code: int
) -> None:
    controller = controllers.run()
    controller.wait_line("trial   2")
    controller.send(number)
    ended = controller.ended()
    assert ended.code == code, ended.said
    assert_restored(target, gold, ended)
    assert "Interrupted" in ended.out
    assert number.name in ended.out
    assert "restored    verified" in ended.err
    report = last_report(controllers.folder)
    assert (report.outcome, report.restored.verified) == (Outcome.INTERRUPTED, True)


def test_ctrl_c_at_a_terminal_reaches_the_children_too(
    target: Target, gold: frozenset[str], controllers: Controllers
) -> None:
    controller = controllers.run()
    controller.wait_line("trial   1")
    os.killpg(controller.process.pid, signal.SIGINT)
    ended = controller.ended()
    assert ended.code == 130, ended.said
    assert "Traceback" not in ended.said
    assert_restored(target, gold, ended)


def test_further_signals_wait_for_the_restore(target: Target, gold: frozenset[str], controllers: Controllers) -> None:
    controller = controllers.run()
    controller.wait_line("trial   1")
    controller.send(signal.SIGINT)
    controller.wait_line("putting the host back")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        controller.send(number)
    ended = controller.ended()
    assert ended.code == 130, ended.said
    assert "cannot be cut short" in ended.err
    assert_restored(target, gold, ended)


@pytest.mark.parametrize("line", ["connecting", "looking at", "measuring", "asking, on a copy", "components"])
def test_a_signal_before_the_first_trial_leaves_nothing(
    target: Target, gold: frozenset[str], controllers: Controllers, line: str
) -> None:
    controller = controllers.run()
    controller.wait_line(line)
    controller.send(signal.SIGINT)
    ended = controller.ended()
    assert ended.code == 130, ended.said
    assert "Traceback" not in ended.said
    # Struck while the guard was set up, it may find out by itself that nobody is there.
    wait_until(lambda: not target.traces(), LEASE + 10, target.traces)
    assert_restored(target, gold, ended)


def test_a_controller_that_sleeps_past_its_lease_is_rolled_back_and_says_so(
    target: Target, gold: frozenset[str], controllers: Controllers
) -> None:
    controller = controllers.run()
    controller.wait_line("trial   2")
    controller.send(signal.SIGSTOP)
    try:
        wait_until(lambda: not target.traces(), LEASE + 10, target.traces)
        assert target.kept() == gold
    finally:
        controller.send(signal.SIGCONT)
    ended = controller.ended()
    assert ended.code == 3, ended.said
    assert "rolled back" in ended.out
    assert_restored(target, gold, ended)
    report = last_report(controllers.folder)
    assert (report.outcome, report.restored.verified) == (Outcome.INCONCLUSIVE, True)
