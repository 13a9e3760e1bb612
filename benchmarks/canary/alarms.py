"""How often a canary cries wolf, and how soon it cries: 500 weeks of sites that are not there, by several rules.

Each site has a daily rhythm, quieter weekends, a backup at night, restarts and deployments each of which has a level
of its own, noise from check to check that lasts a while, windows with a hiccup, and short rushes. It is checked every
ten minutes. The first four weeks teach; of the next five each alarm is a false one; then, from moments on that are
picked by chance, it is 20 % slower, and what counts is whether an alarm comes with one of the next three checks.

The rules: modbisect's; 20 % above the median of the latest 20 checks; three standard deviations above their mean; and
change points by E-divisive (apache-otava, where that is installed) among the latest 100 checks, one of the latest three
being the beginning of what is 10 % slower. Beside modbisect's, a rule is asked about one window a check.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from modbisect.judging.history import DAY, WINDOWS, Check, Trend, compare

STEP = 600.0
WEEK = round(7 * DAY / STEP)
TAUGHT, QUIET = 4, 5
RATIO, AT_LEAST = 1.2, 0.01
CHECKS_TO_FIND = 3
QUARTER = 13
HICCUPS, RUSHES = 0.02, 0.003
BACKUP = 0.015
"""Of a day, on both sides of its middle."""
APART = 4
"""Alarms nearer to each other than so many checks are one."""


@dataclass
class Site:
    """What the site takes at each check, as log seconds, and the windows of each check."""

    seed: int
    random: np.random.Generator = field(init=False)
    at: npt.NDArray[np.float64] = field(init=False)
    logs: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        random = self.random = np.random.default_rng(self.seed)
        count = (TAUGHT + QUIET) * WEEK
        self.at = 1_790_000_000 + np.arange(count) * STEP + random.uniform(0, 60, count)
        day, week = self.at / DAY % 1, self.at / DAY % 7
        swing, phase = random.uniform(0.05, 0.3), random.uniform(0, 1)
        logs = math.log(random.uniform(0.05, 2)) + swing * np.sin(2 * np.pi * (day - phase))
        logs += 0.3 * swing * np.sin(4 * np.pi * (day - phase))
        hours = 24 / 1.5
        weekend = 1 / (1 + np.exp(-(week - 5) * hours)) - 1 / (1 + np.exp(-(week - 7) * hours))
        logs -= 0.6 * swing * np.clip(weekend + 1 / (1 + np.exp(week * hours)), 0, 1)
        logs += np.where(np.abs(day - random.uniform(0.1, 0.9)) < BACKUP, random.uniform(0.1, 0.5), 0)
        logs += self._levels(count) + self._noise(count)
        self.logs = logs + np.where(random.random(count) < RUSHES, random.uniform(0.1, 0.8, count), 0)

    def _levels(self, count: int) -> npt.NDArray[np.float64]:
        """A restart every three days or so, and each has its own luck of 2 %."""
        restarts = self.random.random(count) < STEP / (3 * DAY)
        return self.random.normal(0, 0.02, count)[np.cumsum(restarts)]

    def _noise(self, count: int) -> npt.NDArray[np.float64]:
        spread, kept = self.random.uniform(0.01, 0.025), 0.3
        fresh = self.random.normal(0, spread * math.sqrt(1 - kept**2), count)
        noise = np.zeros(count)
        for number in range(1, count):
            noise[number] = kept * noise[number - 1] + fresh[number]
        return noise

    def window(self, number: int, more: float) -> float:
        """Median seconds of one."""
        hiccup = self.random.exponential(0.5) if self.random.random() < HICCUPS else 0.0
        return math.exp(self.logs[number] + more + self.random.normal(0, 0.02) + hiccup)


class Rule:
    """One way to tell; it is shown check by check."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.seen: list[float] = []

    def check(self, number: int, more: float = 0.0) -> bool:
        """Whether there is an alarm at this check."""
        now = self.site.window(number, more)
        alarm = len(self.seen) >= WEEK and self.alarms(now)
        self.seen.append(now)
        return alarm

    def alarms(self, now: float) -> bool:
        """Whether this window is one, behind those that were seen."""
        raise NotImplementedError

    def back_to(self, number: int) -> None:
        """As it was before this check."""
        del self.seen[number:]


class Modbisect(Rule):
    """As `run/canary.py` does."""

    def __init__(self, site: Site) -> None:
        """Without a check."""
        super().__init__(site)
        self.checks: list[Check] = []

    def check(self, number: int, more: float = 0.0) -> bool:
        """With more windows where one does not tell."""
        at, now = float(self.site.at[number]), []
        while True:
            now.append(self.site.window(number, more))
            if number < TAUGHT * WEEK // 2:  # to save time: what it says there counts for nothing
                trend = Trend.LEARNING
            else:
                trend = compare(self.checks[-TAUGHT * WEEK :], now, at, RATIO, AT_LEAST).trend
            if trend not in (Trend.UNSURE, Trend.SLOWER) or len(now) == WINDOWS:
                break
        self.checks.append(Check(at, statistics.median(now), slower=trend is Trend.SLOWER))
        return trend is Trend.SLOWER

    def back_to(self, number: int) -> None:
        """As it was before this check."""
        del self.checks[number:]


class Fixed(Rule):
    """A fixed percentage."""

    def alarms(self, now: float) -> bool:
        """Above the median."""
        return now > RATIO * statistics.median(self.seen[-20:])


class ThreeSigma(Rule):
    """What many dashboards do."""

    def alarms(self, now: float) -> bool:
        """Above the mean by three standard deviations."""
        late = self.seen[-20:]
        return now > statistics.fmean(late) + 3 * statistics.stdev(late)


class Divisive(Rule):
    """Change points, as Apache Otava finds them."""

    def alarms(self, now: float) -> bool:
        """Whether what is slower began with one of the latest three checks."""
        from otava.analysis import compute_change_points  # noqa: PLC0415  # not everybody has it

        series = [*self.seen[-99:], now]
        found, _ = compute_change_points(series)
        return any(
            point.index >= len(series) - CHECKS_TO_FIND and point.stats.forward_rel_change() > (RATIO - 1) / 2
            for point in found
        )


@dataclass(frozen=True)
class Score:
    """What came of a rule on some sites."""

    weeks: float = 0
    false: int = 0
    planted: int = 0
    found: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.weeks + other.weeks, self.false + other.false, self.planted + other.planted, self.found + other.found
        )


def judged(rule: type[Rule], seed: int, plant: int) -> Score:
    """One site: five quiet weeks, and regressions planted after them at moments by chance."""
    site = Site(seed)
    watch = rule(site)
    told = [number for number in range((TAUGHT + QUIET) * WEEK) if watch.check(number)]
    alarms = [number for number in told if number >= TAUGHT * WEEK]
    false = sum(number - before >= APART for before, number in zip([-APART, *alarms], alarms, strict=False))
    found = 0
    moments = sorted(site.random.integers(TAUGHT * WEEK, (TAUGHT + QUIET) * WEEK - CHECKS_TO_FIND, plant), reverse=True)
    for moment in moments:
        watch.back_to(moment)
        found += any(watch.check(moment + each, math.log(1.2)) for each in range(CHECKS_TO_FIND))
    return Score(QUIET, false, plant, found)


def rules() -> dict[str, tuple[type[Rule], int]]:
    """Each with the share of the sites that it is tried on, as 1 in so many."""
    known: dict[str, tuple[type[Rule], int]] = {
        "modbisect": (Modbisect, 1),
        "20 % above the last 20": (Fixed, 1),
        "3 sigma of the last 20": (ThreeSigma, 1),
    }
    try:
        import otava.analysis  # noqa: F401, PLC0415
    except ImportError:
        print("apache-otava is not installed: E-divisive is left out")
        return known
    return known | {"E-divisive": (Divisive, 20)}


def main() -> None:
    """Print a line a rule."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weeks", type=int, default=500, help="quiet weeks in all (500)")
    parser.add_argument("--plant", type=int, default=20, help="regressions a site (20)")
    parser.add_argument(
        "--first", type=int, default=0, metavar="SITE", help="the first of the sites, which are numbered (0)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="at once (2)")
    parser.add_argument("--rule", help="this one alone")
    options = parser.parse_args()
    sites = -(-options.weeks // QUIET)
    print(f"{'rule':<24} {'weeks':>6} {'false alarms':>13} {'a quarter':>10} {'found':>12} {'took':>7}", flush=True)
    with ProcessPoolExecutor(options.jobs) as pool:
        for name, (rule, one_in) in rules().items():
            if options.rule not in (None, name):
                continue
            began = time.monotonic()
            seeds = range(options.first, options.first + sites, one_in)
            score = sum(pool.map(judged, *spread(rule, seeds, options.plant)), start=Score())
            share = score.found / score.planted
            print(
                f"{name:<24} {score.weeks:>6.0f} {score.false:>13} {score.false / score.weeks * QUARTER:>10.2f} "
                f"{score.found:>5}/{score.planted:<4} {share:>4.1%} {time.monotonic() - began:>5.0f} s",
                flush=True,
            )


def spread(rule: type[Rule], seeds: Sequence[int], plant: int) -> tuple[Sequence[object], ...]:
    """Arguments for each site."""
    return [rule] * len(seeds), seeds, [plant] * len(seeds)


if __name__ == "__main__":
    main()
