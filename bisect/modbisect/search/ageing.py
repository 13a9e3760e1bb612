"""What builds up after a restart: found out on the site as found, before anybody is suspected.

Two kinds. Memory that every request leaves behind, which is measured as such. And a site that a restart makes fast for
a while: visitors are sent until it is slow again, and as many come before every later window.
"""

from __future__ import annotations

import math
from statistics import median

from modbisect.judging import level
from modbisect.judging.judge import LEAST_GROWTH
from modbisect.judging.level import growth
from modbisect.model import Aged, Ageing, Measure, Measurement
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Talk

EXPLORED_SECONDS = 60.0
"""So long it is waited for at most, as found."""
_MARGIN = 1.5
"""So much longer than it took as found: another restart may take longer to become slow."""
_SHORTEST_SECONDS = 2.0
_PLAIN = math.log(2.5)
"""A site this much slower is known as slow by a few single requests."""
_FEW = 3
"""Points of a curve that tell together."""
_SHOWN = 0.75
"""Of the way, in logs, from the fast to the slow level: beyond it is slow."""


def memory_grows(bench: Bench) -> Talk[float | None]:
    """Whether requests leave something behind in the workers' memory: bytes a request, None when the site is broken.

    Where that is worth a search, all trials are about it from here on.
    """
    wanted, bench.measure = bench.measure, Measure.GROWTH
    seen = yield from bench.ask(NOTHING, "as found, after a restart: what each request leaves behind", stage="baseline")
    if seen.broken:
        return None
    left = growth(level(seen))
    if left < LEAST_GROWTH * (1 << 20):
        bench.forget(wanted, None)
        return left
    bench.begin_anew(Measure.GROWTH, None, seen)
    bench.found = level(seen)
    return left


def slow_again(bench: Bench) -> Talk[Measurement]:
    """Sends visitors to the site as found, which a restart made fast, until it is slow again, or for long enough."""
    fast, slow = bench.level_of(NOTHING).log_seconds, bench.found.log_seconds
    shown = math.exp(fast + _SHOWN * (slow - fast)) if slow - fast >= _PLAIN else None
    explored = Ageing(seconds=EXPLORED_SECONDS, shown=shown, most=EXPLORED_SECONDS)
    why = "as found: the restart made it fast; visitors until it is slow again"
    seen = yield from bench.ask(NOTHING, why, stage="baseline", age=explored)
    if seen.aged and not seen.broken:
        until = _needed(seen.aged, fast, slow)
        seconds = max(_SHORTEST_SECONDS, _MARGIN * until.seconds)
        most = max(2 * seconds, EXPLORED_SECONDS)
        bench.begin_anew(bench.measure, Ageing(math.ceil(_MARGIN * until.requests), seconds, shown, most), seen)
    return seen


def _needed(aged: Aged, fast: float, slow: float) -> Aged:
    """What of an ageing was enough: where its curve has risen for good, if it went on beyond that."""
    if aged.shown:
        return aged
    risen_to = math.exp(fast + _SHOWN * (slow - fast))
    risen = aged.requests
    for at, (requests, _) in enumerate(aged.curve):
        if median(seconds for _, seconds in aged.curve[at : at + _FEW]) > risen_to:
            risen = requests
            break
    share = risen / max(1, aged.requests)
    return Aged(risen, aged.seconds * share)
