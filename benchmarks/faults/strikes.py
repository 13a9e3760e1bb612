"""Faults that strike a run of any kind: a way to break something, and what must hold while it is broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import kept
import others
import pending
import watchers
from result import SLACK_SECONDS
from sight import CURRENT, Dirty, wait
from trial import Trial

_TRIES = 4
"""So often a failed restore is tried again before the bench has seen enough."""
_SWITCHING = ("beat", "apply", "apply", "measure", "measure", "restore")
_ARMED = (*_SWITCHING, "disarm")
_ANY = ("connect", "hold", "hold", *_ARMED)
_POLL_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Strike:
    """One kind of fault."""

    what: str
    on: Callable[[Trial], AbstractContextManager[None]]
    judge: Callable[[Trial], None]
    """What must hold while it lasts."""
    steps: tuple[str, ...] = _ARMED
    """During which it comes, some of them more often."""

    def __call__(self, trial: Trial) -> None:
        """Strike a controller, which dies then or lives on."""
        trial.by_itself = True
        controller = trial.start(replace(trial.plan, idle=trial.dice.uniform(0, 0.8)))
        trial.moment(controller, *self.steps)
        trial.whole_journal = False
        with self.on(trial):
            if trial.chance(0.7):
                trial.kill(controller)
            trial.struck()
            self.judge(trial)


def passes(trial: Trial) -> None:
    """It is over after some seconds, seldom many, and the restore is due then."""
    time.sleep(trial.dice.uniform(1, 5) if trial.chance(0.93) else trial.dice.uniform(10, 25))
    trial.struck()


def comes_back(trial: Trial) -> None:
    """The host is put back although it lasts."""
    watched(trial, put_back)


def says_so(trial: Trial) -> None:
    """It is put back, or says that it is not, and leaves the server alone."""
    tries = watched(trial, lambda one: put_back(one) or one.sight.state() == "FAILED")
    while trial.sight.state() == "FAILED" and tries < _TRIES:
        # The reason comes behind the state.
        if not wait(lambda: trial.sight.text(f"{CURRENT}/reason").strip() or trial.sight.state() != "FAILED", 2):
            raise Dirty("FAILED, and no reason is given")
        tries += watched(trial, put_back, lasting=1.5)
    trial.struck()


def put_back(trial: Trial) -> bool:
    """Whether the guard says so; a run whose watch has not begun has changed nothing."""
    state = trial.sight.state()
    return state in ("NONE", "RESTORED") or (state == "SNAP" and not trial.sight.watches())


def watched(trial: Trial, enough: Callable[[Trial], bool], *, lasting: float = 0.0, alive: bool = True) -> int:
    """Wait until it is enough; the server is not restarted again and again meanwhile. How often a try was hastened.

    Args:
        trial: what is watched.
        enough: whether it is.
        lasting: seconds, after which it need not be enough; 0 where it must be within a lease and the slack.
        alive: a controller that lives can end its run, and is waited for first.
    """
    for controller in trial.controllers:
        if alive and controller.alive() and controller.pid not in trial.killed:
            controller.ended()
            trial.struck()
    until = trial.since + trial.plan.lease + SLACK_SECONDS
    if lasting:
        until = time.monotonic() + lasting
    tries = 0
    while not enough(trial):
        trial.count_servers()
        if time.monotonic() > until:
            if lasting:
                return tries
            raise Dirty(f"not put back while it lasts: {trial.sight.state()}; {trial.sight.processes()}")
        tries += trial.hasten()
        time.sleep(_POLL_SECONDS)
    trial.count_servers()
    return tries


STRIKES = (
    Strike("others' files", others.planted, comes_back, ("hold", *_ARMED)),
    Strike("no room in /run", kept.no_room_in_run, passes, _ANY),
    Strike("a state file spoiled", kept.spoiled_files, comes_back),
    Strike("the snapshot spoiled", kept.spoiled_snapshot, says_so),
    Strike("half a request", pending.half_request, comes_back),
    Strike("one way of the watch dead", watchers.one_way_dead, comes_back, _SWITCHING),
    Strike("a library upgraded", others.upgraded_library, comes_back, _SWITCHING),
    Strike("times changed", others.other_times, says_so, _SWITCHING),
    Strike("noexec", watchers.noexec, says_so, _SWITCHING),
)
