"""How few restarts could do: the bound of information theory for a row, whatever the strategy.

Burnashev (1976): log2(M) / C + ln(1 / delta) / D, where C is the capacity of one restart, in bits, D the largest
divergence between two configurations, in nats. Where there is nothing to find it is Wald's test of as found against
everything flipped, neither level known beforehand.
"""

from __future__ import annotations

import math
from itertools import chain, combinations

import numpy as np
from noise import Array
from sites import Case

DELTA = 0.01
_REQUESTS = 15
_MEDIAN = 1.08
"""Variance of a robust location beside that of a mean."""
_ROUNDS = 200
_STEPS = 8
"""Of the quadrature, in a standard deviation."""
_REACH = 5.0
"""Standard deviations that the quadrature covers."""


def bound(case: Case, size: int) -> tuple[float, float]:
    """Restarts with no end of requests in each, and with 15."""
    noise = case.noise
    return (
        _restarts(case, size, noise.luck),
        _restarts(case, size, math.sqrt(noise.luck**2 + _MEDIAN * noise.scatter**2 / _REQUESTS)),
    )


def _restarts(case: Case, size: int, sd: float) -> float:
    certainty = math.log(1 / DELTA)
    if not case.culprits:
        return 8 * sd**2 * certainty / math.log(case.ratio) ** 2
    levels = _levels(case)
    divergence = (max(levels) - min(levels)) ** 2 / (2 * sd**2)
    members = sum(count for count, _ in case.culprits)
    return math.log2(math.comb(size, members)) / capacity(levels, sd) + certainty / divergence


def _levels(case: Case) -> list[float]:
    """Every log latency that the site can have, beside the fast one."""
    factors = [factor for _, factor in case.culprits]
    on = chain.from_iterable(combinations(factors, count) for count in range(len(factors) + 1))
    return sorted({math.log(1 + sum(one - 1 for one in some) if case.additive else math.prod(some)) for some in on})


def capacity(levels: list[float], sd: float) -> float:
    """Bits that one restart can tell, by Blahut's and Arimoto's iteration."""
    at = np.array(levels)
    y = np.arange(at[0] - _REACH * sd, at[-1] + _REACH * sd, sd / _STEPS)
    given = np.exp(-0.5 * ((y - at[:, None]) / sd) ** 2)
    given /= given.sum(axis=1, keepdims=True)
    weights: Array = np.full(len(at), 1 / len(at))
    for _ in range(_ROUNDS):
        told = np.sum(given * np.log2(np.maximum(given, 1e-300) / np.maximum(weights @ given, 1e-300)), axis=1)
        weights = weights * np.exp2(told)
        total = float(weights.sum())
        weights /= total
    return math.log2(total)
