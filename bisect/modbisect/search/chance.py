"""Could luck alone have done it? Restarts that come up slow for no reason, beside the set that is to be accused.

A search that goes on for long enough finds some set that fits a coin. What it says of itself then is of no use: its
proof is a handful of fresh trials, and a coin agrees with so few now and then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BEYOND = 1.0
"""Nats by which a set, its prior included, has to explain the trials better than a coin does."""
_COINS = tuple(each / 20 for each in range(1, 20))
_ASTRAY = (0.01, 0.1, 0.3)
"""Share of trials in which the set may be wrong, each as likely as the other."""
_TRUSTED = 0.5
"""Of a look's word."""
_EACH_MORE = 3.0
"""A set of one more is so much less likely, before it is asked which."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One restart: whether the set says that it is slow, and the probability that it was."""

    predicted: bool
    slow: float


def slow_beside(above: float, cost: float, variance: float) -> float:
    """Probability that a level this far above the fast one is slower by ``cost`` or more; logs, normal around both."""
    odds = cost * (min(above, cost) - cost / 2) / variance
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


def beyond_chance(trials: Sequence[Seen], members: int, suspects: int, at_work: Sequence[float] = ()) -> float:
    """Log of how much better a set of ``members`` among ``suspects`` explains the trials than a coin of any bias.

    ``at_work``: of members that a look has seen before any trial, the share of the time. Such a one was not picked
    from all suspects by the search, so that less is to be shown; half of it, since a look may be wrong.
    """
    agree = [trial.slow if trial.predicted else 1 - trial.slow for trial in trials]
    by_set = _mean(_log((1 - astray) * chance + astray * (1 - chance) for chance in agree) for astray in _ASTRAY)
    by_coin = _mean(_log(coin * trial.slow + (1 - coin) * (1 - trial.slow) for trial in trials) for coin in _COINS)
    named = sorted((math.log(_TRUSTED * share) for share in at_work if _TRUSTED * share), reverse=True)
    picked = max(sum(named[:known]) - math.log(math.comb(suspects, members - known)) for known in range(len(named) + 1))
    prior = picked - (members - 1) * math.log(_EACH_MORE)
    return by_set + prior - by_coin


def _log(chances: Iterable[float]) -> float:
    return sum(math.log(max(chance, 1e-12)) for chance in chances)


def _mean(logs: Iterable[float]) -> float:
    """Log of the mean."""
    each = list(logs)
    top = max(each)
    return top + math.log(sum(math.exp(log - top) for log in each) / len(each))
