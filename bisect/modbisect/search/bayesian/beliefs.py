"""Hypotheses by the ten thousand: kept as arrays, and made into values where one is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from modbisect.search.bayesian.rows import Array

Members = tuple[int, ...]

_FEW = 16
NUISANCES = 3
"""Level, drift and slope come before the effects."""
MOST_EFFECTS = 4
"""Of one hypothesis; the most members as well."""


@dataclass(frozen=True, slots=True)
class Family:
    """Hypotheses of one form: the sets, and the products of states that their effects go with."""

    form: str
    members: NDArray[np.intp]
    """(hypotheses, size), each row in rising order."""
    products: tuple[Members, ...]
    """Positions within the set, one tuple an effect: ``((0,), (1,), (0, 1))`` is saturated."""

    def features(self, z: Array) -> Array:
        """(hypotheses, rows, effects)."""
        return np.stack([np.prod(z[:, self.members[:, product]], axis=2).T for product in self.products], axis=2)


@dataclass(frozen=True, slots=True)
class Belief:
    """One hypothesis in the posterior."""

    form: str
    members: Members
    products: tuple[Members, ...]
    probability: float


class Beliefs(Sequence[Belief]):
    """Every hypothesis, the likeliest first."""

    def __init__(self, families: Sequence[Family], logs: Sequence[Array], count: int) -> None:
        """``logs``: log probability of each hypothesis, by family; ``count``: of all components."""
        whole = np.concatenate(logs)
        order = np.argsort(-whole, kind="stable")
        sizes = [len(each) for each in logs]
        self._families, self._base = families, count + 1
        self._family = np.repeat(np.arange(len(sizes)), sizes)[order]
        self._row = np.concatenate([np.arange(size) for size in sizes])[order]
        self._codes = np.concatenate([self._code(family.members) for family in families])[order]
        self.probability: Array = np.exp(whole)[order]

    def __len__(self) -> int:
        return len(self.probability)

    @overload
    def __getitem__(self, at: int) -> Belief: ...
    @overload
    def __getitem__(self, at: slice) -> list[Belief]: ...
    def __getitem__(self, at: int | slice) -> Belief | list[Belief]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        family = self._families[self._family[at]]
        members = tuple(family.members[self._row[at]].tolist())
        return Belief(family.form, members, family.products, float(self.probability[at]))

    def about(self, members: Members) -> list[Belief]:
        """Those of one set."""
        (code,) = self._code(np.array([members], dtype=np.intp)).tolist()
        return [self[at] for at in np.flatnonzero(self._codes == code).tolist()]

    @cached_property
    def sets(self) -> list[tuple[Members, float]]:
        """A few sets, whatever their form, with their probabilities, the likeliest first."""
        _, first, mass = self._by_set
        order = np.lexsort((first, -np.round(mass, 9)))[:_FEW]
        return [(self[int(first[at])].members, float(mass[at])) for at in order]

    @property
    def nobody(self) -> float:
        """The probability of the empty set."""
        codes, _, mass = self._by_set
        return float(np.sum(mass[codes == 0]))

    @cached_property
    def _by_set(self) -> tuple[NDArray[np.int64], NDArray[np.intp], Array]:
        """Of each set its code, its likeliest hypothesis, and the sum of the probabilities of all."""
        codes, first, which = np.unique(self._codes, return_index=True, return_inverse=True)
        mass = np.bincount(which, weights=self.probability).astype(np.float64)
        return codes, first, mass

    def _code(self, members: NDArray[np.intp]) -> NDArray[np.int64]:
        """A number for each set: its members are the digits."""
        powers = self._base ** np.arange(members.shape[1] - 1, -1, -1, dtype=np.int64)
        codes: NDArray[np.int64] = (members.astype(np.int64) + 1) @ powers
        return codes


def design(beliefs: Sequence[Belief], z: Array, t: Array) -> Array:
    """(hypotheses, rows, 7): level, drift, slope, effects; zeros for each effect that a hypothesis does not have."""
    constant, nothing = z.shape[1], z.shape[1] + 1
    index = np.full((len(beliefs), MOST_EFFECTS, MOST_EFFECTS), constant, dtype=np.intp)
    for at, belief in enumerate(beliefs):
        index[at, len(belief.products) :, 0] = nothing
        for effect, product in enumerate(belief.products):
            index[at, effect, : len(product)] = [belief.members[position] for position in product]
    wide = np.column_stack([z, np.ones(len(z)), np.zeros(len(z))])
    result = np.ones((len(beliefs), len(z), NUISANCES + MOST_EFFECTS))
    result[:, :, 1] = t
    result[:, :, 2] = np.mean(z, axis=1)
    result[:, :, NUISANCES:] = np.prod(wide[:, index], axis=3).transpose(1, 0, 2)
    return result
