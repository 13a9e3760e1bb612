"""A canary's question: is the site slower now than it usually is? The run is the unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

FEWEST = 5
"""Earlier runs before anything is said."""
_WINDOW = 20
_LIMIT = 4.0
_SD_OF_MAD = 1.4826
_LEAST_SD = 0.10


class Trend(StrEnum):
    """How a run compares with its history."""

    LEARNING = "learning"
    STEADY = "steady"
    UNSURE = "unsure"
    SLOWER = "slower"
    FASTER = "faster"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside its history."""

    trend: Trend
    now_seconds: float
    usual_seconds: float
    """Median of the earlier runs; 0 when there are none."""
    alarm_seconds: float
    """Slower than this is a regression; 0 while learning."""

    @property
    def ratio(self) -> float:
        """Now beside usual; 1 when nothing is usual yet."""
        return self.now_seconds / self.usual_seconds if self.usual_seconds else 1.0


def compare(history: Sequence[float], now: Sequence[float], ratio: float, at_least: float) -> Comparison:
    """Compares a run with the medians of earlier ones, the newest last, all in seconds.

    ``now`` holds a median for each window of this run. ``UNSURE`` means: measure another window and
    ask again. A regression has to show in every window, so more windows never make a false alarm likelier.

    Raises:
        ValueError: ``now`` is empty, or a time is not positive.
    """
    if not now or min(*now, *history, math.inf) <= 0:
        raise ValueError("times to compare must be there, and positive")
    recent = [math.log(value) for value in history[-_WINDOW:]]
    here = median(now)
    if len(recent) < FEWEST:
        usual = math.exp(median(recent)) if recent else 0.0
        return Comparison(Trend.LEARNING, here, usual, 0.0)
    centre = median(recent)
    usual = math.exp(centre)
    # The deviation of a handful of runs is itself a guess: widen it by what that guess may be off.
    scale = _SD_OF_MAD * median(abs(value - centre) for value in recent) * (1 + FEWEST / len(recent))
    beyond_noise = _LIMIT * max(scale, _LEAST_SD)
    matters = max(math.log(ratio), math.log1p(at_least / usual))
    alarm = max(beyond_noise, matters)
    gaps = [math.log(value) - centre for value in now]
    if min(gaps) > alarm:
        trend = Trend.SLOWER
    elif max(gaps) > alarm or (len(now) == 1 and max(gaps) > max(matters, beyond_noise / 2)):
        trend = Trend.UNSURE
    elif max(gaps) < -alarm:
        trend = Trend.FASTER
    else:
        trend = Trend.STEADY
    return Comparison(trend, here, usual, math.exp(centre + alarm))
