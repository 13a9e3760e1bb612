"""A controller that dies, or a host that loses its power, at any moment of a run: the host is as found soon after."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from guard.lab_target import Target, wait_until
from modbisect import lab
from modbisect.run import journal
from modbisect.run.events import Armed, Event
from run.controller import LEASE, Controller, Controllers

pytestmark = pytest.mark.lab

FIRST = 3
"""Lines of progress: connected, and the survey under way."""


@pytest.fixture(scope="module")
def gold(target: Target) -> frozenset[str]:
    return target.kept()


@pytest.fixture(scope="module")
def length(target: Target, gold: frozenset[str], tmp_path_factory: pytest.TempPathFactory) -> int:
    """Lines of progress of a run that nobody disturbs."""
    controller = Controllers(target, tmp_path_factory.mktemp("whole")).run("--seed", "1")
    ended = controller.ended()
    assert ended.code == 0, ended.said
    assert (target.state(), target.traces(), target.kept()) == ("NONE", "", gold)
    return len(controller.lines())


def at_a_random_moment(controller: Controller, seed: int, first: int, last: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # moments, not secrets
    lines, pause = dice.randint(first, last), dice.uniform(0, 0.5)
    assert controller.wait_lines(lines), controller.ended().said
    time.sleep(pause)  # not to wait for anything: the moment itself is drawn


def events(folder: Path) -> Iterable[Event]:
    return list(journal.read("last", folder / "state" / "modbisect" / "runs"))


@pytest.mark.parametrize("seed", range(20))
def test_a_killed_controller_costs_no_more_than_a_lease(
    target: Target, gold: frozenset[str], length: int, controllers: Controllers, seed: int
) -> None:
    controller = controllers.run("--seed", "1")
    at_a_random_moment(controller, seed, FIRST, length * 2 // 3)  # no two runs are as long
    controller.send(signal.SIGKILL)
    assert controller.ended().code == -signal.SIGKILL
    wait_until(lambda: not target.traces(), LEASE + 10, target.traces)
    assert target.state() == "NONE"
    assert target.kept() == gold
    assert "All items" in target.page()
    assert any(event.type == "began" for event in events(controllers.folder))


@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_amid_a_trial_is_put_right_at_boot(
    target: Target, gold: frozenset[str], length: int, controllers: Controllers, seed: int
) -> None:
    controller = controllers.run("--seed", "1")
    at_a_random_moment(controller, seed, length // 2, length * 2 // 3)
    lab.kill(target.host.name)
    lab.boot(target.host.name)
    # No waiting: systemd has put the files back before it started the server.
    assert (target.state(), target.traces()) == ("NONE", "")
    assert target.kept() == gold
    assert "All items" in target.page()
    ended = controller.ended()
    assert ended.code == 3, ended.said
    assert "rolled back and verified by the guard" in ended.out
    assert any(isinstance(event, Armed) for event in events(controllers.folder))
