"""Which configuration next: the one that tells most about the culprits for what it costs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np

from modbisect.model import Enough, Limit
from modbisect.search.bayesian.beliefs import Belief, design
from modbisect.search.bayesian.columns import Held
from modbisect.search.bayesian.posterior import Fit, Posterior
from modbisect.search.bayesian.rows import Array

_SHARES = (0.3, 0.5, 0.7)
_RANDOM_EACH = 8
_MASSES = (0.35, 0.5, 0.65, 0.7)
_BALANCED_EACH = 6
_TOP_SETS = 3
_LIKELY = 8
_CLIMB = 3
_BEST = 30
_SAMPLED = 50
_POINTS = 40
_COUNTS = (3, 4, 6, 8, 11, 15, 20, 27, 36)
_SOME_COUNTS = (3, 8, 27)
_CUT_OFF = 2
_CLEAR = 5.0
"""Nats between two levels at which no further request is needed to tell them apart."""
_APART = 0.08
"""Least difference of two levels, in logs, at which it pays to tell them apart."""
_UNLIKELY = 0.05
"""Least probability of a level at which it pays to tell it apart from another."""
_REACH = 4.0
"""Standard deviations that the quadrature covers."""
_WIDE = 3.0
"""Of a hypothesis' standard deviation beside the usual one: how far the quadrature goes for it."""
_TIE = 1e-7
"""What differs by less differs by the processor's rounding."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a trial costs."""

    restart: float
    """Seconds that a restart is worth avoiding: its own, and what it disturbs."""
    usual: int
    """Requests in one restart, for an effect that just shows."""
    ceiling: float
    """Log seconds at which a request is cut off."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The next trial."""

    held: Held
    requests: int
    enough: Enough | None = None


@dataclass(frozen=True, slots=True)
class _Guess:
    """What the truth may be."""

    beliefs: Sequence[Belief]
    weights: Array
    fits: Fit
    member: Array
    """(claims, hypotheses)"""


@dataclass(frozen=True, slots=True)
class _Forecast:
    """Log seconds of candidates, each (hypotheses, candidates); the variance is that of the fit alone."""

    mean: Array
    variance: Array


@dataclass(frozen=True, slots=True)
class Designer:
    """One decision."""

    posterior: Posterior
    costs: Costs
    close: Callable[[Held], Held | None]
    """The smallest configuration that holds these as found; None where it is known to break."""
    serves: Callable[[Held], float]
    """The probability that the site serves with it."""
    claim: Callable[[Belief], Hashable]
    """What a hypothesis says that is worth knowing: the information is about this."""
    random: Random

    def next(self) -> Wish | None:
        """The best candidate, improved by changing single components; None when everything is known to break."""
        count = self.posterior.rows.z.shape[1]
        pool = self._closed(self._candidates(count))
        if not pool:
            return None
        guess = self._guess()
        best, value = self._best(pool, guess)
        if value <= 0:
            return Wish(self.random.choice(pool), self.costs.usual)
        likely = np.argsort(-self.posterior.inclusion, kind="stable")[:_LIKELY].tolist()
        for _ in range(_CLIMB):
            start = best
            best, _ = self._best([start, *self._closed(start ^ {member} for member in likely)], guess)
            if best == start:
                break
        forecast = self._forecast([best], guess)
        return Wish(best, self._requests(forecast, guess), self._enough(forecast, guess))

    def _closed(self, wanted: Iterator[Held]) -> list[Held]:
        closed = (self.close(wish) for wish in wanted)
        return list(dict.fromkeys(flips for flips in closed if flips is not None))

    def _candidates(self, count: int) -> Iterator[Held]:
        everyone = frozenset(range(count))
        yield everyone
        yield frozenset()
        for share in _SHARES:
            for _ in range(_RANDOM_EACH):
                yield frozenset(member for member in range(count) if self.random.random() < share)
        for mass in _MASSES:
            for _ in range(_BALANCED_EACH):
                yield self._balanced(mass)
        for members, _ in self.posterior.sets[:_TOP_SETS]:
            yield frozenset(members)
            yield everyone - frozenset(members)
            for member in members:
                yield frozenset({member})
                yield everyone - {member}

    def _balanced(self, mass: float) -> Held:
        """Components that together hold about this share of the probability to be a culprit."""
        inclusion = self.posterior.inclusion
        order = sorted(
            range(len(inclusion)), key=lambda member: (-round(float(inclusion[member]), 3), self.random.random())
        )
        target, chosen, total = mass * float(np.sum(inclusion)), set(), 0.0
        for member in order:
            if total + inclusion[member] <= target + _TIE:
                chosen.add(member)
                total += float(inclusion[member])
        return frozenset(chosen)

    def _guess(self) -> _Guess:
        """The likeliest hypotheses, and a systematic sample of the others that stands for all of them."""
        every = self.posterior.beliefs
        chosen = [(belief, belief.probability) for belief in every[:_BEST]]
        mass = np.cumsum(every.probability[_BEST:])
        if len(mass) and mass[-1] > 1e-6:  # noqa: PLR2004  nothing below would change a decision
            step = float(mass[-1]) / _SAMPLED
            at = np.searchsorted(mass, (np.arange(_SAMPLED) + self.random.random()) * step)
            chosen += [(every[_BEST + min(int(picked), len(mass) - 1)], step) for picked in at]
        beliefs = [belief for belief, _ in chosen]
        weights = np.array([weight for _, weight in chosen])
        claims = [self.claim(belief) for belief in beliefs]
        index = {claim: at for at, claim in enumerate(dict.fromkeys(claims))}
        member = np.zeros((len(index), len(beliefs)))
        member[[index[claim] for claim in claims], np.arange(len(beliefs))] = 1.0
        return _Guess(beliefs, weights / np.sum(weights), self.posterior.fits(beliefs), member)

    def _best(self, pool: Sequence[Held], guess: _Guess) -> tuple[Held, float]:
        """The candidate with the most information for what it costs, and how much that is in nats a second."""
        forecast = self._forecast(pool, guess)
        value = np.max([self._worth(forecast, guess, count) for count in _SOME_COUNTS], axis=0)
        value *= [self.serves(held) for held in pool]
        best = int(np.argmax(np.round(value / _TIE)))
        return pool[best], float(value[best])

    def _requests(self, forecast: _Forecast, guess: _Guess) -> int:
        """A large effect shows in a few, a small one does not."""
        return max(_COUNTS, key=lambda count: float(self._worth(forecast, guess, count)[0]))

    def _enough(self, forecast: _Forecast, guess: _Guess) -> Enough | None:
        """When it is clear which of the levels that may be the trial is at."""
        mean = forecast.mean[:, 0]
        order = np.argsort(mean, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(mean[order]) > _APART) + 1)
        likely = [group for group in groups if np.sum(guess.weights[group]) > _UNLIKELY]
        levels = [float(np.average(mean[group], weights=guess.weights[group])) for group in likely]
        return enough(levels, self.posterior.variance, self.posterior.rows.scatter, _CLEAR)

    def _forecast(self, pool: Sequence[Held], guess: _Guess) -> _Forecast:
        z = np.zeros((len(pool), self.posterior.rows.z.shape[1]))
        for row, held in enumerate(pool):
            z[row, sorted(held)] = 1.0
        designs = design(guess.beliefs, z, np.ones(len(z)))
        mean = np.einsum("hci,hi->hc", designs, guess.fits.mean)
        variance = np.sum((designs @ guess.fits.covariance) * designs, axis=2)
        return _Forecast(np.minimum(mean, self.costs.ceiling), variance)

    def _worth(self, forecast: _Forecast, guess: _Guess, requests: int) -> Array:
        """Information about the claims in nats a second, of so many requests, for each candidate."""
        noise = self.posterior.variance + self.posterior.rows.scatter / requests
        known = _information(forecast.mean, forecast.variance + noise, guess.weights, guess.member)
        # Once all there is was cut off, a run stops asking.
        cut = forecast.mean >= self.costs.ceiling
        busy = np.exp(forecast.mean) * np.where(cut, min(requests, _CUT_OFF), requests)
        seconds: Array = self.costs.restart + guess.weights @ busy
        return known / seconds


def enough(levels: Sequence[float], luck: float, scatter: float, nats: float) -> Enough | None:
    """When so many nats tell each level, in log seconds, from its neighbours; None where there is but one.

    The likelihood ratio of Wald's sequential test, with the luck of a restart, which no request averages out. ``luck``
    and ``scatter`` are variances, the latter of one request.
    """
    limits = []
    for low, high in pairwise(sorted(levels)):
        each = nats / (high - low)
        limits.append(Limit((low + high) / 2, each * luck, each * scatter))
    return Enough(tuple(limits)) if limits else None


def _information(mean: Array, variance: Array, weights: Array, member: Array) -> Array:
    """Mutual information of the claim and the next level, in nats, by quadrature; one for each candidate.

    ``member``: (claims, hypotheses), 1 where a hypothesis makes a claim.
    """
    sd = np.sqrt(variance)
    # What a hypothesis knows nothing of may lie anywhere: over all of that, the points would miss what the others know.
    near = np.minimum(sd, _WIDE * np.median(sd, axis=0))
    low, high = np.min(mean - _REACH * near, axis=0), np.max(mean + _REACH * near, axis=0)
    y = low + (high - low) * np.linspace(0, 1, _POINTS)[:, None]
    density = np.exp(-0.5 * ((y[:, None, :] - mean) / sd) ** 2)
    density *= weights[:, None] / np.maximum(np.sum(density, axis=0), 1e-300)
    joint = member @ density
    joint /= np.maximum(np.sum(joint, axis=(0, 1)), 1e-300)
    total = np.sum(joint, axis=1)
    prior = np.sum(joint, axis=0)
    result: Array = np.sum(_xlogx(joint), axis=(0, 1)) - np.sum(_xlogx(total), axis=0) - np.sum(_xlogx(prior), axis=0)
    return result


def _xlogx(p: Array) -> Array:
    result: Array = p * np.log(np.maximum(p, 1e-300))
    return result
