"""Was it something else for a while? One stretch of restarts that were all slower, whatever was flipped in them.

A job runs, a neighbour of the virtual host is busy: for some restarts the site is slower by one same factor, and then
no longer. Beside each hypothesis about the components stand all stretches, each with its factor integrated out, and
what they explain better together is weighed against what the components explain alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modbisect.search.bayesian.beliefs import Family
from modbisect.search.bayesian.logs import logsum, tail
from modbisect.search.bayesian.posterior import LUCK, Posterior
from modbisect.search.bayesian.rows import Array

_PRIOR = 0.05
"""Probability that a run has one."""
_LEAST, _WIDTH = math.log(2), 1.0
"""Log of the smallest factor it has, and the standard deviation of the normal that this cuts off."""
_SHORTEST = 2
"""Restarts; one alone is luck."""
_SIMPLE, _PAIRS = ("none", "single"), ("together", "two")
"""Forms beside which it is thought of; larger ones would explain too much."""
_MOST = 64
"""The stretches that the simple forms like best are tried beside pairs."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the rows say of it."""

    probability: float
    """That there was one."""
    of_row: Array
    """That a row belongs to it."""


def stretch(posterior: Posterior) -> Stretch:
    """Weighs all stretches of at least two rows that leave at least as many out."""
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
    simple = _weigh(posterior, posterior.some(_SIMPLE), inside)
    best = np.sort(np.argsort(-np.round(simple, 6), kind="stable")[:_MOST])
    within = np.logaddexp(simple[best], _weigh(posterior, posterior.some(_PAIRS), inside[best]))
    within += math.log(_PRIOR / len(spans))
    without = [logsum(weights) for _, weights in posterior.some(_SIMPLE + _PAIRS)]
    share = np.exp(within - logsum(np.append(within, logsum(np.array(without)) + math.log1p(-_PRIOR))))
    return Stretch(float(np.sum(share)), share @ inside[best])


def _weigh(posterior: Posterior, families: Sequence[tuple[Family, Array]], inside: Array) -> Array:
    """Log prior + log evidence of the families' hypotheses together, beside each stretch."""
    logs = [
        logsum(weights[:, at, None] + _gains(posterior, family, float(luck), inside), axis=0)
        for family, weights in families
        for at, luck in enumerate(LUCK)
    ]
    return logsum(np.stack(logs), axis=0) if logs else np.full(len(inside), -math.inf)


def _gains(posterior: Posterior, family: Family, luck: float, inside: Array) -> Array:
    """Log evidence beyond that of no stretch, (hypotheses, stretches)."""
    y = posterior.rows.y - np.mean(posterior.rows.y)
    weight, _ = posterior.whitened(luck)
    pull = (inside @ (weight @ y))[None, :]
    size = np.sum((inside @ weight) * inside, axis=1)[None, :]
    if family.products:
        phi = family.features(posterior.rows.z)
        weighted = np.swapaxes(phi, 1, 2) @ weight
        shared = weighted @ inside.T
        told = np.linalg.inv(weighted @ phi + np.eye(phi.shape[2]) / max(posterior.widths) ** 2) @ shared
        pull = pull - np.einsum("hk,hks->hs", weighted @ y, told)
        size = size - np.sum(shared * told, axis=1)
    precision = size + _WIDTH**-2
    mean, sd = pull / precision, precision**-0.5
    kept = tail((_LEAST - mean) / sd) / tail(np.array(_LEAST / _WIDTH))
    result: Array = 0.5 * pull * mean + np.log(sd / _WIDTH) + np.log(np.maximum(kept, 1e-12))
    return result
