"""Which configuration next: the one that tells most about the culprits per second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from modbisect.search.bayes.posterior import Belief, Posterior, features
from modbisect.search.bayes.rows import Array

Held = frozenset[int]
"""Columns in production state; the others are flipped."""

_SHARES = (0.3, 0.5, 0.7)
_RANDOM_EACH = 4
_MASSES = (0.35, 0.5, 0.65, 0.7)
_BALANCED_EACH = 3
_TOP_SETS = 3
_LIKELY = 8
_BEST = 30
_SAMPLED = 50
_POINTS = 40
_REACH = 4.0
"""Standard deviations that the quadrature covers."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a trial takes."""

    restart_seconds: float
    requests: int
    ceiling: float
    """Log seconds at which a request is cut off."""


@dataclass(frozen=True, slots=True)
class Designer:
    """One decision."""

    posterior: Posterior
    costs: Costs
    close: Callable[[Held], Held | None]
    """The smallest configuration that holds these as found; None where it is known to break."""
    serves: Callable[[Held], float]
    """The probability that the site serves with it."""
    random: Random

    def next(self) -> Held | None:
        """The best candidate, improved by changing single components; None when everything is known to break."""
        count = self.posterior.rows.z.shape[1]
        pool = self._closed(self._candidates(count))
        if not pool:
            return None
        beliefs = self._representatives()
        best, value = self._best(pool, beliefs)
        if value <= 0:
            return self.random.choice(pool)
        likely = np.argsort(-self.posterior.inclusion, kind="stable")[:_LIKELY].tolist()
        near = self._closed(best ^ {one} for one in likely)
        return self._best([best, *near], beliefs)[0]

    def _closed(self, wanted: Iterator[Held]) -> list[Held]:
        closed = (self.close(one) for one in wanted)
        return list(dict.fromkeys(one for one in closed if one is not None))

    def _candidates(self, count: int) -> Iterator[Held]:
        everyone = frozenset(range(count))
        yield everyone
        yield frozenset()
        for share in _SHARES:
            for _ in range(_RANDOM_EACH):
                yield frozenset(one for one in range(count) if self.random.random() < share)
        for mass in _MASSES:
            for _ in range(_BALANCED_EACH):
                yield self._balanced(mass)
        for members, _ in self.posterior.sets[:_TOP_SETS]:
            yield frozenset(members)
            yield everyone - frozenset(members)
            for one in members:
                yield frozenset({one})
                yield everyone - {one}

    def _balanced(self, mass: float) -> Held:
        """Components that together hold about this share of the probability to be a culprit."""
        inclusion = self.posterior.inclusion
        order = sorted(range(len(inclusion)), key=lambda one: (-round(float(inclusion[one]), 3), self.random.random()))
        target, chosen, total = mass * float(np.sum(inclusion)), set(), 0.0
        for one in order:
            if total + inclusion[one] <= target:
                chosen.add(one)
                total += float(inclusion[one])
        return frozenset(chosen)

    def _representatives(self) -> list[tuple[Belief, float]]:
        """The likeliest hypotheses, and a systematic sample of the others that stands for all of them."""
        beliefs = self.posterior.beliefs
        top = [(one, one.probability) for one in beliefs[:_BEST]]
        rest = beliefs[_BEST:]
        mass = np.cumsum([one.probability for one in rest])
        if not rest or mass[-1] <= 1e-6:  # noqa: PLR2004  nothing that would change a decision
            return top
        step = float(mass[-1]) / _SAMPLED
        at = np.searchsorted(mass, (np.arange(_SAMPLED) + self.random.random()) * step)
        return top + [(rest[min(int(one), len(rest) - 1)], step) for one in at]

    def _best(self, pool: Sequence[Held], beliefs: Sequence[tuple[Belief, float]]) -> tuple[Held, float]:
        """The candidate with the most information per second, and how much that is in nats."""
        z = np.zeros((len(pool), self.posterior.rows.z.shape[1]))
        for row, held in enumerate(pool):
            z[row, sorted(held)] = 1.0
        mean, variance = self._predictions(z, [one for one, _ in beliefs])
        weights = np.array([weight for _, weight in beliefs])
        weights /= np.sum(weights)
        known = _information(mean, variance, weights, [one.members for one, _ in beliefs])
        latency = weights @ np.exp(np.minimum(mean, self.costs.ceiling))
        seconds = self.costs.restart_seconds + self.costs.requests * latency
        value = known * np.array([self.serves(held) for held in pool]) / seconds
        best = int(np.argmax(value))
        return pool[best], float(value[best])

    def _predictions(self, z: Array, beliefs: Sequence[Belief]) -> tuple[Array, Array]:
        """Mean and variance of the next restart, (hypotheses, candidates)."""
        posterior = self.posterior
        noise = posterior.variance + float(np.mean(posterior.rows.v))
        means, variances = [], []
        for one in beliefs:
            fit = posterior.fit(one)
            design = np.column_stack([np.ones(len(z)), np.ones(len(z)), features(one, z)])
            means.append(np.minimum(design @ fit.mean, self.costs.ceiling))
            variances.append(noise + np.einsum("ci,ij,cj->c", design, fit.covariance, design))
        return np.array(means), np.array(variances)


def _information(mean: Array, variance: Array, weights: Array, sets: Sequence[tuple[int, ...]]) -> Array:
    """Mutual information of the set and the next level, in nats, by quadrature; one for each candidate."""
    names = {one: at for at, one in enumerate(dict.fromkeys(sets))}
    member = np.zeros((len(names), len(sets)))
    member[[names[one] for one in sets], np.arange(len(sets))] = 1.0
    sd = np.sqrt(variance)
    low, high = np.min(mean - _REACH * sd, axis=0), np.max(mean + _REACH * sd, axis=0)
    y = low + (high - low) * np.linspace(0, 1, _POINTS)[:, None]
    density = np.exp(-0.5 * ((y[:, None, :] - mean) / sd) ** 2) / sd * weights[:, None]
    joint = np.einsum("sh,phc->psc", member, density)
    joint /= np.maximum(np.sum(joint, axis=(0, 1)), 1e-300)
    total = np.sum(joint, axis=1)
    prior = np.sum(joint, axis=0)
    result: Array = np.sum(_xlogx(joint), axis=(0, 1)) - np.sum(_xlogx(total), axis=0) - np.sum(_xlogx(prior), axis=0)
    return result


def _xlogx(p: Array) -> Array:
    result: Array = p * np.log(np.maximum(p, 1e-300))
    return result
