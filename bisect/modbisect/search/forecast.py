"""What a run would cost, by what rehearsed ones have: each takes seconds of processor time where suspects are many."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from modbisect.search.feasible import Feasible
from modbisect.search.problem import Problem


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
    a_doubling: float = 4.0
    """More for twice as many suspects."""
    bad_luck: int = 4
    """So many more at the worst."""

    def of(self, suspects: int) -> int:
        return round(self.at_least + self.each * suspects + self.a_doubling * math.log2(suspects))


_BAYES = _Rehearsed(9, a_doubling=2.2, bad_luck=9)
_REHEARSED: Mapping[str, _Rehearsed] = MappingProxyType(
    {"auto": _BAYES, "bayes": _BAYES, "bisect": _Rehearsed(10), "one-at-a-time": _Rehearsed(8, each=1)}
)


def forecast(problem: Problem, strategy: str) -> Forecast:
    """Typical and worst number of trials of a strategy that is there; never more than the budget."""
    feasible = Feasible(problem.components)
    free = sum(not component.pinned and not feasible.blocked({component.id}) for component in problem.components)
    if not free:
        return Forecast(0, 0)
    rehearsed = _REHEARSED[strategy]
    typical = rehearsed.of(free)
    return Forecast(min(typical, problem.budget), min(typical + rehearsed.bad_luck, problem.budget))
