"""How much better hypotheses explain the rows than nobody does, the size of their effects integrated out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from modbisect.search.bayesian.inverses import inverse
from modbisect.search.bayesian.logs import logsum, tail
from modbisect.search.bayesian.rows import Array

_POSITIVE = 0.9
"""A component in production state costs time; one in ten saves it."""


def gain(phi: Array, weights: Array, y: Array, *, mains: int, widths: Sequence[float], floor: float) -> Array:
    """Log evidence beyond that of no effect: a Gaussian slab integrated out, truncated, averaged over its widths.

    The first ``mains`` effects are truncated; an interaction beside them may have either sign and any size.

    Args:
        phi: (hypotheses, rows, effects).
        weights: (lucks, rows, rows): inverse covariances.
        y: (rows).
        mains: effects that are truncated.
        widths: of the slab.
        floor: no effect is smaller.

    Returns:
        (lucks, hypotheses).
    """
    effects = phi.shape[2]
    if not effects:
        return np.zeros((len(weights), len(phi)))
    weighted = np.swapaxes(phi, 1, 2) @ weights[:, None]
    gram = weighted @ phi
    pull = weighted @ (y - np.mean(y))
    slab = np.array(widths)
    covariance, logdet = inverse(gram + np.eye(effects) / slab[:, None, None, None, None] ** 2)
    mean = np.einsum("wlhij,lhj->wlhi", covariance, pull)
    log = 0.5 * np.einsum("wlhi,lhi->wlh", mean, pull) + 0.5 * logdet
    log -= effects * np.log(slab)[:, None, None]
    sd = np.sqrt(np.einsum("wlhii->wlhi", covariance))
    log += _truncation(mean[..., :mains], sd[..., :mains], slab[:, None, None, None], floor)
    return logsum(log, axis=0) - math.log(len(widths))


def _truncation(mean: Array, sd: Array, width: Array, floor: float) -> Array:
    """Log of how much better the posterior than the prior keeps beyond the floor, mostly on the positive side."""
    above = tail((floor - mean) / sd)
    below = tail((floor + mean) / sd)
    prior = tail(floor / width)
    kept = (_POSITIVE * above + (1 - _POSITIVE) * below) / np.maximum(prior, 1e-12)
    result: Array = np.sum(np.log(np.maximum(kept, 1e-12)), axis=-1)
    return result
