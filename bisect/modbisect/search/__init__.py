"""Which configuration next: a planner that asks for trials and is told their measurements. Pure.

A conversation is a generator: ``next`` gives the first Ask, ``send(measurement)`` the next one, and its
return value is the Conclusion. With the same seed and the same measurements it asks the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from modbisect.errors import UsageError
from modbisect.model import Conclusion
from modbisect.search.bayesian import bayes
from modbisect.search.bench import Spent
from modbisect.search.feasible import Feasible
from modbisect.search.forecast import Forecast
from modbisect.search.forecast import forecast as _forecast
from modbisect.search.groups import tested, together
from modbisect.search.halving import Conversation
from modbisect.search.problem import Flips, Problem, Strategy, Talk
from modbisect.search.rehearsal import rehearse

__all__ = [
    "STRATEGIES",
    "Feasible",
    "Flips",
    "Forecast",
    "Problem",
    "Spent",
    "Strategy",
    "Talk",
    "auto",
    "bayes",
    "bisect",
    "conversation",
    "one_at_a_time",
    "rehearse",
    "tested",
    "together",
    "worst_case",
]


def bisect(problem: Problem) -> Talk[Conclusion]:
    """Halves the suspects; finds sets, and several of them."""
    return Conversation(problem, one_at_a_time=False).talk()


def one_at_a_time(problem: Problem) -> Talk[Conclusion]:
    """Flips each suspect alone for its cost, then searches as ``bisect`` with what that taught."""
    return Conversation(problem, one_at_a_time=True).talk()


def auto(problem: Problem) -> Talk[Conclusion]:
    """``bayes``: few restarts, sets of culprits, no guesses."""
    return bayes(problem)


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {"auto": auto, "bayes": bayes, "bisect": bisect, "one-at-a-time": one_at_a_time}
)


def conversation(problem: Problem, strategy: str = "auto") -> Talk[Conclusion]:
    """The planner of that name.

    Raises:
        UsageError: there is no such strategy.
    """
    return named(strategy)(problem)


def named(strategy: str) -> Strategy:
    """The strategy of that name.

    Raises:
        UsageError: there is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise UsageError(f"no strategy is called {strategy!r}", advice=f"use one of {', '.join(STRATEGIES)}")
    return STRATEGIES[strategy]


def worst_case(problem: Problem, strategy: str = "auto") -> Forecast:
    """Typical and worst number of trials, as simulated sites of that size with one culprit took.

    The hard bound, whatever the site does, is ``problem.budget``.

    Raises:
        UsageError: there is no such strategy.
    """
    named(strategy)
    return _forecast(problem, strategy)
