"""The planner driven by an imagined site: what a run would cost, with nothing touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from modbisect.judging import level
from modbisect.model import Ask, Conclusion, Measurement, Request
from modbisect.search.feasible import Feasible
from modbisect.search.problem import Flips, Problem, Strategy

Site = Callable[[Ask], Measurement]
"""Answers a trial."""

_WORLDS = 24
_GAIN = 20.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many trials a run would take, had it one culprit."""

    typical: int
    worst: int


def rehearse(problem: Problem, strategy: Strategy, site: Site) -> tuple[Conclusion, list[tuple[Ask, Measurement]]]:
    """Drives a whole conversation; returns its conclusion and every trial."""
    talk = strategy(problem)
    trials: list[tuple[Ask, Measurement]] = []
    try:
        ask = next(talk)
        while True:
            measurement = site(ask)
            trials.append((ask, measurement))
            ask = talk.send(measurement)
    except StopIteration as end:
        conclusion: Conclusion = end.value
        return conclusion, trials


def forecast(problem: Problem, strategy: Strategy, needed: int = 3) -> Forecast:
    """Typical and worst number of trials over imagined sites with one culprit and so many needed components."""
    feasible = Feasible(problem.components)
    free = [one.id for one in problem.components if not one.pinned and not feasible.blocked({one.id})]
    random = Random(problem.seed)  # noqa: S311  imagined sites, not secrets
    counts = []
    for _ in range(_WORLDS if free else 0):
        culprit, *breaking = random.sample(free, min(len(free), 1 + needed))
        site = imagined(problem, {culprit}, [frozenset({one}) for one in breaking])
        counts.append(len(rehearse(problem, strategy, site)[1]))
    counts.sort()
    return Forecast(counts[len(counts) // 2], counts[-1]) if counts else Forecast(0, 0)


def imagined(problem: Problem, culprit: Iterable[str], breaking: Iterable[Flips]) -> Site:
    """A site without noise: fast once any of the culprit is flipped, broken where all of a set are."""
    slow, sets = frozenset(culprit), tuple(breaking)
    before = level(problem.found).seconds

    def answer(ask: Ask) -> Measurement:
        flips = ask.configuration.flipped
        if any(one <= flips for one in sets):
            return Measurement(ask.configuration, broken="imagined to be needed")
        seconds = before / _GAIN if slow & flips else before
        request = Request(problem.symptom.name, min(seconds, ask.cap), status=200, censored=seconds > ask.cap)
        return Measurement(ask.configuration, (request,) * ask.requests)

    return answer
