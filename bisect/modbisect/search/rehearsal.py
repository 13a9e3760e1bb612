"""The planner driven by an imagined site, with nothing touched."""

from __future__ import annotations

from collections.abc import Callable

from modbisect.model import Ask, Conclusion, Measurement
from modbisect.search.problem import Problem, Strategy

Site = Callable[[Ask], Measurement]
"""Answers a trial."""


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
