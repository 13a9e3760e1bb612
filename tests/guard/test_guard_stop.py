"""The host's own stop file: it ends a run under way at once, and lets none begin."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from guard.controller_side import held, logged_in
from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import DEVIATIONS, MODS, RUN, apply, hold
from modbisect.errors import Fenced, ModbisectError, Refused
from modbisect.host.guard import Guard
from modbisect.kinds import Step

WHO = "deploy in progress, ask jo"
STOP = f"mkdir -p /etc/modbisect && printf '%b\\n' '{WHO}\\033[31m' >/etc/modbisect/stop"

pytestmark = pytest.mark.lab


@pytest.fixture
def stoppable(target: Target) -> Iterator[Target]:
    yield target
    target.sh("rm -rf /etc/modbisect")


def test_a_run_under_way_is_put_back_within_a_tick_and_told_so(stoppable: Target) -> None:
    target, before = stoppable, stoppable.kept()
    heard: list[ModbisectError] = []
    told = threading.Event()

    def on_loss(error: ModbisectError) -> None:
        heard.append(error)
        told.set()

    with logged_in(target) as root:
        guard = Guard(root, RUN)
        held(guard, lease=12)
        heartbeat = guard.heartbeat(12, on_loss).__enter__()
        guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
        target.sh(STOP)
        wait_until(lambda: target.state() == "NONE", 10, target.state)
        assert told.wait(10)
        heartbeat.__exit__()
        assert isinstance(heard[0], Fenced)
        assert heard[0].what == f"the run was stopped on the host, by /etc/modbisect/stop {WHO}[31m"
        with pytest.raises(Fenced, match=f"stop {WHO}"):
            guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
        status = guard.status()
        assert (status.state, status.rolled_back) == ("NONE", RUN)
        assert status.because == f"stopped-by /etc/modbisect/stop {WHO}[31m"
    assert (target.kept(), target.traces()) == (before, "")


def test_no_run_begins(stoppable: Target) -> None:
    before = stoppable.kept()
    stoppable.sh(STOP)
    assert f"stopped-by /etc/modbisect/stop {WHO}" in stoppable.guard("status")[1]
    with logged_in(stoppable) as root, pytest.raises(Refused, match=f"stopped-by /etc/modbisect/stop {WHO}"):
        held(Guard(root, RUN))
    assert (stoppable.kept(), stoppable.traces()) == (before, "")


@pytest.mark.parametrize("plant", ["ln -s /etc/shadow", "ln -s /nowhere", "mkfifo"])
def test_a_stop_file_of_any_kind_counts_and_is_never_followed(stoppable: Target, plant: str) -> None:
    before = stoppable.kept()
    hold(stoppable)
    assert apply(stoppable, *DEVIATIONS)[0] == 0
    stoppable.sh(f"mkdir -p /etc/modbisect; {plant} /etc/modbisect/stop")
    wait_until(lambda: not stoppable.traces(), 60, stoppable.traces)
    assert "because stopped-by /etc/modbisect/stop\n" in stoppable.sh("cat /run/modbisect/last")
    assert stoppable.kept() == before


def test_a_host_that_could_not_be_put_back_is_told_of_as_stopped_when_it_is(stoppable: Target) -> None:
    hold(stoppable)
    assert apply(stoppable, *DEVIATIONS)[0] == 0
    stoppable.sh(f"echo '# mine' >/etc/apache2/conf-enabled/mine.conf; {STOP}")
    wait_until(lambda: stoppable.state() == "FAILED", 60, stoppable.state)
    stoppable.sh("rm /etc/apache2/conf-enabled/mine.conf")
    wait_until(lambda: not stoppable.traces(), 60, stoppable.traces)
    assert f"because stopped-by /etc/modbisect/stop {WHO}" in stoppable.sh("cat /run/modbisect/last")
