"""Components as columns of a matrix, and which configurations of them can be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from modbisect.model import Component, ComponentId
from modbisect.search.bayesian.rows import Array
from modbisect.search.feasible import Feasible
from modbisect.search.problem import NOTHING, Flips

Held = frozenset[int]
"""Columns in production state; the others are flipped."""

_MOST_BY_LOOKING = 0.9


@dataclass(frozen=True, slots=True)
class Columns:
    """Those of ``within`` by number; the same number for those that go together whatever is done."""

    feasible: Feasible
    within: Flips
    """What can be flipped at the same time."""
    needs: frozenset[Flips] = frozenset()
    """Sets of flips known to break the site."""
    of: dict[ComponentId, int] = field(init=False)
    _held: tuple[Held, ...] = field(init=False, repr=False)
    """Of each column: those that are as found where it is."""

    def __post_init__(self) -> None:
        seen: dict[Flips, int] = {}
        numbers = {
            component: seen.setdefault(self.feasible.hold({component}, self.within), len(seen))
            for component in sorted(self.within)
        }
        object.__setattr__(self, "of", numbers)
        object.__setattr__(self, "_held", tuple(frozenset(numbers[name] for name in names) for names in seen))

    def __len__(self) -> int:
        return len(self._held)

    def names(self, members: Sequence[int] | Held) -> Flips:
        """The components of some columns."""
        return frozenset(component for component, at in self.of.items() if at in members)

    def flips(self, held: Held) -> Flips:
        """Everything flipped but these."""
        return self.within - self.names(held)

    def close(self, held: Held) -> Held | None:
        """With what these depend on; None for what is known to break."""
        closed = frozenset().union(*(self._held[at] for at in held))
        return None if self.needs and any(need <= self.flips(closed) for need in self.needs) else closed

    def states(self, flips: Flips) -> Array:
        """1 for each column in production state, 0 flipped."""
        z = np.ones(len(self))
        z[[self.of[component] for component in flips]] = 0.0
        return z

    @property
    def inseparable(self) -> frozenset[tuple[int, int]]:
        """Pairs of which one cannot be as found without the other."""
        return frozenset((min(a, b), max(a, b)) for a, held in enumerate(self._held) for b in held - {a})

    def prior(self, components: Iterable[Component]) -> Array:
        """How likely each column is the culprit before any trial, if one is; sums to 1.

        A mixture: what a look saw at work counts for the share of the time that it explains, and for nine tenths at
        most; by the rest all are alike, but for those changed lately. So the likeliest may have nearly all of it, and
        evidence however wrong leaves everybody a tenth of what is usual.
        """
        usual, seen = np.zeros(len(self)), np.zeros(len(self))
        for component in components:
            if component.id in self.of:
                at = self.of[component.id]
                usual[at] = max(usual[at], component.suspicion)
                seen[at] += component.seen
        explained = min(_MOST_BY_LOOKING, float(np.sum(seen)))
        result = (1 - explained) * usual / np.sum(usual)
        return result + explained * seen / np.sum(seen) if explained else result

    def serves(self, held: Held, working: Iterable[Flips], broken: Iterable[Flips]) -> float:
        """How likely the site serves, if each breakage is one component that misses another.

        All of ``within`` flipped serves, so what breaks is never a flip in itself, but one beside something as found.
        What worked clears those in it; the others share the blame.
        """
        guilty = [self._misses(flips) for flips in broken if flips <= self.within]
        if not guilty:
            return 1.0
        cleared = np.zeros((len(self), len(self)))
        for flips in working:
            if flips <= self.within:
                cleared = np.maximum(cleared, self._misses(flips))
        here = self._misses(self.flips(held))
        shares = ((blamed * (1 - cleared), here) for blamed in guilty)
        return math.prod(1 - float(np.sum(blamed * seen) / np.sum(blamed)) for blamed, seen in shares if np.any(blamed))

    def _misses(self, flips: Flips) -> Array:
        """(as found, flipped): 1 for each pair of that kind."""
        z = self.states(flips)
        result: Array = np.outer(z, 1 - z)
        return result


def none(feasible: Feasible) -> Columns:
    """No columns."""
    return Columns(feasible, NOTHING)
