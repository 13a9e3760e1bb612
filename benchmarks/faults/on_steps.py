"""Faults at one exact step: the guard killed there, one of its helpers killed there, an error there.

A seed is a verb and a step of it, or a system call of the controller: so every one has a seed of its own.
"""

from __future__ import annotations

import json
import traceback

from controller import SPEC, Past, Plan, play
from sight import Dirty
from tracer import CALLS, ERRORS, NETWORK, STEPS, Action, Traced, into, trace
from trial import GUARD_CODES, Trial, dice_of

from modbisect.host import guard
from modbisect.host.helper import digest, script

Counts = dict[str, list[str]]
"""The steps of each of the guard's verbs, and of the controller, as they come when nothing strikes."""
BEFORE = {
    "hold": (),
    "apply": ("hold",),
    "restore": ("hold", "apply"),
    "tick": ("hold", "apply"),
    "disarm": ("hold", "apply", "restore"),
    "boot": ("hold", "apply"),
    "rescue": ("hold", "apply"),
}
"""What a verb of the guard finds done."""
_VERBS = tuple(BEFORE)
_CONTROLLER = "controller"
_UNIT = "/etc/systemd/system/modbisect-restore.service"


def count_steps(trial: Trial) -> Counts:
    """Of one verb, or of the controller: whichever the seed says."""
    if trial.seed == len(_VERBS):
        names = _controller(trial, "count", 0).names
        trial.struck()
        return {_CONTROLLER: names}
    verb = _VERBS[trial.seed]
    names = _traced(trial, verb, "count").names
    _ended(trial, verb)
    trial.expire()
    return {verb: names}


COUNTING = "nothing"
"""The name of the trials in which nothing strikes."""
TO_COUNT = range(len(_VERBS) + 1)
"""The seeds of `count_steps`."""


def guard_steps(counts: Counts) -> list[int]:
    """Seeds for `guard_killed_at_a_step`: what is told to another process of the same command changes nothing."""
    return _seeds({verb: [name for name in names if name != "pipe"] for verb, names in counts.items()})


def inner_steps(counts: Counts) -> list[int]:
    """Seeds for the faults that strike one process, and leave the others of the command alive."""
    return _seeds(counts)


def _seeds(counts: Counts) -> list[int]:
    return [at * len(_VERBS) + turn for turn, verb in enumerate(_VERBS) for at in range(len(counts[verb]))]


def controller_calls(counts: Counts) -> list[int]:
    """Seeds for `controller_killed_at_a_call`."""
    return list(range(len(counts[_CONTROLLER])))


def network_calls(counts: Counts) -> list[int]:
    """Seeds for `call_fails_in_the_controller`."""
    return list(range(sum(name in NETWORK.values() for name in counts[_CONTROLLER])))


def guard_killed_at_a_step(trial: Trial) -> None:
    """All processes of one guard command at once."""
    _at_a_step(trial, "kill all")


def guard_killed_at_a_counted_step(trial: Trial) -> None:
    """As well, with the plan whose steps were counted."""
    trial.plan = Plan.drawn(dice_of(COUNTING, trial.seed % len(_VERBS)))
    _at_a_step(trial, "kill all")


def helper_killed_at_a_step(trial: Trial) -> None:
    """The one process that was about to do the step; the others see to it."""
    _at_a_step(trial, "kill one")


def guard_fails_at_a_step(trial: Trial) -> None:
    """The step gets an error, once."""
    _at_a_step(trial, "fail")


def _at_a_step(trial: Trial, action: Action) -> None:
    at, turn = divmod(trial.seed, len(_VERBS))
    verb, error = _VERBS[turn], trial.dice.choice(list(ERRORS))
    done = _traced(trial, verb, action, at=at + 1, error=error)
    trial.step = verb
    if done.struck:
        trial.injection = " ".join((verb, done.struck, *([error] if action == "fail" else [])))
    began = done.struck != "execve 1"  # else it is no exit status of the guard's
    if began and done.status not in GUARD_CODES and not (action != "fail" and done.status in (-9, 137)):
        raise Dirty(f"{trial.injection}: the guard ended with {done.status}")
    if action != "kill all" and verb in ("hold", "apply") and trial.chance(0.5):
        trial.struck()
        _ended(trial, verb)  # the controller lives, and puts the host back
    trial.expire()


def _traced(trial: Trial, verb: str, action: Action, *, at: int = 0, error: str = "EIO") -> Traced:
    trial.brought(*BEFORE[verb])
    argv, stdin = trial.call(verb)
    if verb == "hold":
        argv = ["/bin/sh", "-c", guard._HOLD, "hold", digest(), trial.plan.run, "600", SPEC.rstrip("\n")]  # noqa: SLF001
        stdin = script()
    if verb == "tick":
        trial.expire()  # the timer's own tick comes within a second, and waits for the lock
    behind = _switched_off(trial) if verb == "boot" else ""
    without = "pipe" if action == "kill all" else ""
    done = trace(
        into(trial.host.pid or 0, argv), STEPS, action=action, at=at, error=error, stdin=stdin, without=without
    )
    if verb == "boot":  # what systemd does then
        trial.sight.sh(f"{behind}; systemctl reset-failed apache2; systemctl start apache2")
    return done


def _switched_off(trial: Trial) -> str:
    """As after a power cut, before the server starts; the command that systemd runs behind the guard's."""
    behind = trial.sight.sh(f"sed -n s/^ExecStopPost=//p {_UNIT}")
    trial.sight.sh(
        "systemctl stop modbisect-deputy.service modbisect-guard.timer modbisect-guard.service apache2;"
        "rm -r /run/modbisect"
    )
    return behind


def _ended(trial: Trial, verb: str) -> None:
    """End the run as a controller does, where that is left to it."""
    for last in ("restore", "disarm"):
        if verb in ("hold", "apply", "restore") and trial.sight.state() != "NONE":
            status, said = trial.sight.call(*trial.call(last)[0])
            if status not in GUARD_CODES:
                raise Dirty(f"{last} ended with {status}: {said}")


def controller_killed_at_a_call(trial: Trial) -> None:
    """The controller at one of its own system calls."""
    _at_a_call(trial, "kill all")


def call_fails_in_the_controller(trial: Trial) -> None:
    """One of the controller's own system calls gets an error, once."""
    _at_a_call(trial, "fail")


def _at_a_call(trial: Trial, action: Action) -> None:
    error = trial.dice.choice(list(ERRORS))
    done = _controller(trial, action, trial.seed + 1, error)
    trial.struck()
    journal = [json.loads(line) for line in (trial.folder / "said").read_text().splitlines()]
    trial.controllers.append(Past(trial.plan, journal, done.status))  # type: ignore[arg-type]
    if action == "kill all":
        trial.killed.add(0)
    trial.step = journal[-1].split()[0] if journal else "connect"
    trial.injection = (
        " ".join((_CONTROLLER, done.struck, *([error] if action == "fail" else []))) if done.struck else ""
    )


def _controller(trial: Trial, action: Action, at: int, error: str = "EIO") -> Traced:
    with (trial.folder / "said").open("w") as said:

        def say(what: str) -> None:
            said.write(json.dumps(what) + "\n")
            said.flush()

        def run() -> int:
            try:
                return play(trial.host, trial.plan, say)
            except Exception:
                say(f"crash {traceback.format_exc()}")
                raise

        return trace(run, NETWORK if action == "fail" else CALLS, action=action, at=at, error=error)
