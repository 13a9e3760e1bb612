"""What watches over a host while a run holds it: each way made to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import damage
from sight import Dirty, wait
from trial import HELPER, Trial

from modbisect.errors import Exit

KEEP = "^/bin/sh /var/lib/modbisect/guard keep "
_KEEP_AND_SUDO = "/var/lib/modbisect/guard keep "
"""sudo stops when what it runs is stopped."""
TIMER = "modbisect-guard.timer"
_STOP_TICK = r"""
exec 2>/dev/null
c=/sys/fs/cgroup/system.slice/modbisect-guard.service/cgroup.procs
timeout 4 sh -c 'until read -r p <"$1" && kill -STOP "$p"; do :; done; kill -STOP $(cat "$1"); cat "$1"' sh "$c"
:"""
"""A tick lasts some hundredths of a second, once a second."""
_CANNOT_WRITE = 73
_ISOLATED = ("multi-user.target", "fault-bench.target")


@contextmanager
def stopped_tick(trial: Trial) -> Iterator[None]:
    """SIGSTOP to all of a tick."""
    pids = trial.sight.sh(_STOP_TICK).split()
    try:
        yield
    finally:
        if pids:
            trial.sight.call("kill", "-CONT", *pids)


@contextmanager
def stopped_keep(trial: Trial) -> Iterator[None]:
    """SIGSTOP to whoever keeps the lease."""
    trial.sight.call("pkill", "-STOP", "-f", KEEP)
    try:
        yield
    finally:
        trial.sight.call("pkill", "-CONT", "-f", _KEEP_AND_SUDO)


@contextmanager
def stopped_both(trial: Trial) -> Iterator[None]:
    """Tick and keep."""
    with stopped_keep(trial), stopped_tick(trial):
        yield


@contextmanager
def stopped_timer(trial: Trial) -> Iterator[None]:
    """The watch's timer is stopped."""
    trial.sight.call("systemctl", "stop", TIMER)
    yield


@contextmanager
def stopped_second(trial: Trial) -> Iterator[None]:
    """Any one of the units that start the guard is stopped."""
    if units := trial.sight.watches():
        unit = trial.dice.choice(units)
        trial.step += f", {unit}"
        trial.sight.call("systemctl", "stop", unit)
    yield


@contextmanager
def masked_timer(trial: Trial) -> Iterator[None]:
    """It is stopped, and cannot be started."""
    trial.sight.call("systemctl", "mask", "--runtime", "--now", TIMER)
    try:
        yield
    finally:
        trial.sight.call("systemctl", "unmask", "--runtime", TIMER)


@contextmanager
def isolated(trial: Trial) -> Iterator[None]:
    """Systemd stops whatever a target does not want."""
    target = trial.dice.choice(_ISOLATED)
    trial.step += f", {target}"
    # Its own target has only the bench's own host.
    trial.sight.sh('systemctl -q cat "$1" >/dev/null 2>&1 || set -- multi-user.target; systemctl isolate "$1"', target)
    try:
        yield
    finally:
        trial.sight.sh("systemctl start multi-user.target")


_WAYS = (stopped_tick, stopped_keep, stopped_both, stopped_timer, stopped_second, masked_timer, isolated)


@contextmanager
def one_way_dead(trial: Trial) -> Iterator[None]:
    """One of them, drawn."""
    way = trial.dice.choice(_WAYS)
    trial.step += f", {way.__name__.replace('_', ' ')}"
    with way(trial):
        yield


@contextmanager
def noexec(trial: Trial) -> Iterator[None]:
    """No program below /var/lib can be run."""
    trial.sight.sh("mount --bind /var/lib /var/lib && mount -o remount,bind,noexec /var/lib")
    try:
        yield
    finally:
        trial.sight.sh("umount -l /var/lib")


def no_watch_can_start(trial: Trial) -> None:
    """What starts a watch says that it did, and none is there: nobody gets the host, with or without a helper."""
    trial.by_itself = True
    with damage.no_watch(trial.sight):
        if trial.chance(0.4):
            controller = trial.start()
            if controller.ended() != Exit.REFUSED:
                raise Dirty(f"a run where no watch can start: {controller.journal}")
        else:
            trial.install(HELPER)
            argv, stdin = trial.call("hold")
            status, said = trial.sight.call(HELPER, *argv[1:], stdin=stdin)
            trial.sight.path(HELPER).unlink()
            if status != _CANNOT_WRITE:
                raise Dirty(f"hold where no watch can start ended with {status}: {said}")
        trial.struck()
        if not wait(lambda: not trial.sight.traces(), 1):
            raise Dirty(f"a run was refused, and left {trial.sight.traces()}")
