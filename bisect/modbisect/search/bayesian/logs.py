"""Probabilities as logs: their sums, and the normal distribution's tail."""

from __future__ import annotations

import math

import numpy as np

from modbisect.search.bayesian.rows import Array


def tail(x: Array) -> Array:
    """Upper tail of the normal distribution (Abramowitz and Stegun 26.2.17; absolute error below 1e-7)."""
    size = np.abs(x)
    t = 1 / (1 + 0.2316419 * size)
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    upper = np.exp(-0.5 * size**2) / math.sqrt(2 * math.pi) * series
    return np.where(x >= 0, upper, 1 - upper)


def total(weights: Array) -> Array:
    """Sum over the last axis, rounded, so that what is equal by symmetry is equal on every processor."""
    return np.round(logsum(weights, axis=1), 6)


def logsum(logs: Array, axis: int | None = None) -> Array:
    """Log of the sum of what these are logs of."""
    top = np.max(logs, axis=axis, keepdims=True)
    result: Array = np.log(np.sum(np.exp(logs - top), axis=axis, keepdims=True)) + top
    return np.squeeze(result, axis=axis)
