"""What trials tell of many suspects at once, whatever the strategy makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from modbisect.judging import Noise, combine, difference, level, measured
from modbisect.judging.judge import floor
from modbisect.model import ComponentId, Measurement, Symptom, Together, Verdict
from modbisect.search.problem import Flips


def together(found: Measurement, trials: Iterable[tuple[Flips, Measurement]], symptom: Symptom) -> tuple[Together, ...]:
    """The most that were flipped at once while the site stayed slow, and the fewest that made it fast.

    Slow and fast are beside the site as found. None of the former is to blame on its own, unless another is as well.
    """
    if not measured(found):
        return ()
    by_flips: dict[Flips, list[Measurement]] = {}
    alike = [(flips, seen) for flips, seen in trials if seen.measure is found.measure]
    # Where it has to build up, a trial that did not let it says nothing.
    aged = any(seen.aged for flips, seen in alike if flips)
    for flips, seen in alike:
        if flips and not seen.broken and measured(seen) and bool(seen.aged) is aged:
            by_flips.setdefault(flips, []).append(seen)
    slow, fast, before = [], [], level(found)
    for flips, every in by_flips.items():
        here = combine([level(measurement) for measurement in every])
        gained = before.log_seconds - here.log_seconds
        one = Together(tuple(sorted(flips)), Verdict.UNSURE, here.seconds, here.censored)
        if here.censored or gained < floor(here, symptom) / 2:
            slow.append(replace(one, verdict=Verdict.SLOW))
        elif difference(before, here, Noise(), symptom) is Verdict.SLOW:
            fast.append(replace(one, verdict=Verdict.FAST))
    most = max(slow, key=lambda group: len(group.components), default=None)
    fewest = min(fast, key=lambda group: len(group.components), default=None)
    return tuple(group for group in (most, fewest) if group)


def tested(trials: Iterable[tuple[Flips, Measurement]]) -> Flips:
    """Those that were flipped while the site served."""
    return frozenset[ComponentId]().union(*(flips for flips, seen in trials if not seen.broken and measured(seen)))
