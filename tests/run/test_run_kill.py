"""A controller that dies, or a host that loses its power, at any moment of a run: the host is as found soon after."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from few import few
from guard.lab_target import Target, wait_until
from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.run import journal
from modbisect.run.events import Armed, Event
from run.controller import LEASE, QUICK, Controller, Controllers

pytestmark = pytest.mark.lab

SWEEP = f"{QUICK}strategy: one-at-a-time\n"
SLOW = r"""
echo "<?php usleep(100000);" >/etc/php/late.php
echo "php_admin_value auto_prepend_file /etc/php/late.php" >/etc/apache2/conf-available/late.conf
a2enconf -q late && systemctl restart apache2
"""
"""With something to be found, a sweep asks about everybody."""
FIRST, TRIALS, LAST = 3, 12, 36
"""Lines of progress: connected, and the survey under way; amid the first trials; a sweep is still at work."""


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    target = Target(lab_host(setup=("shop",)))
    target.sh(SLOW)
    return target


@pytest.fixture(scope="module")
def gold(target: Target) -> frozenset[str]:
    return target.kept()


def at_a_random_moment(controller: Controller, seed: int, first: int, last: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # moments, not secrets
    lines, pause = dice.randint(first, last), dice.uniform(0, 0.5)
    assert controller.wait_lines(lines), controller.ended().said
    time.sleep(pause)  # not to wait for anything: the moment itself is drawn


def events(folder: Path) -> Iterable[Event]:
    return list(journal.read("last", folder / "state" / "modbisect" / "runs"))


@pytest.mark.parametrize("seed", few(range(3), 1))
def test_a_killed_controller_costs_no_more_than_a_lease(
    target: Target, gold: frozenset[str], controllers: Controllers, seed: int
) -> None:
    controllers.playbook = SWEEP
    controller = controllers.run("--seed", "1")
    at_a_random_moment(controller, seed, FIRST, LAST)
    controller.send(signal.SIGKILL)
    assert controller.ended().code == -signal.SIGKILL
    wait_until(lambda: not target.traces(), LEASE + 10, target.traces)
    assert target.state() == "NONE"
    assert target.kept() == gold
    assert "All items" in target.page()
    assert any(event.type == "began" for event in events(controllers.folder))


@pytest.mark.parametrize("seed", few(range(2), 1))
def test_a_power_cut_amid_a_trial_is_put_right_at_boot(
    target: Target, gold: frozenset[str], controllers: Controllers, seed: int
) -> None:
    controllers.playbook = SWEEP
    controller = controllers.run("--seed", "1")
    at_a_random_moment(controller, seed, TRIALS, LAST)
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
