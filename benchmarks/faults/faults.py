"""The faults, one function each: it brings a run to a drawn moment, strikes, and takes away what it has planted."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import damage
from controller import NO_START, NO_TEST, Plan
from sight import CURRENT, Dirty, Sight, wait
from trial import Trial

_RESCUE_SECONDS = 90

# --- the controller --------------------------------------------------------------------------------


def undisturbed(trial: Trial) -> None:
    """No fault: the bench itself must not find any."""
    controller = trial.start()
    if controller.ended() != 0:
        raise Dirty(f"a run that nobody disturbed: {controller.journal}")
    trial.struck()


def controller_killed(trial: Trial) -> None:
    """SIGKILL at any time."""
    controller = trial.start()
    trial.moment(controller)
    trial.kill(controller)


def controller_killed_at_a_step(trial: Trial) -> None:
    """And right where a step begins."""
    controller = trial.start()
    trial.moment(controller, within=0)
    trial.kill(controller)


def controller_sleeps(trial: Trial) -> None:
    """SIGSTOP past the lease; its later orders must change nothing."""
    controller = trial.start(replace(trial.plan, lease=2, idle=0.5))
    trial.moment(controller, "beat", "apply", "measure", "restore")
    controller.send(signal.SIGSTOP)
    late = controller.alive() and wait(lambda: trial.sight.state() in ("NONE", "RESTORED"), trial.plan.lease + 5)
    server = trial.sight.server()
    controller.send(signal.SIGCONT)
    controller.ended()
    if late and trial.sight.server() != server:
        raise Dirty("the controller restarted the server after it was rolled back")


# --- the way between -------------------------------------------------------------------------------


def network_dropped(trial: Trial) -> None:
    """Both ways silent, healed around the end of the lease; the controller dies meanwhile, or lives on."""
    controller = trial.start()
    trial.moment(controller)
    dies = trial.chance(0.5)
    with damage.silence(trial.host):
        if dies:
            trial.kill(controller)
        time.sleep(trial.plan.lease + trial.dice.uniform(-1, 1.5))
    # A session whose controller is out of reach is noticed when it is spoken to again, or let go a lease later.
    if not dies:
        controller.ended()


def sshd_killed(trial: Trial) -> None:
    """Every process of sshd at once, or the sessions alone."""
    controller = trial.start()
    trial.moment(controller)
    pattern = trial.dice.choice(("^sshd: ", "^sshd: ops", "sshd: ops@notty"))
    trial.sight.call("pkill", "-KILL", "-f", pattern)
    if not wait(lambda: damage.answers(trial.host.address, 22), 10):
        trial.sight.sh("systemctl reset-failed ssh; systemctl start ssh")


def sudo_withdrawn(trial: Trial) -> None:
    """The user may no longer become root."""
    controller = trial.start()
    trial.moment(controller)
    with damage.no_sudo(trial.sight):
        if trial.chance(0.3):
            trial.kill(controller)
        time.sleep(trial.dice.uniform(0.2, 2.5))
        trial.struck()


# --- the guard -------------------------------------------------------------------------------------


def guard_killed(trial: Trial) -> None:
    """SIGKILL to all of the guard's processes on the host, at any time, and to the next ticks."""
    controller = trial.start()
    trial.moment(controller)
    if trial.chance(0.5):
        trial.kill(controller)
    for _ in range(trial.dice.randint(1, 4)):
        trial.sight.call("pkill", "-KILL", "-f", "^/bin/sh /var/lib/modbisect/")
        time.sleep(trial.dice.uniform(0, 0.4))
    trial.struck()


# --- disks -----------------------------------------------------------------------------------------


def _disk(trial: Trial, strike: Callable[[Trial, str], None], *folders: str) -> None:
    folder = trial.dice.choice(folders)
    trial.may_stay = damage.BASE
    with damage.small_disk(trial.sight, folder):
        controller = trial.start()
        trial.moment(controller)
        strike(trial, folder)
        trial.whole_journal = False
        if trial.chance(0.5):
            trial.kill(controller)
        time.sleep(trial.dice.uniform(0, 3))
        damage.clear(trial.sight, folder)
        trial.struck()
        trial.calm()


def blocks_full(trial: Trial) -> None:
    """No block is left where the run writes."""
    _disk(trial, lambda one, folder: damage.fill(one.sight, folder, "blocks"), *damage.FOLDERS)


def inodes_full(trial: Trial) -> None:
    """No inode is left where the run writes."""
    _disk(trial, lambda one, folder: damage.fill(one.sight, folder, "inodes"), *damage.FOLDERS)


def read_only(trial: Trial) -> None:
    """A filesystem that takes no more writes, for some seconds."""
    trial.sight.path("/run/modbisect").mkdir(mode=0o700, exist_ok=True)
    controller = trial.start()
    trial.moment(controller)
    trial.whole_journal = False
    with damage.read_only(
        trial.sight, trial.dice.choice(("/etc/apache2", "/etc/php", "/var/lib", "/etc", "/run/modbisect"))
    ):
        if trial.chance(0.5):
            trial.kill(controller)
        time.sleep(trial.dice.uniform(0.5, 4))
    trial.struck()


# --- power and clock -------------------------------------------------------------------------------


def power_cut(trial: Trial) -> None:
    """The host loses its power and is switched on again: put back before the server starts."""
    controller = trial.start(replace(trial.plan, idle=0.3))
    trial.moment(controller)
    held = trial.sight.state() not in ("NONE", "SNAP")
    trial.cut()
    trial.kill(controller)
    _on_again(trial, held=held)


def power_cut_twice(trial: Trial) -> None:
    """And once more while it is put back."""
    trial.brought("hold", "apply")
    trial.step = "boot"
    for _ in range(2):
        trial.cut()
        damage.boot_for(trial.sight.name, trial.dice.uniform(0.05, 0.8))
    trial.cut()
    _on_again(trial, held=True)


def _on_again(trial: Trial, *, held: bool) -> None:
    trial.reboot()
    trial.struck()
    sight = trial.sight
    journal, server = sight.path("/run/modbisect/last-journal"), sight.path(sight.ground.pids[0])
    if held:
        trial.by = "boot"
        if (left := sight.state()) != "NONE":
            raise Dirty(f"state {left} although the host has booted")
    if journal.exists() and journal.lstat().st_mtime_ns > server.lstat().st_mtime_ns:
        raise Dirty("the server was started before the files were put back")


def clock_jumps(trial: Trial) -> None:
    """``date`` says 1970 or 2100, and what the guard has written bears that time."""
    controller = trial.start(replace(trial.plan, idle=1.0))
    trial.moment(controller)
    year = trial.dice.choice(("1970-01-02", "2100-01-01"))
    with damage.other_date(trial.sight, year):
        trial.sight.call("sh", "-c", f'touch -d "$1" /run/modbisect/* {CURRENT}/*', "sh", year)
        if trial.chance(0.5):
            trial.kill(controller)
            trial.struck()
            wait(lambda: trial.sight.state() in ("NONE", "RESTORED"), 10)
        else:
            controller.ended()


# --- other people ----------------------------------------------------------------------------------


def two_operators(trial: Trial) -> None:
    """Others begin runs on the same host at the same time; one gets it, and dies or ends."""
    first = trial.start()
    time.sleep(trial.dice.uniform(0, 1.5))
    others = [trial.start(Plan.drawn(trial.dice)) for _ in range(trial.dice.randint(1, 2))]
    trial.step = "hold"
    if trial.chance(0.5):
        time.sleep(trial.dice.uniform(0, 2))
        trial.kill(first)
    for controller in (first, *others):
        controller.ended()
    trial.struck()


def person_rescues(trial: Trial) -> None:
    """Somebody on the host takes it from the run."""
    controller = trial.start(replace(trial.plan, idle=0.3))
    trial.moment(controller)
    trial.ask("rescue", "force", seconds=_RESCUE_SECONDS)
    controller.ended()


def stopped(trial: Trial) -> None:
    """The stop file appears."""
    controller = trial.start(replace(trial.plan, idle=0.5))
    trial.moment(controller)
    with damage.stop_file(trial.sight):
        controller.ended()
        wait(lambda: trial.sight.state() == "NONE", 10)


def foreign_edit(trial: Trial) -> None:
    """Somebody edits a path of the write set: it is left alone, the rest is put back, and nobody calls it restored."""
    controller = trial.start(replace(trial.plan, idle=0.4))
    trial.moment(controller, "apply", "measure", "restore")
    with damage.edited(trial.sight, trial.dice, trial.found.times()) as untouched:
        if trial.chance(0.5):
            trial.kill(controller)
        controller.ended()
        wait(lambda: trial.sight.state() in ("NONE", "FAILED"), trial.plan.lease + 5)
        if not untouched():
            raise Dirty("somebody's edit was overwritten")
    trial.struck()


# --- the server ------------------------------------------------------------------------------------


def _bad(trial: Trial, name: str) -> Plan:
    step = NO_TEST if name == "test" else NO_START
    return replace(trial.plan, configurations=(*trial.plan.configurations[:-1], (step,)), idle=0.3)


def test_fails(trial: Trial) -> None:
    """The configuration does not pass its test; the controller dies then, or not."""
    _failing(trial, "test")


def start_fails(trial: Trial) -> None:
    """The server does not start; the controller dies then, or not."""
    _failing(trial, "start")


def _failing(trial: Trial, what: str) -> None:
    controller = trial.start(_bad(trial, what))
    if trial.chance(0.6):
        trial.moment(controller, "apply", "measure", "restore")
        trial.kill(controller)
    else:
        trial.step = "apply"
        controller.ended()
        trial.struck()


def test_hangs(trial: Trial) -> None:
    """The configuration's test waits for something, for seconds."""
    _hanging(trial, damage.hanging_test)


def start_hangs(trial: Trial) -> None:
    """The server's start waits for something, for seconds."""
    _hanging(trial, damage.hanging_start)


def _hanging(trial: Trial, hang: Callable[[Sight], AbstractContextManager[None]]) -> None:
    controller = trial.start()
    trial.step = trial.dice.choice(("beat", "apply", "measure"))
    controller.until(trial.step)
    with hang(trial.sight):
        time.sleep(trial.dice.uniform(0, 1))
        if trial.chance(0.6):
            trial.kill(controller)
        time.sleep(trial.dice.uniform(0.5, 4))
    trial.struck()
