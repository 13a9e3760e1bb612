"""Levels to verdicts and effects: is it slow, by how much, and how sure is that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.judging.levels import PRIOR_SD as SCATTER_SD
from modbisect.judging.levels import Level, combine, level
from modbisect.judging.noise import PRIOR_SD as LUCK_SD
from modbisect.judging.noise import Noise
from modbisect.model import Effect, Measure, Measurement, Symptom, Verdict

CAP_FACTOR = 12.0
"""A request this many times slower than the fast level is slow enough to stop waiting for."""
SHARE = 0.25
"""The part of a slowdown, in logs, that makes a component worth naming for it."""
LEAST_GROWTH = 16 / 1024
"""MiB a request: the least that is worth a search."""
_SURE = 0.995
_SURE_NOT = 0.95
"""Enough to stop looking for a slowdown, which accuses nobody."""
_INTERVAL = 0.975
_SHORTEST_CAP = 1.0
_MOST_REQUESTS = 20
_FEWEST_REQUESTS = 3


def floor(fast: Level, symptom: Symptom) -> float:
    """The smallest slowdown that matters beside a fast level, as a difference of logs."""
    least = LEAST_GROWTH if fast.measure is Measure.GROWTH else symptom.at_least
    return max(math.log(symptom.ratio), math.log1p(least / fast.seconds))


def difference(slow: Level, fast: Level, noise: Noise, symptom: Symptom) -> Verdict:
    """Whether ``slow`` is slower than ``fast`` by more than the floor, and more than noise explains.

    ``FAST`` when it hardly can be; ``UNSURE`` when more restarts would tell.
    """
    gap, least = slow.log_seconds - fast.log_seconds, floor(fast, symptom)
    if gap >= least and gap > noise.margin(_SURE, slow, fast) and not fast.censored:
        return Verdict.SLOW
    if gap + noise.margin(_SURE_NOT, slow, fast) < least and not slow.censored:
        return Verdict.FAST
    return Verdict.UNSURE


@dataclass(frozen=True, slots=True)
class Judge:
    """Sorts configurations between the run's own two controls."""

    slow: Level
    fast: Level
    noise: Noise
    symptom: Symptom

    @property
    def threshold(self) -> float:
        """Log seconds between slow and fast: the geometric midpoint, within reach of the cap."""
        gap = min(self.slow.log_seconds - self.fast.log_seconds, math.log(CAP_FACTOR))
        return self.fast.log_seconds + gap / 2

    def verdict(self, measurements: Sequence[Measurement]) -> Verdict:
        """What the restarts of one configuration say; ``UNSURE`` asks for another restart.

        Clearly apart from both controls is part of the slowdown, and slow.
        """
        if any(measurement.broken for measurement in measurements):
            return Verdict.BROKEN
        here = combine([level(measurement) for measurement in measurements])
        above = here.log_seconds - self.threshold
        if here.censored:
            return Verdict.SLOW if above >= 0 else Verdict.UNSURE
        margin = self.noise.margin(_SURE, here)
        if abs(above) < margin:
            between = self.counts(here) and self._beyond(self.slow, here)
            return Verdict.SLOW if between else Verdict.UNSURE
        return Verdict.SLOW if above > 0 else Verdict.FAST

    def _beyond(self, slow: Level, fast: Level) -> bool:
        return difference(slow, fast, self.noise, self.symptom) is Verdict.SLOW

    def settled(self, measurements: Sequence[Measurement]) -> Verdict:
        """The verdict when no more restarts will be spent: what is not certainly slow is fast."""
        first = self.verdict(measurements)
        if first is not Verdict.UNSURE:
            return first
        here = combine([level(measurement) for measurement in measurements])
        return Verdict.SLOW if self.counts(here) else Verdict.FAST

    def counts(self, here: Level) -> bool:
        """Whether a level is surely slower than the fast one, and a share of the whole slowdown that counts.

        A component's small cost of its own does not make it guilty of what it only takes part in.
        """
        share = (here.log_seconds - self.fast.log_seconds) / max(self.slow.log_seconds - self.fast.log_seconds, 1e-9)
        return share >= SHARE and self._beyond(here, self.fast)


def effect(slow: Sequence[Level], fast: Sequence[Level], noise: Noise, found: Level | None = None) -> Effect:
    """The ratio of two configurations with its 95 % interval; restarts are the units.

    ``found`` is a complete measurement of the slow one, used where its restarts were cut off.
    """
    before, after = combine(slow), combine(fast)
    if before.censored and found is not None and not found.censored:
        before = found
    gap = before.log_seconds - after.log_seconds
    half = noise.margin(_INTERVAL, before, after)
    return Effect(
        math.exp(gap),
        math.exp(gap - half),
        math.exp(gap + half),
        before.seconds,
        after.seconds,
        before.censored,
        after.censored,
        before.measure,
    )


def cap(fast: Level | None, symptom: Symptom, found: Level) -> float:
    """Seconds to wait for one request: enough to tell slow from fast, no more.

    ``fast`` is None until something fast was seen. How fast that may be only the user can have said; without that,
    any request that is to be slow for certain has to come to its end.
    """
    most = whole(found)
    if fast is not None:
        return min(most, max(_SHORTEST_CAP, CAP_FACTOR * fast.seconds, symptom.slower_than or 0.0))
    return most if symptom.slower_than is None else min(most, max(_SHORTEST_CAP, 2 * symptom.slower_than))


def whole(found: Level) -> float:
    """A cap that lets even a slow request come to its end: as found may have been a single one, and a quick one."""
    return found.seconds * 3 + 1


def requests(restart_seconds: float, latency: float, most: int = _MOST_REQUESTS) -> int:
    """How many requests a restart is worth: many when it is dear beside them.

    The two-level optimum of Kalibera and Jones (2013).
    """
    best = round(math.sqrt(restart_seconds / latency) * SCATTER_SD / LUCK_SD)
    return min(most, max(_FEWEST_REQUESTS, best))
