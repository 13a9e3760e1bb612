"""The decoder: rows to a posterior over sets of culprits. Exact for one and two, three and four by a beam.

log seconds = mu + drift t + slope s + effects + luck of the restart + scatter of its requests, with s the share of
components as found, and every continuous unknown integrated out in closed form, the luck's size and the slab's width
on grids. A set that includes components which do not matter is excluded by a slab that is truncated away from zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from modbisect.model import Measure
from modbisect.search.bayesian.beliefs import (
    MOST_EFFECTS,
    NUISANCES,
    Belief,
    Beliefs,
    Family,
    Members,
    design,
)
from modbisect.search.bayesian.gains import gain
from modbisect.search.bayesian.logs import logsum, total
from modbisect.search.bayesian.rows import Array, Rows

_AT_ONCE = 2000
"""So many hypotheses are worked out at once, which costs the room of so many."""
LUCK = np.array([0.05, 0.09, 0.15, 0.25, 0.42])
"""Standard deviation from restart to restart, each as likely as the other before anything is seen.

A grid that ends near the expected value, or a prior that leans to little luck, makes wrong accusations where restarts
are slow for no reason.
"""
_DRIFT = 0.1
_SLOPE = {Measure.LATENCY: 1e-3, Measure.TAIL: 1e-3, Measure.MEMORY: 0.5, Measure.GROWTH: 0.05}
"""Standard deviation of what all components add up to, each a little: memory, but no time to speak of."""
_FLAT = 10.0
"""Standard deviation of the level: wide."""
_MEMBER_FLOOR = math.log(1.3)
_MEMBER_SHARE = 0.15
_PRIMARY = 0.9
_BEAM = 6
_PAIRED = 128
"""Components, those that explain most alone, whose pairs are worked out: all of them on a usual host. Of 400, whose
lines are suspects, all pairs would take seconds."""
_SATURATED = 600
"""Pairs with the best simpler fits, for which the saturated form is worked out."""
_PRIOR = {
    "none": 0.24,
    "single": 0.48,
    "together": 0.16,
    "two": 0.06,
    "saturated": 0.02,
    "three": 0.03,
    "all": 0.004,
    "four": 0.006,
}
"""``three`` and ``four``: each for itself; ``all``: only the three together."""
_GROWTH = 0.25
"""The more components, the more pairs that may be slow only together: their probability goes with this power of the
number of components beside `_USUAL`, at the expense of a single one's."""
_USUAL = 32
"""Components of a usual host."""


_FORMS: dict[str, tuple[Members, ...]] = {
    "none": (),
    "single": ((0,),),
    "together": ((0, 1),),
    "two": ((0,), (1,)),
    "saturated": ((0,), (1,), (0, 1)),
    "three": ((0,), (1,), (2,)),
    "four": ((0,), (1,), (2,), (3,)),
    "all": ((0, 1, 2),),
}


@dataclass(frozen=True, slots=True)
class Fit:
    """The continuous unknowns under one hypothesis: level, drift, slope, effects."""

    mean: Array
    covariance: Array


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the rows say about the sets."""

    rows: Rows
    floor: float
    """The smallest effect that matters, in logs."""
    inseparable: frozenset[tuple[int, int]] = frozenset()
    """Pairs of which one cannot be as found without the other: together they are one of them alone."""
    prior: Array | None = None
    """How likely each component is the culprit beside the others, before any trial; None where all are alike. It moves
    nothing between the forms."""
    masked: bool = False
    """Something was faster than all flipped: some save time, and sets of four are thought of. Else pairs of pairs, for
    which there is no form, would be taken for such a set."""

    part: float = 1.0
    """Of all that a site's components add up to, what these may: where only some are thought of, less."""

    @cached_property
    def plain(self) -> list[tuple[Family, Array]]:
        """Families with log prior + log evidence of (hypotheses, luck): none, one, two but for the saturated form."""
        count = self.rows.z.shape[1]
        singles = np.arange(count, dtype=np.intp)[:, None]
        parts = [self._weigh("none", np.zeros((1, 0), dtype=np.intp), 1), self._weigh("single", singles, count)]
        best = np.sort(np.argsort(-total(parts[1][1]), kind="stable")[:_PAIRED]).tolist()
        pairs = np.array(list(combinations(best, 2)), dtype=np.intp).reshape(-1, 2)
        free, every = pairs[self._apart(pairs)], math.comb(count, 2)
        if len(pairs):
            parts.append(self._weigh("two", pairs, every))
        if len(free) and self.rows.measure is not Measure.MEMORY:  # it adds up: nothing is large only together
            parts.append(self._weigh("together", free, every - len(self.inseparable)))
        return parts

    @cached_property
    def _parts(self) -> list[tuple[Family, Array]]:
        """As ``plain``, with the larger forms made of these."""
        parts = [*self.plain]
        of = {family.form: (family, weights) for family, weights in parts}
        if "together" in of:
            (two, of_two), (together, of_together) = of["two"], of["together"]
            likely = np.maximum(total(of_two)[self._apart(two.members)], total(of_together))
            top = together.members[np.argsort(-likely, kind="stable")[:_SATURATED]]
            every = math.comb(self.rows.z.shape[1], 2) - len(self.inseparable)
            parts.append(self._weigh("saturated", top, every))
            parts += self._larger("two", "three", parts) + self._larger("together", "all", parts)
        elif "two" in of and np.any(self._apart(of["two"][0].members)):
            parts += self._larger("two", "three", parts)
        if self.masked and any(family.form == "three" for family, _ in parts):
            parts += self._larger("three", "four", parts)
        return parts

    def _apart(self, pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether one of each can be as found without the other."""
        return np.array([(int(a), int(b)) not in self.inseparable for a, b in pairs], dtype=bool)

    def _larger(self, smaller: str, form: str, parts: Sequence[tuple[Family, Array]]) -> list[tuple[Family, Array]]:
        """Sets of a form, the best of another with one more each."""
        beam = self._beam(next(part for part in parts if part[0].form == smaller))
        return [self._weigh(form, beam, math.comb(self.rows.z.shape[1], beam.shape[1]))] if len(beam) else []

    def _beam(self, part: tuple[Family, Array]) -> NDArray[np.intp]:
        """The best sets, each with every other component."""
        family, weights = part
        best = family.members[np.argsort(-total(weights), kind="stable")[:_BEAM]]
        count = self.rows.z.shape[1]
        size = family.members.shape[1] + 1
        sets = {
            tuple(sorted((*subset, more))) for subset in best.tolist() for more in range(count) if more not in subset
        }
        chosen = [
            subset for subset in sorted(sets) if not any(pair in self.inseparable for pair in combinations(subset, 2))
        ]
        return np.array(chosen, dtype=np.intp).reshape(-1, size)

    def _weigh(self, form: str, members: NDArray[np.intp], of: int) -> tuple[Family, Array]:
        family = Family(form, members, _FORMS[form])
        prior = math.log(self._forms[form] / of) + self._suspected(members)
        return family, prior + self._evidence(family)

    @cached_property
    def _forms(self) -> dict[str, float]:
        """Probability of each form."""
        more = _PRIOR["together"] * ((self.rows.z.shape[1] / _USUAL) ** _GROWTH - 1)
        return _PRIOR | {"single": _PRIOR["single"] - more, "together": _PRIOR["together"] + more}

    def _suspected(self, members: NDArray[np.intp]) -> Array:
        """Log prior weight of sets beside that of the average one of their size, (hypotheses, 1)."""
        if self.prior is None:
            return np.zeros((len(members), 1))
        weights = self.prior * len(self.prior)
        average = _products(weights, members.shape[1]) / math.comb(len(weights), members.shape[1])
        result: Array = np.sum(np.log(weights)[members], axis=1, keepdims=True) - math.log(average)
        return result

    @property
    def _slope(self) -> float:
        part = self.part if self.rows.measure is Measure.MEMORY else 1.0  # no time to speak of is shared out
        return _SLOPE[self.rows.measure] * part

    @cached_property
    def widths(self) -> tuple[float, ...]:
        """Of the slab of effects: standard deviations."""
        most = max(self.rows.total, self.floor)
        return (0.25, 0.7 * most, 1.4 * most)

    def _floors(self, form: str) -> float:
        if form in ("single", "together", "all"):
            return _PRIMARY * self.floor
        return max(_MEMBER_FLOOR, _MEMBER_SHARE * self.rows.total)

    def _evidence(self, family: Family) -> Array:
        """Log evidence, (hypotheses, luck)."""
        phi = family.features(self.rows.z) if family.products else np.zeros((1, len(self.rows.y), 0))
        floor = self._floors(family.form)
        mains = min(len(family.products), family.members.shape[1])
        weights, bases = self._whitened
        at_once = max(1, _AT_ONCE // len(phi))
        gains = [
            gain(phi, weights[at : at + at_once], self.rows.y, mains=mains, widths=self.widths, floor=floor)
            for at in range(0, len(weights), at_once)
        ]
        return (np.concatenate(gains) + bases[:, None]).T

    @cached_property
    def _whitened(self) -> tuple[Array, Array]:
        """Of each ``LUCK`` what ``whitened`` says."""
        weights, bases = zip(*(self.whitened(float(luck)) for luck in LUCK), strict=True)
        return np.stack(weights), np.array(bases)

    def whitened(self, luck: float) -> tuple[Array, float]:
        """Inverse covariance of the rows when nothing matters, and the log evidence of that."""
        rows = self.rows
        share = np.mean(rows.z, axis=1)
        cov = np.diag(luck**2 + rows.v) + _FLAT**2
        cov += _DRIFT**2 * np.outer(rows.t, rows.t) + self._slope**2 * np.outer(share, share)
        weight = np.linalg.inv(cov).astype(np.float64, copy=False)
        centred = rows.y - np.mean(rows.y)
        return weight, float(-0.5 * (np.linalg.slogdet(cov)[1] + centred @ weight @ centred))

    @cached_property
    def beliefs(self) -> Beliefs:
        """Every hypothesis, the likeliest first."""
        return Beliefs([family for family, _ in self._parts], self._logs, self.rows.z.shape[1])

    @cached_property
    def _logs(self) -> list[Array]:
        """Log probability of each hypothesis, by family."""
        logs = [total(weights) for _, weights in self._parts]
        whole = logsum(np.concatenate(logs))
        return [each - whole for each in logs]

    @property
    def sets(self) -> list[tuple[Members, float]]:
        """A few sets, whatever their form, with their probabilities, the likeliest first."""
        return self.beliefs.sets

    @cached_property
    def inclusion(self) -> Array:
        """The probability of each component to be part of the set."""
        result = np.zeros(self.rows.z.shape[1])
        for family, logs in zip((family for family, _ in self._parts), self._logs, strict=True):
            for member in family.members.T:
                np.add.at(result, member, np.exp(logs))
        return np.round(result, 9)

    @cached_property
    def luck(self) -> Array:
        """Posterior over ``LUCK``."""
        logs = logsum(np.concatenate([weights for _, weights in self._parts]), axis=0)
        result: Array = np.exp(logs - logsum(logs))
        return result

    @cached_property
    def variance(self) -> float:
        """Expected variance from restart to restart."""
        return float(self.luck @ LUCK**2)

    def fit(self, belief: Belief) -> Fit:
        """Level, drift and effects under a hypothesis; the slab untruncated."""
        fits, size = self.fits([belief]), NUISANCES + len(belief.products)
        return Fit(fits.mean[0, :size], fits.covariance[0, :size, :size])

    def fits(self, beliefs: Sequence[Belief]) -> Fit:
        """As ``fit``, for several at once: means (hypotheses, 7), covariances (hypotheses, 7, 7)."""
        rows = self.rows
        designs = design(beliefs, rows.z, rows.t)
        deviations = [_FLAT, _DRIFT, self._slope, *[max(self.widths)] * MOST_EFFECTS]
        precision = np.array(deviations) ** -2.0
        weighted = np.swapaxes(designs, 1, 2) / (self.variance + rows.v)
        covariance = np.linalg.inv(weighted @ designs + np.diag(precision)).astype(np.float64, copy=False)
        offset = np.mean(rows.y)
        mean = np.einsum("hij,hj->hi", covariance, weighted @ (rows.y - offset))
        mean[:, 0] += offset
        return Fit(mean, covariance)


def _products(weights: Array, size: int) -> float:
    """The sum, over all sets of this size, of the product of their weights: the elementary symmetric polynomial."""
    sums = [1.0] + size * [0.0]
    for weight in weights.tolist():
        for of in range(size, 0, -1):
            sums[of] += weight * sums[of - 1]
    return sums[size]
