"""What the decoder is given: one row a restart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from modbisect.judging import Level, level, measured
from modbisect.judging.levels import PRIOR_DF, PRIOR_SD
from modbisect.model import ComponentId, Measure, Measurement
from modbisect.search.problem import NOTHING, Flips

Array: TypeAlias = NDArray[np.float64]
_HUBER = 1.5
_HUBER_PENALTY = 1.08
"""Variance of a Huber location beside that of a mean."""
_CLIP = 2.5
_SHORTEST = 1e-6
_WORKER = 1 / 32
"""GiB: a usual worker, so that memory in these is of the size that logs have."""
_SETTLED = 0.3
"""Standard deviation of what a restart alone changes, in logs: caches, memory that has grown."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Restarts that served the site, in their order."""

    z: Array
    """(restarts, components): 1 in production state, 0 flipped."""
    y: Array
    """As ``coded``; slower ones than the ceiling count as the ceiling."""
    v: Array
    """Sampling variance of y, from the requests alone."""
    t: Array
    """When, over the run so far: 0 to 1."""
    scatter: float = PRIOR_SD**2
    """Sampling variance of y were there one request."""
    ceiling: float = math.inf
    """What y was cut at."""
    measure: Measure = Measure.LATENCY

    @property
    def total(self) -> float:
        """Log ratio of the site as found to everything flipped; while one is missing, of the slowest to the fastest."""
        kept = np.mean(self.z, axis=1)
        on, off = self.y[kept == 1], self.y[kept == 0]
        if len(on) and len(off):
            return abs(float(np.mean(on) - np.mean(off)))
        return float(np.ptp(self.y))


def rows(
    trials: Sequence[tuple[Flips, Measurement]], columns: Mapping[ComponentId, int], settled: Measurement | None = None
) -> Rows:
    """Codes the trials in which nothing but the columns' components were flipped.

    ``settled`` is the site as found before any restart, for a first row: it tells less than a trial would.

    What was cut off is only known to be slower than its cap. The lowest such cap is the ceiling for every row, so that
    equal configurations stay equal: what is beyond it is one same "very slow".
    """
    trials = [(NOTHING, settled), *trials] if settled else trials
    count = len(trials)
    used = [
        (at, flips, measurement)
        for at, (flips, measurement) in enumerate(trials)
        if measured(measurement) and flips <= columns.keys()
    ]
    z = np.ones((len(used), max(columns.values()) + 1))
    for row, (_, flips, _) in enumerate(used):
        z[row, [columns[component] for component in flips]] = 0.0
    windows = [measurement for _, _, measurement in used]
    vague = np.array([_SETTLED**2 if window is settled else 0.0 for window in windows])
    scatter = spread([window for window in windows if window.measure is Measure.LATENCY])
    ceiling = min((float(np.max(_logs(window))) for window in windows if level(window).censored), default=math.inf)
    return Rows(
        z,
        np.minimum([location(window) for window in windows], ceiling),
        np.array([variance(window, scatter) for window in windows]) + vague,
        np.array([at / max(1, count - 1) for at, _, _ in used]),
        scatter,
        ceiling,
        windows[0].measure if windows else Measure.LATENCY,
    )


def _logs(measurement: Measurement) -> Array:
    return np.log([max(request.seconds, _SHORTEST) for request in measurement.requests])


def location(measurement: Measurement) -> float:
    """Log seconds of one restart: Huber's location, with the usual spread of requests as its scale.

    Of the tail and of growth, what ``judging.level`` says; memory adds up, and so it is no log.
    """
    if measurement.measure is not Measure.LATENCY:
        return coded(level(measurement))
    values = _logs(measurement)
    centre, limit = float(np.median(values)), _HUBER * PRIOR_SD
    for _ in range(5):
        centre += float(np.mean(np.clip(values - centre, -limit, limit)))
    return centre


def coded(here: Level) -> float:
    """A level as the rows have it: log seconds; of memory, which adds up, as many times ``_WORKER``."""
    return here.seconds / _WORKER if here.measure is Measure.MEMORY else here.log_seconds


def decoded(y: float, measure: Measure) -> float:
    """Seconds, or GiB, of what ``coded`` has made."""
    return y * _WORKER if measure is Measure.MEMORY else math.exp(y)


def variance(measurement: Measurement, scatter: float) -> float:
    """Sampling variance of ``location``; ``scatter``: were there one request."""
    if measurement.measure is Measure.LATENCY:
        return scatter / len(measurement.requests)
    here = level(measurement)
    return here.variance * (coded(here) ** 2 if measurement.measure is Measure.MEMORY else 1.0)


def spread(windows: Sequence[Measurement]) -> float:
    """The sampling variance of ``location`` were there one request: pooled over restarts, and with the prior."""
    squares, df = PRIOR_DF * PRIOR_SD**2, float(PRIOR_DF)
    limit = _CLIP * PRIOR_SD
    for window in windows:
        values = _logs(window)
        squares += float(np.sum(np.clip(values - location(window), -limit, limit) ** 2))
        df += len(values) - 1
    return _HUBER_PENALTY * squares / df
