"""A canary's question: is the site slower now than it usually is at this time of day? A check is the unit.

What is usual is a level, the median of the latest six hours, and a rhythm, the median of what checks at this time of
day were above the six hours before them. What a check is above that, in standard deviations, goes into a cumulative
sum (E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954), which grows where checks stay above half of the
slowdown that matters, and falls where they do not. It is an alarm where the sum is beyond a limit that noise alone
reaches once in half a year (D. Siegmund, Sequential Analysis, 1985, for the average run length), and two of the latest
three checks are above most of what matters. No single check can take it there, unless it is three times as slow in
every window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

FEWEST = 5
"""Earlier checks before anything is said."""
WINDOWS = 3
"""Of a check, at most: where one alone is too slow, or does not tell, another is measured."""
FEWEST_KEPT = 60
"""Earlier checks that are compared with, however long ago they were."""
DAY = 86_400.0
_HALF_A_YEAR = 182 * DAY
_TAIL = 8
"""The latest checks, whose sum is told; they do not say what is usual."""
_LEVEL = 12
"""So many checks at least tell a level."""
_REACHES = (1200.0, 2400.0, 7200.0)
"""Seconds: checks so near to this time of day tell the rhythm, the nearest if they are enough."""
_DAYS, _CHECKS = 3, 12
"""So many days, and checks of them, tell a rhythm."""
_WEEK = 7
_STEP = 600.0
_LATELY = 6 * 3600.0
"""Seconds, whose checks tell the level: a restart may have moved it, and a deployment."""
_SD_OF_MAD = 1.4826
_LEAST_SD, _UNLEARNT_SD = 0.02, 0.1
"""Of a log time. The latter where no rhythm is known, and any may be there."""
_UNLEARNT_RATIO = 1.5
_ONE_CHECK = 0.7
"""Of the limit: the most that a check adds."""
_LEAST_LIMIT = 1.0
_LARGE = 0.7
"""Of what matters: the second highest of the latest three checks is above it, or there is no alarm."""
_OUTRIGHT = 3.0
"""So many times slower in every window, and nobody waits for the next check."""
_SIEGMUND = 1.166
"""What a sum of single checks overshoots its limit by, in standard deviations."""
_LIMIT_OF_FASTER = 4.0
_EXACT, _OVERFLOWS = 1e-3, 700.0
_LEAST_REFERENCE = 0.01
_MOMENT = 1e-3


class Trend(StrEnum):
    """How a check compares with its history."""

    LEARNING = "learning"
    STEADY = "steady"
    UNSURE = "unsure"
    """It may be slower: the next check tells."""
    SLOWER = "slower"
    FASTER = "faster"


@dataclass(frozen=True, slots=True)
class Check:
    """An earlier check of a probe whose answers were correct."""

    at: float
    """Unix time."""
    seconds: float
    """Its median."""
    slower: bool = False
    """It was an alarm: a regression does not become the usual."""
    accepted: bool = False
    """Somebody has said that from here on this is usual."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A check beside its history."""

    trend: Trend
    now_seconds: float
    usual_seconds: float
    """At this time of day; 0 when there is no history."""
    alarm_seconds: float
    """Checks that stay above this are a regression; 0 while learning."""

    @property
    def ratio(self) -> float:
        """Now beside usual; 1 when nothing is usual yet."""
        return self.now_seconds / self.usual_seconds if self.usual_seconds else 1.0


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual at a time of day, as log seconds."""

    log_seconds: float
    sd: float
    learnt: bool
    """The rhythm of a day is known."""


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Earlier checks, each beside the level of the hours before it."""

    at: float
    """Days are counted back from this time."""
    times: npt.NDArray[np.float64]
    days: npt.NDArray[np.int_]
    """How many it was before then."""
    logs: npt.NDArray[np.float64]
    above: npt.NDArray[np.float64]
    """Log of its time over that level; nan where there was none."""
    level: float
    """Of the latest hours, as log seconds."""

    @classmethod
    def of(cls, checks: Sequence[Check], at: float) -> _Past:
        times = np.array([check.at for check in checks])
        logs = np.log([check.seconds for check in checks])
        days = np.round((at - times) / DAY).astype(int)
        # In steps of a day back from this time of day: the level before it is that of the same hours as now.
        behind = float(times[-1]) + _MOMENT
        before = behind - max(_LATELY, _LEVEL * float(np.median(np.diff(times))))
        above, level = np.full_like(logs, np.nan), None
        for day in np.unique(np.append(days, 0)):
            begin, end = np.searchsorted(times, (before - day * DAY, behind - day * DAY))
            if end == begin:
                continue
            here = float(np.median(logs[begin:end]))
            first, last = np.searchsorted(-days, (-day, -day + 1))
            above[first:last] = logs[first:last] - here
            if level is None and end - begin >= _LEVEL:
                level = here
        accepted = [log for log, check in zip(logs, checks, strict=True) if check.accepted and check.at > before]
        known = accepted or ([level] if level is not None else logs[-_LEVEL:])
        return cls(at, times, days, logs, above, float(np.median(known)))

    def usual(self, at: float) -> _Usual:
        """What a check at this time is most likely to be, in the level of the latest hours."""
        return _around(self, round((at - self.at) % DAY / _STEP) * _STEP)


@lru_cache(maxsize=256)
def _around(past: _Past, gap: float) -> _Usual:
    """What is usual at a time of day so many seconds behind that of the past's own."""
    apart = (past.times - past.at - gap + DAY / 2) % DAY - DAY / 2
    known = ~np.isnan(past.above)
    for reach in _REACHES:
        near = (np.abs(apart) <= reach) & known
        if _tells(past.days[near]):
            break
    else:
        return _Usual(past.level, max(_deviation(past.above[known], 0.0, int(known.sum())), _UNLEARNT_SD), learnt=False)
    above = past.above[near] - _slope(apart[near], past.above[near]) * apart[near]
    rhythm = float(np.median(above))
    deviation = _deviation(above, rhythm, np.unique(past.days[near]).size)
    same = past.days[near] % _WEEK == 0
    if _tells(past.days[near][same]):
        own = float(np.median(above[same]))
        # Where this day of the week begins otherwise than most, as a Monday does. It was seen a few times only.
        if own > rhythm + deviation / 2:
            its = _deviation(above[same], own, np.unique(past.days[near][same]).size)
            rhythm, deviation = own, max(deviation, its)
    return _Usual(past.level + rhythm, max(deviation, _LEAST_SD), learnt=True)


def _slope(apart: npt.NDArray[np.float64], above: npt.NDArray[np.float64]) -> float:
    """Of the rhythm here, by the medians of what is earlier and what is later; 0 where there is too little."""
    early, late = apart < 0, apart > 0
    if min(early.sum(), late.sum()) < _CHECKS:
        return 0.0
    return float(
        (np.median(above[late]) - np.median(above[early])) / (np.median(apart[late]) - np.median(apart[early]))
    )


def _tells(days: npt.NDArray[np.int_]) -> bool:
    """Whether these checks, given as the days that they are ago, tell a rhythm."""
    return days.size >= _CHECKS and np.unique(days).size >= _DAYS


def _deviation(values: npt.NDArray[np.float64], centre: float, independent: int) -> float:
    """Standard deviation by the median of absolute deviations; 0 of none.

    It is widened by what it may be off, given how many of the values have nothing to do with each other.
    """
    if not values.size:
        return 0.0
    return float(_SD_OF_MAD * np.median(np.abs(values - centre)) * (1 + 2 / independent))


def compare(history: Sequence[Check], now: Sequence[float], at: float, ratio: float, at_least: float) -> Comparison:
    """Compare a check with earlier ones, the newest last.

    ``UNSURE`` means: measure another window and ask again, up to `WINDOWS`; then the next check tells.

    Args:
        history: the earlier checks whose answers were correct.
        now: the median seconds of each window of this check.
        at: its Unix time.
        ratio: the smallest slowdown that matters, as a factor ...
        at_least: ... and in seconds; both must be exceeded.

    Raises:
        ValueError: ``now`` is empty, or a time is not positive.
    """
    if not now or min(*now, *(check.seconds for check in history), math.inf) <= 0:
        raise ValueError("times to compare must be there, and positive")
    here = float(np.median(now))
    good = [check for check in history if not check.slower]
    if len(good) < FEWEST:
        known = float(np.median([check.seconds for check in good])) if good else 0.0
        return Comparison(Trend.LEARNING, here, known, 0.0)
    # The checks whose sum is told do not say what is usual, but where there are too few others; or by somebody's word.
    accepted = max((number for number, check in enumerate(history, 1) if check.accepted), default=0)
    tail = history[max(accepted, len(history) - _TAIL) :]
    apart = [check for check in good if check.at < tail[0].at] if tail else good
    past = _Past.of(apart if len(apart) >= _LEVEL else good, at)
    usual = past.usual(at)
    typical = math.exp(usual.log_seconds)
    at_stake = max(math.log(ratio if usual.learnt else max(ratio, _UNLEARNT_RATIO)), math.log1p(at_least / typical))
    above = math.log(here / typical)
    told = partial(Comparison, now_seconds=here, usual_seconds=typical, alarm_seconds=typical * math.exp(at_stake / 2))
    if above <= at_stake / 2:  # whatever the sum is
        return told(Trend.FASTER if above < -max(at_stake, _LIMIT_OF_FASTER * usual.sd) else Trend.STEADY)
    limit = _limit(max(round(at_stake / 2 / usual.sd, 2), _LEAST_REFERENCE), _checks_in_a_run(good))
    total, excess = 0.0, []
    for check in (*tail, Check(at, here)):
        then = past.usual(check.at)
        excess.append(math.log(check.seconds) - then.log_seconds)
        more = (excess[-1] - at_stake / 2) / then.sd
        total = min(max(0.0, total + min(more, _ONE_CHECK * limit)), 2 * limit)
    outright = len(now) >= WINDOWS and math.log(min(now) / typical) > max(at_stake, math.log(_OUTRIGHT))
    slower = total > limit and sorted(excess[-3:])[-2] > _LARGE * at_stake
    return told(Trend.SLOWER if outright or slower else Trend.UNSURE)


def _checks_in_a_run(checks: Sequence[Check]) -> int:
    """How many there are in half a year as they come, in two figures."""
    spacing = float(np.median(np.diff([check.at for check in checks])))
    return int(float(f"{_HALF_A_YEAR / max(spacing, 1.0):.1e}")) or 1


@lru_cache(maxsize=1024)
def _limit(reference: float, run_length: int) -> float:
    """Of a cumulative sum that falls by ``reference`` standard deviations a check: noise is beyond it once in a run.

    Siegmund's approximation of the average run length, solved for the limit.
    """
    low, high = _LEAST_LIMIT, 2.0 * run_length
    while high - low > _EXACT:
        middle = (low + high) / 2
        way = 2 * reference * (middle + _SIEGMUND)
        longer = way > _OVERFLOWS or (math.exp(way) - way - 1) / (2 * reference**2) > run_length
        low, high = (low, middle) if longer else (middle, high)
    return high
