"""Suspects that stay out of the fast control, each looked at alone before nobody is accused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.judging import difference, level, measured
from modbisect.model import ComponentId, Verdict
from modbisect.search import needs
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Flips, Talk


@dataclass(frozen=True, slots=True)
class Hidden:
    """A culprit that cannot be proven by switching it."""

    component: ComponentId
    reason: str


def guilty_saver(bench: Bench, savers: Sequence[ComponentId]) -> Talk[Flips | None]:
    """The flips of one that should save time, where the site is faster without it."""
    for saver in savers:
        flips = bench.feasible.close({saver})
        if flips is None:
            continue
        why = f"does {saver}, which mostly saves time, cost it here?"
        yield from bench.ensure(flips, why, stage="baseline")
        if bench.levels(flips) and (yield from bench.slower(NOTHING, flips, why, "baseline")):
            return flips
    return None


def behind_a_need(bench: Bench, kept: Sequence[needs.Kept]) -> Talk[Hidden | None]:
    """One that another page needs, and that makes this one slow.

    To prove it by switching it off the site would have to work without.
    """
    for need in kept:
        flips = bench.feasible.close({need.component})
        if flips is None or not (broken := needs.other_broken(bench, flips)):
            continue
        why = f"is it fast without {need.component}, although that breaks another page?"
        seen = yield from bench.ask(flips, why, stage="baseline", through=True)
        if not measured(seen) or seen.measure is not bench.measure:
            continue
        here = level(seen)
        if difference(bench.level_of(NOTHING), here, bench.noise, bench.problem.symptom) is Verdict.SLOW:
            off = "off" if bench.feasible.is_on(need.component) else "on"
            return Hidden(
                need.component,
                f"with {need.component} switched {off} it is fast ({here.seconds:.2g} s), but then the site is "
                f"broken ({broken}), so that is no proof: look for what uses {need.component}",
            )
    return None
