"""Three ways back, each by itself: the timer, its deputy, and the connection that keeps the lease."""

from __future__ import annotations

import pytest

from guard.controller_side import held, logged_in
from guard.lab_target import Target, wait_until
from guard.test_guard_verbs import DEVIATIONS, MODS, RUN, SPEC, apply, hold
from modbisect.host.guard import Guard
from modbisect.kinds import Step

LEASE_OVER = "echo none 0 >/run/modbisect/lease"
STOP_A_TICK = """
cd /sys/fs/cgroup/system.slice && i=0
until [ "$i" = 4000 ]; do
  i=$((i + 1))
  for pid in $(cat modbisect-guard.service/cgroup.procs 2>/dev/null); do
    kill -STOP "$pid" 2>/dev/null && stopped=yes
  done
  [ -z "${stopped-}" ] || exit 0
done
exit 1
"""

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "strike",
    [
        "systemctl stop modbisect-guard.timer",
        "systemctl mask --runtime --now modbisect-guard.timer",
        "systemctl stop modbisect-deputy.service",
        "systemctl kill -s KILL modbisect-deputy.service",
        "systemctl kill -s STOP modbisect-deputy.service",
        "systemctl isolate multi-user.target",
        STOP_A_TICK,
    ],
    ids=["timer stopped", "timer masked", "deputy stopped", "deputy killed", "deputy halted", "isolate", "tick halted"],
)
def test_either_may_die_and_the_host_comes_back(target: Target, strike: str) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    target.sh(strike)
    target.sh(f"{LEASE_OVER}; systemctl unmask --runtime modbisect-guard.timer 2>/dev/null; :")
    wait_until(lambda: not target.traces(), 60, target.traces)
    target.settle()
    assert target.kept() == before


def test_each_brings_the_other_back(target: Target) -> None:
    hold(target)
    active = "systemctl is-active modbisect-guard.timer modbisect-deputy.service"
    wait_until(lambda: target.call("sh", "-c", active) == (0, "active\nactive\n"), 60, "not both are there")
    for unit in ("modbisect-guard.timer", "modbisect-deputy.service"):
        target.sh(f"systemctl stop {unit}")
        wait_until(lambda: target.call("sh", "-c", active) == (0, "active\nactive\n"), 60, f"{unit} does not return")
    assert apply(target, *DEVIATIONS)[0] == 0


def test_a_restore_that_was_halted_with_the_lock_is_ended_by_the_next(target: Target) -> None:
    before = target.kept()
    hold(target)
    assert apply(target, *DEVIATIONS)[0] == 0
    holder = "exec 9>>/run/modbisect/lock; flock 9; echo $$ >/root/holder; kill -STOP $$"
    target.sh('setsid sh -c "$1" </dev/null >/dev/null 2>&1 &', holder)
    wait_until(lambda: target.call("test", "-s", "/root/holder")[0] == 0, 10, "nobody has the lock")
    assert target.call("timeout", "40", "/var/lib/modbisect/guard", "rescue", "force") == (0, "restored\n")
    target.sh("rm /root/holder")
    assert target.kept() == before


def test_the_connection_restores_when_its_controller_is_gone_and_nobody_else_comes(target: Target) -> None:
    before = target.kept()
    with logged_in(target) as root:
        guard = Guard(root, RUN)
        held(guard, lease=60)
        heartbeat = guard.heartbeat(60, lambda _: None).__enter__()
        guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
        target.sh("systemctl stop modbisect-deputy.service modbisect-guard.timer")
        target.sh("mv /usr/bin/systemd-run /root/")  # and nothing brings them back
        try:
            heartbeat._stream.close()
            wait_until(lambda: not target.traces(), 60, target.traces)
        finally:
            target.sh("mv /root/systemd-run /usr/bin/")
            heartbeat.__exit__()
    assert target.kept() == before


def test_what_says_that_the_watch_lives_is_a_tick(target: Target) -> None:
    """A watch that is started and never runs is none: the host is not taken."""
    before, server = target.kept(), target.generation()
    target.sh("printf '#!/bin/sh\\nexit 0\\n' >/root/nothing; chmod 755 /root/nothing")
    target.sh("mount --bind /root/nothing /usr/bin/systemd-run")
    try:
        status, said = target.guard("hold", RUN, "60", stdin=SPEC)
    finally:
        target.sh("umount /usr/bin/systemd-run; rm /root/nothing")
    assert (status, "the watch does not come to life" in said) == (73, True), said
    assert (target.kept(), target.generation(), target.traces()) == (before, server, "")


def test_a_disk_on_which_nothing_runs_is_no_hindrance(target: Target) -> None:
    before = target.kept()
    target.sh("rm -r /var/lib/modbisect; mount --bind /var/lib /var/lib; mount -o remount,bind,noexec /var/lib")
    try:
        with logged_in(target) as root:
            guard = Guard(root, RUN)
            held(guard, lease=60)
            guard.apply([Step(f"{MODS}/asis.load", "absent")], reap=False)
            target.sh(LEASE_OVER)
            wait_until(lambda: not target.traces(), 60, target.traces)
    finally:
        target.sh("umount -l /var/lib")
    assert target.kept() == before


@pytest.mark.parametrize("verb", ["apply", "hold"])
def test_half_a_request_holds_no_lock(target: Target, verb: str) -> None:
    """Whoever sends no more keeps neither the watch nor a person from restoring."""
    before = target.kept()
    if verb == "apply":
        hold(target)
        assert apply(target, *DEVIATIONS)[0] == 0
    words = f"{verb} {RUN}" if verb == "apply" else f"{verb} {'b' * 32} 60"
    half = f"(printf 'absent\\t'; touch /root/half; exec sleep 611) | /var/lib/modbisect/guard {words}"
    target.sh('setsid sh -c "$1" </dev/null >/root/said 2>&1 &', half)
    wait_until(lambda: target.call("test", "-e", "/root/half")[0] == 0, 10, "nobody sends half")
    try:
        if verb == "apply":
            assert target.guard("rescue", "force") == (0, "restored\n")
            assert target.kept() == before
        else:
            hold(target)
        assert target.call("pgrep", "-f", "sleep 611")[0] == 0, "it waited for the other half"
    finally:
        target.sh("pkill -f '[s]leep 611'; rm /root/half /root/said")
