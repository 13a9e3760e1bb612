"""What builds up after a restart: found out on the site as found, before anybody is suspected.

Two kinds. Memory that every request leaves behind, which is measured as such. And a site that a restart makes fast for
a while: visitors are sent until it is slow again, and as many come before every later window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from modbisect.judging import level
from modbisect.judging.judge import LEAST_GROWTH, floor
from modbisect.judging.levels import growth
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
_SHOWN = 0.75
"""Of the way, in logs, from the fast to the slow level: beyond it is slow."""
_NEARLY = 0.9
"""Of a whole rise."""
_LOOKS = 2
"""So many restarts: of one that is slow behind its visitors, and hardly slower than at once, nobody knows why."""
_MOSTLY = 0.75
"""Of the smallest slowdown that matters: that much is no chance, and more may come."""


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


def becomes_slow(bench: Bench) -> Talk[bool]:
    """Sends visitors to the site as found until it is plainly slower than a restart has left it, or for long enough.

    Where that is so, as many come before every window from here on.
    """
    fast, slow = bench.level_of(NOTHING).log_seconds, bench.found.log_seconds
    shown = math.exp(fast + _SHOWN * (slow - fast)) if slow - fast >= _PLAIN else None
    why = "as found, with visitors: does it become slow?"
    ageing = Ageing(seconds=EXPLORED_SECONDS, shown=shown, most=EXPLORED_SECONDS)
    looks: list[Measurement] = []
    while len(looks) < _LOOKS:
        seen = yield from bench.ask(NOTHING, why, stage="baseline", age=ageing)
        if seen.broken or not seen.aged or not seen.aged.curve:
            return False
        looks.append(seen)
        least = _MOSTLY * floor(replace(level(seen), log_seconds=fast), bench.problem.symptom)
        if _rises(looks, fast, slow, least):
            break
        if level(seen).log_seconds - fast < least:
            return False  # it stays fast
    else:
        return False  # its restarts came up slow
    here = level(seen)
    until = _needed(seen.aged, fast, max(slow, here.log_seconds))
    lasts = max(_SHORTEST_SECONDS, _MARGIN * until.seconds)
    most = max(2 * lasts, EXPLORED_SECONDS)
    bench.begin_anew(bench.measure, Ageing(math.ceil(_MARGIN * until.requests), lasts, shown, most), seen)
    return True


def _rises(looks: Sequence[Measurement], fast: float, slow: float, least: float) -> bool:
    """Whether it was fast behind the restarts, and slow behind the visitors."""
    curves = [seen.aged for seen in looks if seen.aged]
    if curves[-1].shown:
        return math.log(curves[-1].curve[0][1]) < (fast + slow) / 2
    rise = fmean(map(_rise, curves))
    return rise > least / 3 and fmean((fmean(level(seen).log_seconds for seen in looks) - fast, rise)) >= least


def _rise(aged: Aged) -> float:
    """From the first third of a curve to its last, in logs."""
    logs = [math.log(seconds) for _, seconds in aged.curve]
    third = max(1, len(logs) // 3)
    return fmean(logs[-third:]) - fmean(logs[:third])


def _needed(aged: Aged, fast: float, slow: float) -> Aged:
    """What of an ageing was enough: where its curve has risen for good; of a small rise, as much as there was.

    A larger effect takes fewer restarts, each of which waits longer.
    """
    if aged.shown:
        return aged
    rising = monotone([math.log(seconds) for _, seconds in aged.curve])
    risen_to = fast + min(max(_SHOWN * (slow - fast), _PLAIN), _NEARLY * (rising[-1] - fast))
    risen = next((sent for (sent, _), here in zip(aged.curve, rising, strict=True) if here >= risen_to), aged.requests)
    return Aged(risen, aged.seconds * risen / max(1, aged.requests))


def monotone(values: Sequence[float]) -> list[float]:
    """The nearest values, by least squares, that never fall (pool adjacent violators; Ayer et al. 1955)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (mean * size + before * count) / (size + count), size + count
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]
