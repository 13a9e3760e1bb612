"""One number a restart: the median of log latency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from modbisect.model import Measure, Measurement

PRIOR_SD = 0.45
"""Usual spread of log latency between the requests of one restart, before any of them is seen."""
PRIOR_DF = 6
"""How many degrees of freedom the belief in `PRIOR_SD` is worth."""
_SD_OF_MAD = 1.4826
_MEDIAN_PENALTY = math.pi / 2
"""Variance of a median beside that of a mean."""
_SHORTEST = 1e-6
REQUESTS = {Measure.TAIL: 100, Measure.MEMORY: 6, Measure.GROWTH: 3}
"""How many a trial takes, where it is not about the typical request."""
_TENTH = 10
_GIB = 1 << 30
_MEMORY_SD = 0.02
"""Of the log of a peak, between equal restarts."""
_MIB = 1 << 20
GROWTH_OFFSET = 8 << 10
"""Bytes a request that count as no growth: a log needs something above zero."""
_GROWTH_SD = 6 << 10
"""Spread of growth between equal restarts, in bytes a request, whatever its size."""
_GROWTH_SHARE = 0.05
"""Spread of growth between equal restarts that goes with its size, as a share of it."""


@dataclass(frozen=True, slots=True)
class Level:
    """How slow a configuration is, over one or more restarts; how large where the measure is memory."""

    log_seconds: float
    """Of memory: log GiB; of its growth: log MiB a request, and an offset. So the numbers are of the size of times."""
    variance: float
    """Of ``log_seconds``, from the requests alone; the luck of a restart comes on top."""
    censored: bool = False
    """Most requests were cut off: the truth is at least ``log_seconds``."""
    restarts: int = 1
    measure: Measure = Measure.LATENCY

    @property
    def seconds(self) -> float:
        """The latency in seconds."""
        return math.exp(self.log_seconds)


def level(measurement: Measurement) -> Level:
    """The level of one restart.

    Raises:
        ValueError: there is no request in the window.
    """
    requests = measurement.requests
    if measurement.measure is Measure.MEMORY:
        return _memory(measurement)
    if measurement.measure is Measure.GROWTH:
        return _growth(measurement)
    if not requests:
        raise ValueError("a measurement without requests has no level")
    if measurement.measure is Measure.TAIL:
        requests = tuple(sorted(requests, key=lambda request: request.seconds)[-max(1, len(requests) // _TENTH) :])
        centre = math.log(max(fmean(request.seconds for request in requests), _SHORTEST))
        cut = 2 * sum(request.censored for request in requests) >= len(requests)
        return Level(centre, _MEDIAN_PENALTY * PRIOR_SD**2 / len(requests), cut, measure=Measure.TAIL)
    logs = [math.log(max(request.seconds, _SHORTEST)) for request in requests]
    centre = median(logs)
    spread = _SD_OF_MAD * median(abs(value - centre) for value in logs)
    df = len(logs) - 1
    pooled = (PRIOR_DF * PRIOR_SD**2 + df * spread**2) / (PRIOR_DF + df)
    censored = 2 * sum(request.censored for request in requests) >= len(requests)
    return Level(centre, _MEDIAN_PENALTY * pooled / len(logs), censored)


def _memory(measurement: Measurement) -> Level:
    if not measurement.memory or not measurement.memory.peak:
        raise ValueError("a measurement without memory has no level of it")
    return Level(math.log(measurement.memory.peak / _GIB), _MEMORY_SD**2, measure=Measure.MEMORY)


def _growth(measurement: Measurement) -> Level:
    if measurement.growth is None:
        raise ValueError("a measurement without growth has no level of it")
    here = max(measurement.growth, 0.0) + GROWTH_OFFSET
    return Level(math.log(here / _MIB), (_GROWTH_SD / here + _GROWTH_SHARE) ** 2, measure=Measure.GROWTH)


def growth(here: Level) -> float:
    """Bytes a request, of a level of growth."""
    return max(0.0, here.seconds * _MIB - GROWTH_OFFSET)


def measured(measurement: Measurement) -> bool:
    """Whether there is a level in it."""
    if measurement.measure is Measure.MEMORY:
        return bool(measurement.memory and measurement.memory.peak)
    if measurement.measure is Measure.GROWTH:
        return measurement.growth is not None
    return bool(measurement.requests)


def combine(levels: Sequence[Level]) -> Level:
    """The level of one configuration over its restarts, each with the same weight.

    Complete restarts say more than cut off ones, so the latter count only where they are the majority;
    then the result is a lower bound.
    """
    complete = [each for each in levels if not each.censored]
    censored = 2 * len(complete) < len(levels)
    used = levels if censored else complete
    restarts = sum(each.restarts for each in used)
    return Level(
        fmean(each.log_seconds for each in used),
        sum(each.variance * each.restarts**2 for each in used) / restarts**2,
        censored,
        restarts,
        used[0].measure,
    )
