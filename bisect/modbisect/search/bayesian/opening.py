"""The first trials, where a look has seen somebody at work in the slow request: it alone is flipped, and then proven.

What was seen only says where to begin. Nobody is accused for it, and where it was wrong it has cost a few restarts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from modbisect.judging.levels import PRIOR_SD
from modbisect.model import Component, ComponentId, Confirmation, Enough, Measure, Verdict
from modbisect.search.bayesian.design import enough
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Flips, Talk

_SEEN = 0.15
"""Share of the request's time from which on somebody is worth a trial of his own."""
_MOST_TRIALS = 3
_MOST_OF_IT, _LEAST = 0.5, 0.85
"""Of what was seen of it, so much has to go with it; and it leaves at most that share of the time."""
_SHORTEST = 0.02
"""No less than that share of the time is expected to be left."""
_LUCK, _CLEAR = 0.25, 8.0
"""Of a restart, standard deviation in logs; and nats that tell one level from another."""
_MOST_ALONE = 5
"""Trials with others flipped beside a culprit that stays as found, where the site breaks without some of them."""
_FEW = 12
_LINKED = 0.1
"""Share of the time at which another was seen, that may take part."""
_UNEXPLAINED = 2.0
"""A cure leaves at most so many times what was seen elsewhere ..."""
_ANYWAY = 0.05
"""... and this share."""
_REST, _AT_MUCH = 0.1, 0.4
"""Of the time as found, that is worth a question; and of that, at which others were seen."""


def seen_at_work(components: Iterable[Component], suspects: Iterable[ComponentId]) -> list[Component]:
    """Whom to try first: the largest share first, what most sites need last."""
    wanted = set(suspects)
    seen = [component for component in components if component.id in wanted and component.seen >= _SEEN]
    return sorted(seen, key=lambda component: (component.vital, -component.seen))[:_MOST_TRIALS]


def opening(bench: Bench, seen: Iterable[Component]) -> Talk[Component | None]:
    """Flips each of them alone; the first without which it is faster."""
    for component in seen:
        flips = bench.feasible.close({component.id})
        if not flips:
            continue
        at = "to hold" if bench.measure is Measure.MEMORY else "at work for"
        of = "memory" if bench.measure is Measure.MEMORY else "time"
        why = f"{component.id} was seen {at} {100 * component.seen:.0f} % of the {of}"
        if flips not in bench.seen:
            found = bench.level_of(NOTHING).log_seconds
            without = found + math.log(max(1 - component.seen, _SHORTEST))
            yield from bench.ask(flips, why, stage="baseline", enough=_between(without, found))
        if bench.levels(flips) and not bench.broken(flips) and _cures(bench, flips, component.seen):
            return component
    return None


def _between(fast: float, slow: float) -> Enough | None:
    """When it is clear at which of two levels a trial is, in log seconds: a slow page takes long to be asked often."""
    return enough([fast, slow], _LUCK**2, PRIOR_SD**2, _CLEAR) if fast < slow else None


def _cures(bench: Bench, flips: Flips, seen: float) -> bool:
    """Whether the better part of what was seen is gone; the proof behind it needs no certainty to begin."""
    here, limit = bench.level_of(flips), bench.problem.symptom.slower_than
    if here.censored or (limit is not None and here.seconds >= limit):
        return False
    return _left(bench, flips) <= min(1 - _MOST_OF_IT * seen, _LEAST)


def _left(bench: Bench, flips: Flips) -> float:
    """What share of the time as found is left with these flips."""
    return math.exp(bench.level_of(flips).log_seconds - bench.level_of(NOTHING).log_seconds)


def _explained(bench: Bench, culprit: Component, left: float, others: list[ComponentId]) -> bool:
    """Whether a cure leaves no more of the time than was seen elsewhere, and others were not seen at much of that."""
    seen = sum(each.seen for each in bench.problem.components if each.id in others)
    small = left <= _REST or seen < _AT_MUCH * left
    return small and left <= _UNEXPLAINED * (1 - culprit.seen) + _ANYWAY


def _groups(bench: Bench, suspects: list[ComponentId]) -> list[list[ComponentId]]:
    """Who was seen as well first, and of kinds with few members: snippets, settings, which a site hardly ever needs."""
    by_id = {component.id: component for component in bench.problem.components}
    members = Counter(by_id[one].kind for one in suspects)
    first = [one for one in suspects if members[by_id[one].kind] <= _FEW or by_id[one].seen >= _LINKED]
    return [group for group in (first, [one for one in suspects if one not in first]) if group]


@dataclass(frozen=True, slots=True)
class Alone:
    """A culprit beside others that are flipped."""

    verdict: Verdict
    """``FAST``: others take part, and the search has to go on. ``SLOW``: as many of them as most sites can do without
    were flipped, and it stayed as it was. ``UNSURE``: the site broke without them, so that some were not tried."""
    confirmations: tuple[Confirmation, ...] = ()
    """The trials in which it stayed slow."""
    among: Flips = NOTHING
    """Where others take part: it, and those of whom some do."""


def alone(bench: Bench, culprit: Component, suspects: Iterable[ComponentId]) -> Talk[Alone]:
    """Whether others are needed for the slowness, or are slow beside the culprit."""
    accused = frozenset({culprit.id})
    cured = bench.feasible.close(accused) or NOTHING
    bench.fast = cured
    others = [one for one in suspects if one not in cured]
    explained = _explained(bench, culprit, _left(bench, cured), others)
    groups = _groups(bench, [one for one in others if not bench.feasible.is_vital(one)])
    verdict = Verdict.SLOW
    slow: list[Confirmation] = []
    for _ in range(_MOST_ALONE):
        if not groups:
            break
        group = groups.pop(0)
        wide = bench.feasible.widen(cured, group)
        flips = wide - bench.feasible.hold(accused, wide)
        if not flips:
            continue
        if flips not in bench.seen:
            clear = _between(bench.level_of(cured).log_seconds, bench.level_of(NOTHING).log_seconds)
            why = f"{culprit.id} alone, {len(flips)} others flipped"
            yield from bench.ask(flips, why, stage="residual", enough=clear)
        if not bench.levels(flips):
            middle = (len(group) + 1) // 2
            groups += [half for half in (group[:middle], group[middle:]) if half and len(group) > 1]
            verdict = verdict if len(group) > 1 else Verdict.UNSURE
            continue
        if bench.judge(NOTHING).settled(bench.seen[flips]) is not Verdict.SLOW:
            return Alone(Verdict.FAST, among=wide)
        here = bench.level_of(flips)
        slow.append(Confirmation("alone", Verdict.SLOW, here.seconds, here.censored))
        if not explained:
            yield from bench.ensure(wide, f"is the rest still slow, {len(wide)} flipped?", stage="residual")
            if bench.levels(wide) and bench.certainly_slower(cured, wide) is Verdict.SLOW:
                return Alone(Verdict.FAST)
    return Alone(Verdict.UNSURE if groups else verdict, tuple(slow))
