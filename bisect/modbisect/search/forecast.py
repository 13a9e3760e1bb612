"""What a run would cost, by what rehearsed ones have: each takes seconds of processor time where suspects are many."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from modbisect.search.feasible import Feasible
from modbisect.search.problem import Problem

_A_DOUBLING = 4
"""More trials for twice as many suspects."""
_BAD_LUCK = 4
"""So many more at the worst."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many trials a run would take, had it one culprit."""

    typical: int
    worst: int


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    """What simulated searches with one culprit and three needed components took, of 4 to 128 suspects."""

    at_least: int
    each: int = 0
    """For each suspect."""

    def of(self, suspects: int) -> int:
        return round(self.at_least + self.each * suspects + _A_DOUBLING * math.log2(suspects))


_BAYES = _Rehearsed(4)
_REHEARSED: Mapping[str, _Rehearsed] = MappingProxyType(
    {"auto": _BAYES, "bayes": _BAYES, "bisect": _Rehearsed(10), "one-at-a-time": _Rehearsed(8, each=1)}
)


def forecast(problem: Problem, strategy: str) -> Forecast:
    """Typical and worst number of trials of a strategy that is there; never more than the budget."""
    feasible = Feasible(problem.components)
    free = sum(not one.pinned and not feasible.blocked({one.id}) for one in problem.components)
    if not free:
        return Forecast(0, 0)
    typical = _REHEARSED[strategy].of(free)
    return Forecast(min(typical, problem.budget), min(typical + _BAD_LUCK, problem.budget))
