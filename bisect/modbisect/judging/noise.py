"""The luck of restarts: how far the same configuration differs from itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from modbisect.judging.levels import Level

PRIOR_SD = 0.10
PRIOR_DF = 4
"""The belief before any repetition: ten per cent, worth four degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of log latency from restart to restart, and how well it is known."""

    sd: float = PRIOR_SD
    df: float = PRIOR_DF

    def margin(self, probability: float, *levels: Level) -> float:
        """How far off the difference of levels, or a single one, may be at that one-sided probability.

        Requests' scatter counts as no better known than that of restarts: that costs a few restarts more, and
        spares the search answers that only look certain.
        """
        variance = sum(self.sd**2 / each.restarts + each.variance for each in levels)
        return quantile(probability, self.df) * math.sqrt(variance)


def pooled(repeated: Iterable[Sequence[Level]]) -> Noise:
    """The noise in the repetitions of configurations; cut off restarts say nothing about it.

    Requests' own scatter is taken off what is seen between restarts, since ``Noise.margin`` adds it again.
    """
    squares, df = PRIOR_DF * PRIOR_SD**2, float(PRIOR_DF)
    for group in repeated:
        complete = [each for each in group if not each.censored]
        if len(complete) > 1:
            centre = fmean(each.log_seconds for each in complete)
            free = len(complete) - 1
            scatter = sum((each.log_seconds - centre) ** 2 for each in complete)
            squares += max(0.0, scatter - free * fmean(each.variance for each in complete))
            df += free
    return Noise(math.sqrt(squares / df), df)


def quantile(probability: float, df: float) -> float:
    """Student's t by its Cornish-Fisher series (Abramowitz and Stegun 26.7.5); within 2 % from df 4 on at 99.5 %."""
    z = NormalDist().inv_cdf(probability)
    return (
        z
        + (z**3 + z) / (4 * df)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3)
    )
