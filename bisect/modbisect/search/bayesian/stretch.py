"""Was it something else for a while? One stretch of restarts that were all slower, whatever was flipped in them.

A job runs, a neighbour of the virtual host is busy: for some restarts the site is slower by one same factor, and then
no longer. Beside each hypothesis about the components stand all stretches, each with its factor integrated out, and
what they explain better together is weighed against what the components explain alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from modbisect.search.bayesian.beliefs import Family
from modbisect.search.bayesian.inverses import inverse
from modbisect.search.bayesian.logs import logsum, tail
from modbisect.search.bayesian.posterior import LUCK, Posterior
from modbisect.search.bayesian.rows import Array

_PRIOR = 0.05
"""Probability that a run has one."""
_LEAST, _WIDTH = math.log(2), 1.0
"""Log of the smallest factor it has, and the standard deviation of the normal that this cuts off."""
_SHORTEST = 2
"""Restarts; one alone is luck."""
_MOST = 64
"""The stretches that the simple forms like best are tried beside pairs."""
_AT_ONCE = 256
"""Hypotheses; what is worked out for so many stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the rows say of it."""

    probability: float
    """That there was one."""
    of_row: Array
    """That a row belongs to it."""


@lru_cache(maxsize=2)
def stretch(posterior: Posterior) -> Stretch:
    """Weighs all stretches of at least two rows that leave at least as many out.

    Each beside nobody, one and two culprits: more of them would explain too much.
    """
    count = len(posterior.rows.y)
    spans = [
        (first, end)
        for first in range(count)
        for end in range(first + _SHORTEST, count + 1)
        if end - first <= count - _SHORTEST
    ]
    if not spans:
        return Stretch(0.0, np.zeros(count))
    inside = np.zeros((len(spans), count))
    for at, (first, end) in enumerate(spans):
        inside[at, first:end] = 1.0
    single, pairs = posterior.plain[:2], posterior.plain[2:]
    simple = _weigh(posterior, single, inside)
    best = np.sort(np.argsort(-np.round(simple, 6), kind="stable")[:_MOST])
    within = np.logaddexp(simple[best], _weigh(posterior, pairs, inside[best]))
    within += math.log(_PRIOR / len(spans))
    without = [logsum(weights) for _, weights in posterior.plain]
    share = np.exp(within - logsum(np.append(within, logsum(np.array(without)) + math.log1p(-_PRIOR))))
    return Stretch(float(np.sum(share)), share @ inside[best])


def _weigh(posterior: Posterior, families: Sequence[tuple[Family, Array]], inside: Array) -> Array:
    """Log prior + log evidence of the families' hypotheses together, beside each stretch."""
    y = posterior.rows.y - np.mean(posterior.rows.y)
    logs = []
    for family, weights in families:
        none = np.zeros((1, len(y), 0))
        phi = np.swapaxes(family.features(posterior.rows.z) if family.products else none, 1, 2)
        for at, luck in enumerate(LUCK):
            weight, _ = posterior.whitened(float(luck))
            for first in range(0, len(phi), _AT_ONCE):
                some = slice(first, first + _AT_ONCE)
                prior = weights[some, at, None]
                logs.append(_together(prior, phi[some], weight, y=y, inside=inside, width=max(posterior.widths)))
    return logsum(np.stack(logs), axis=0) if logs else np.full(len(inside), -math.inf)


def _together(prior: Array, phi: Array, weight: Array, *, y: Array, inside: Array, width: float) -> Array:
    """Log of what hypotheses amount to beside each stretch.

    Args:
        prior: (hypotheses, 1): log prior + log evidence of each beside none.
        phi: (hypotheses, effects, rows).
        weight: (rows, rows): inverse covariance.
        y: (rows), centred.
        inside: (stretches, rows): 1 where a row belongs to it.
        width: of the slab of effects.
    """
    beside = weight @ inside.T
    pull, size = y @ beside, np.sum(beside * inside.T, axis=0)
    if effects := phi.shape[1]:
        covariance, _ = inverse(phi @ weight @ np.swapaxes(phi, 1, 2) + np.eye(effects) / width**2)
        shared = phi @ beside
        told = covariance @ shared
        pull = pull - np.sum((phi @ (weight @ y))[:, :, None] * told, axis=1)
        size = size - np.sum(told * shared, axis=1)
    precision = size + _WIDTH**-2
    mean, sd = pull / precision, precision**-0.5
    kept = tail((_LEAST - mean) / sd) / tail(np.array(_LEAST / _WIDTH))
    log = prior + 0.5 * pull * mean
    top = np.max(log, axis=0)
    result: Array = np.log(np.sum(np.exp(log - top) * np.maximum(kept, 1e-12) * sd / _WIDTH, axis=0)) + top
    return result
