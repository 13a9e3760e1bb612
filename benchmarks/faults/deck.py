"""Which faults there are, how often each comes, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from random import Random

import faults
import on_steps
import pairs
import watchers
import whole_run
from on_steps import Counts
from strikes import STRIKES
from trial import Trial


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    name: str
    act: Callable[[Trial], None]
    weight: int
    """How often it comes in a deck."""
    seeds: Callable[[Counts], list[int]] | None = None
    """For one that strikes at each step there is: a seed for each of these; else every number is one."""
    counted: Callable[[Trial], None] | None = None
    """What to do then if the trial's own plan has less to do, and never comes to the step."""


_WEIGHTS = {"a state file spoiled": 8, "others' files": 5, "one way of the watch dead": 6}
FAULTS = (
    Fault("nothing", faults.undisturbed, 1),
    Fault("controller: kill -9 at any time", faults.controller_killed, 6),
    Fault("controller: kill -9 at each step", faults.controller_killed_at_a_step, 4),
    Fault("controller: kill -9 at a system call", on_steps.controller_killed_at_a_call, 5, on_steps.controller_calls),
    Fault("controller: an error at a system call", on_steps.call_fails_in_the_controller, 5, on_steps.network_calls),
    Fault("controller: SIGSTOP past the lease", faults.controller_sleeps, 2),
    Fault("network: silent both ways", faults.network_dropped, 3),
    Fault("sshd killed", faults.sshd_killed, 3),
    Fault("sudo withdrawn", faults.sudo_withdrawn, 3),
    Fault(
        "guard: killed at a step",
        on_steps.guard_killed_at_a_step,
        190,
        on_steps.guard_steps,
        on_steps.guard_killed_at_a_counted_step,
    ),
    Fault("guard: a helper killed at a step", on_steps.helper_killed_at_a_step, 10, on_steps.inner_steps),
    Fault("guard: an error at a step", on_steps.guard_fails_at_a_step, 10, on_steps.inner_steps),
    Fault("guard: kill -9 at any time", faults.guard_killed, 4),
    Fault("disk: no blocks", faults.blocks_full, 2),
    Fault("disk: no inodes", faults.inodes_full, 2),
    Fault("disk: read-only", faults.read_only, 3),
    Fault("power cut, boot", faults.power_cut, 6),
    Fault("power cut amid boot, twice", faults.power_cut_twice, 1),
    Fault("clock jumps", faults.clock_jumps, 2),
    Fault("two operators", faults.two_operators, 2),
    Fault("a person rescues", faults.person_rescues, 2),
    Fault("stop file", faults.stopped, 2),
    Fault("foreign edit", faults.foreign_edit, 3),
    Fault("configuration test fails", faults.test_fails, 2),
    Fault("configuration test hangs", faults.test_hangs, 1),
    Fault("restart fails", faults.start_fails, 2),
    Fault("restart hangs", faults.start_hangs, 1),
    Fault(pairs.NAME, pairs.two_parts, 4),
    Fault("no watch starts", watchers.no_watch_can_start, 1),
    *(Fault(strike.what, strike, _WEIGHTS.get(strike.what, 3)) for strike in STRIKES),
    Fault("modbisect run: kill -9", whole_run.whole_run_killed, 1),
    Fault("modbisect run: Ctrl-C, TERM, HUP", whole_run.whole_run_interrupted, 1),
    Fault("modbisect run: network silent", whole_run.whole_run_loses_the_network, 1),
    Fault("modbisect run: power cut, boot", whole_run.whole_run_loses_the_host, 1),
    Fault("modbisect run: one of the above", whole_run.whole_run_struck, 1),
)


def deck(chosen: Sequence[Fault], first: int | None, counts: Counts) -> Iterator[tuple[Fault, int]]:
    """Faults by their weights, for ever, each with its next seed, from the ``first`` where that is given."""
    seeds = {fault.name: _seeds(fault, first, counts) for fault in chosen}
    cards = [fault for fault in chosen for _ in range(fault.weight)]
    for turn in count():
        Random(turn).shuffle(cards)  # noqa: S311
        for fault in cards:
            yield fault, next(seeds[fault.name])


def _seeds(fault: Fault, first: int | None, counts: Counts) -> Iterator[int]:
    if fault.seeds is None or first is not None:
        return count(first or 0)
    every = fault.seeds(counts)
    Random(fault.name).shuffle(every)  # noqa: S311  # the steps of all verbs mixed, whenever the bench ends
    return cycle(every)
