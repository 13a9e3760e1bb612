"""What a conversation remembers: every trial so far, and how to ask for the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from modbisect.judging import REQUESTS, Judge, Level, Noise, cap, combine, difference, level, measured, pooled, requests
from modbisect.judging.judge import floor, whole
from modbisect.model import (
    Ageing,
    Ask,
    ComponentId,
    Configuration,
    Enough,
    Measure,
    Measurement,
    Memory,
    Verdict,
)
from modbisect.search.feasible import Feasible
from modbisect.search.problem import NOTHING, Flips, Problem, Talk

Trial = tuple[Flips, Measurement]
"""What was flipped, and what came of it."""
MOST_RESTARTS = 4
"""Of one configuration, before an unsure verdict is settled."""
_CLEAR = math.log(5)
"""Controls this far apart need no large windows, and no repetition before the search."""


class Spent(Exception):
    """The budget is spent; the message says which one, if not that of trials."""


@dataclass(slots=True)
class Bench:
    """The memory of one conversation."""

    problem: Problem
    feasible: Feasible
    seen: dict[Flips, list[Measurement]] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    """In their order, since a site may drift."""
    fast: Flips = NOTHING
    """The fast control: everything that can be flipped, once that is known."""
    ahead: int = 0
    """About how many trials come after the present stage."""
    suspects: tuple[ComponentId, ...] = ()
    """Those the search has not cleared yet."""
    likely: tuple[tuple[ComponentId, float], ...] = ()
    """The likeliest of them with their probability, where the strategy knows it."""
    disturbance: float = 0.0
    """Seconds of waiting that one restart less is worth, beside its own."""
    measure: Measure = field(init=False)
    """Which figure every trial is about."""
    age: Ageing | None = None
    """What comes before every window."""
    asked: int = 0
    """Trials so far, those included that no longer count."""
    ever: dict[int, Trial] = field(default_factory=dict)
    """As ``trials``, by their numbers in the conversation, with those that were set aside."""
    aside: frozenset[int] = frozenset()
    """The numbers of those."""
    served: set[Flips] = field(default_factory=set)
    """Configurations known to serve the site by trials that no longer count."""
    found: Level = field(init=False)
    kept_levels: dict[Flips, list[Level]] = field(default_factory=dict)
    latest: tuple[object, ...] = ()
    """What was thought of the trials last, behind what it was thought from."""

    def __post_init__(self) -> None:
        self.found = level(self.problem.found)
        self.measure, self.age = self.problem.symptom.measure, self.problem.symptom.until

    @property
    def price(self) -> float:
        """Seconds that a trial costs beside its window."""
        return self.problem.restart_seconds + self.disturbance + (self.age.seconds if self.age else 0.0)

    def begin_anew(self, measure: Measure, age: Ageing | None, kept: Measurement) -> None:
        """From here on trials are about another figure, or come after more than a restart, as ``kept`` did already."""
        self.forget(measure, age)
        self._keep(self.asked, NOTHING, kept)

    def forget(self, measure: Measure, age: Ageing | None) -> None:
        """The trials so far are not about this figure: of them only what breaks the site, and what serves it, holds."""
        self.measure, self.age = measure, age
        self.served |= self.kept_levels.keys()
        self.ever = {number: trial for number, trial in self.ever.items() if trial[1].broken}
        self.set_aside(frozenset())

    def set_aside(self, numbers: frozenset[int]) -> None:
        """The trials of these numbers do not count, all others do."""
        self.served |= self.kept_levels.keys()
        self.aside = numbers
        self.trials, self.seen, self.kept_levels = [], {}, {}
        for number, (flips, measurement) in self.ever.items():
            self._keep(number, flips, measurement)

    # --- what is known --------------------------------------------------------------------------

    def broken(self, flips: Flips) -> str:
        """Why a configuration is broken as measured; empty when it is not."""
        return next((measurement.broken for measurement in self.seen.get(flips, ()) if measurement.broken), "")

    def levels(self, flips: Flips) -> Sequence[Level]:
        """One level for each restart of a configuration that was not broken."""
        return self.kept_levels.get(flips, ())

    def level_of(self, flips: Flips) -> Level:
        """The level of a configuration over its restarts so far.

        Of the site as found, the complete measurement before any restart: where there was no restart of it yet, or
        those were cut off and so agree with it.
        """
        if not flips and not self.levels(flips):
            return self.found
        here = combine(self.levels(flips))
        if not flips and here.censored and self.found.log_seconds > here.log_seconds:
            return replace(here, log_seconds=self.found.log_seconds)
        return here

    @property
    def noise(self) -> Noise:
        """The luck of restarts, from every repetition so far."""
        return pooled(self.kept_levels.values())

    def judge(self, slow: Flips) -> Judge:
        """A judge between a slow configuration and the fast control."""
        return Judge(self.level_of(slow), self.level_of(self.fast), self.noise, self.problem.symptom)

    def certainly_slower(self, slow: Flips, fast: Flips) -> Verdict:
        """``judging.difference`` of two configurations."""
        return difference(self.level_of(slow), self.level_of(fast), self.noise, self.problem.symptom)

    def clear(self, slow: Flips, fast: Flips) -> bool:
        """They are so far apart that one restart of each tells."""
        if not (self.levels(slow) and self.levels(fast)):
            return False
        return self.level_of(slow).log_seconds - self.level_of(fast).log_seconds >= _CLEAR

    def memory(self, flips: Flips) -> Memory | None:
        """The largest memory seen in a configuration."""
        seen = [*self.seen.get(flips, ())]
        if not flips:
            seen.append(self.problem.found)
        return max(
            (measurement.memory for measurement in seen if measurement.memory),
            key=lambda memory: memory.peak,
            default=None,
        )

    # --- what is asked --------------------------------------------------------------------------

    def _fastest(self) -> Level | None:
        """The fastest level seen, if it is really faster than the site as found."""
        complete = [restart for levels in self.kept_levels.values() for restart in levels if not restart.censored]
        best = min(complete, key=lambda restart: restart.log_seconds, default=None)
        if best is None or self.found.log_seconds - best.log_seconds < floor(best, self.problem.symptom):
            return None
        return best

    def ask(
        self,
        flips: Flips,
        why: str,
        *,
        stage: str = "search",
        left: int = 0,
        complete: bool = False,
        wanted: int = 0,
        enough: Enough | None = None,
        age: Ageing | None = None,
        through: bool = False,
    ) -> Talk[Measurement]:
        """One trial.

        ``complete``: let slow requests come to their end; ``wanted``: so many requests, 0 for the usual; ``enough``:
        when fewer do, beside where they are all alike; ``age``: in place of what comes before every window;
        ``through``: see `Ask`.

        Raises:
            Spent: the budget is spent.
        """
        if self.asked >= self.problem.budget:
            raise Spent
        self.asked += 1
        fast = self._fastest()
        limit = whole(self.found) if complete else cap(fast, self.problem.symptom, self.found)
        latency = (fast or self.found).seconds
        count = wanted or requests(self.price, latency)
        if not wanted and fast is not None and self.fast and not self.clear(NOTHING, self.fast):
            count = min(20, 2 * count)
        enough = enough or Enough()
        if self.measure is not Measure.LATENCY:
            count, enough = REQUESTS[self.measure], None
        if self.measure in (Measure.MEMORY, Measure.GROWTH):
            limit = whole(level(replace(self.problem.found, measure=Measure.LATENCY)))
        left = max(0, min(left + self.ahead, self.problem.budget - self.asked))
        usual = self.measure is self.problem.symptom.measure and self.measure is not Measure.GROWTH
        figure = None if usual else self.measure
        measurement = yield Ask(
            Configuration(flips), count, limit, why, left, stage, self.likely, enough, figure, age or self.age, through
        )
        if not measurement.broken and not measured(measurement):
            # Nothing measured is no proof of anything: as good as broken.
            measurement = Measurement(measurement.configuration, broken="nothing was measured")
        self._keep(self.asked, flips, measurement)
        return measurement

    def _keep(self, number: int, flips: Flips, measurement: Measurement) -> None:
        self.ever[number] = (flips, measurement)
        if number in self.aside:
            return
        self.trials.append((flips, measurement))
        self.seen.setdefault(flips, []).append(measurement)
        if not measurement.broken:
            self.kept_levels.setdefault(flips, []).append(level(measurement))

    def ensure(self, flips: Flips, why: str, *, times: int = 1, stage: str = "search") -> Talk[None]:
        """Sees to it that a configuration was measured so many times."""
        while len(self.seen.get(flips, ())) < times and not self.broken(flips):
            yield from self.ask(flips, why, stage=stage)

    def verdict(self, flips: Flips, slow: Flips, why: str, left: int = 0) -> Talk[Verdict]:
        """The verdict on a configuration beside a slow one: from memory, or with as many trials as it takes."""
        while True:
            seen = self.seen.get(flips, [])
            if seen:
                verdict = self.judge(slow).verdict(seen)
                if verdict is not Verdict.UNSURE:
                    return verdict
                if len(seen) >= MOST_RESTARTS:
                    return self.judge(slow).settled(seen)
            again = f"{why}, again: too close to tell" if seen else why
            yield from self.ask(flips, again, left=left)

    def compare(self, slow: Flips, fast: Flips, why: str, stage: str) -> Talk[Verdict]:
        """Whether one configuration is slower than another, with as many restarts of each as it takes.

        ``UNSURE`` when even the most do not tell. Where they are not clearly apart, each is measured twice:
        what a configuration differs from itself is the noise.
        """
        yield from self.ensure(slow, why, stage=stage)
        yield from self.ensure(fast, why, stage=stage)
        while True:
            if self.broken(slow) or self.broken(fast):
                return Verdict.BROKEN
            verdict = self.certainly_slower(slow, fast)
            side = min((fast, slow), key=lambda flips: len(self.seen[flips]))
            most = MOST_RESTARTS if verdict is Verdict.UNSURE else 2
            if verdict is Verdict.FAST or len(self.seen[side]) >= most:
                return verdict
            if verdict is Verdict.SLOW and self.clear(slow, fast):
                return verdict
            cut = any(restart.censored for restart in (*self.levels(fast), *self.levels(slow)))
            complete = cut and self._fastest() is None
            yield from self.ask(side, f"{why}, again", stage=stage, complete=complete)

    def slower(self, slow: Flips, fast: Flips, why: str, stage: str) -> Talk[bool]:
        """As ``compare``, but one look is enough where nothing points that way."""
        yield from self.ensure(slow, why, stage=stage)
        if self.broken(slow):
            return False
        base = self.level_of(fast)
        if self.level_of(slow).log_seconds - base.log_seconds < floor(base, self.problem.symptom) / 2:
            return False
        return (yield from self.compare(slow, fast, why, stage)) is Verdict.SLOW
