"""Each suspect flipped alone: slower than halving, and gives a cost for every component."""

from __future__ import annotations

from collections.abc import Sequence

from modbisect.judging import effect
from modbisect.model import ComponentId, Cost
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Talk


def sweep(bench: Bench, suspects: Sequence[ComponentId]) -> Talk[tuple[Cost, ...]]:
    """The cost of each suspect. What was measured stays in the bench, for the search that follows.

    A suspect that breaks the site alone, or leaves it so slow that its requests were cut off, has none.
    """
    costs = []
    done = []
    for index, suspect in enumerate(suspects):
        flips = bench.feasible.close({suspect})
        if flips is None or any(need <= flips for need in bench.problem.needs):
            continue
        if any(seen <= flips and bench.broken(seen) for seen in bench.seen):
            continue
        if not bench.levels(flips):
            yield from bench.verdict(flips, NOTHING, f"only {suspect} flipped", left=len(suspects) - index - 1)
        if not bench.broken(flips):
            done.append(suspect)
    slow = bench.levels(NOTHING)
    for suspect in done:
        flips = bench.feasible.close({suspect}) or NOTHING
        if not bench.level_of(flips).censored:
            costs.append(Cost(suspect, effect(slow, bench.levels(flips), bench.noise, bench.found)))
    return tuple(costs)
