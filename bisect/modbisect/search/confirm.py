"""The proof: culprit flipped, fast; as found, slow again; everything else flipped, still slow. In random order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from modbisect.judging import Judge, Level, combine, effect, level, measured
from modbisect.judging.judge import floor
from modbisect.model import AS_FOUND, ComponentId, Confirmation, Effect, Elsewhere, Finding, Measurement, Verdict
from modbisect.search.bench import Bench
from modbisect.search.minimal import Culprit
from modbisect.search.problem import NOTHING, Flips, Talk

_MOST_UNSURE = 3
_FORGIVING = 3
"""Restarts that all have to agree before an odd one is forgiven."""
_EXPECTED = {"on": Verdict.SLOW, "off": Verdict.FAST, "alone": Verdict.SLOW}


@dataclass(frozen=True, slots=True)
class _Step:
    state: str
    flips: Flips
    why: str


def block(culprit: Culprit, others: Flips, bench: Bench) -> list[_Step]:
    """The trials that confirm a culprit, while ``others`` (the other culprits) are flipped in all of them."""
    name = " and ".join(sorted(culprit.components))
    on = _closed(bench, others)
    off = _closed(bench, others | culprit.components)
    steps = [_Step("on", on, f"confirm: {name} as found")] * 2
    steps += [_Step("off", off, f"confirm: {name} flipped")] * 2
    steps.append(_Step("alone", bench.fast - culprit.held, f"confirm: everything else flipped, {name} as found"))
    if len(culprit.components) > 1:
        # Together means that each is necessary.
        for component in sorted(culprit.components):
            held = bench.feasible.hold(culprit.held - {component}, bench.fast)
            if component not in held:
                steps.append(
                    _Step("off", bench.fast - held, f"confirm: {component} flipped as well, its accomplices not")
                )
    return steps


def confirm(bench: Bench, culprit: Culprit, others: Flips, seed: int) -> Talk[Finding | str]:
    """Runs the block; only verdicts that all agree make a finding, else the reason is returned."""
    steps = block(culprit, others, bench)
    Random(seed).shuffle(steps)  # noqa: S311  an order, not a secret
    # Settled beforehand, from the search: the trials of the block are not to judge themselves.
    alone = bench.fast - culprit.held
    yield from bench.ensure(alone, "everything else flipped")
    if reason := bench.broken(alone):
        return f"the site breaks with everything else flipped: {reason}"
    judge = bench.judge(alone)
    confirmations: list[Confirmation] = []
    odd = 0
    for index, step in enumerate(steps):
        seen: list[Measurement] = []
        left = len(steps) - index - 1
        verdict = yield from _once(bench, step, judge, seen, left)
        if verdict is not _EXPECTED[step.state] and not odd and verdict is not Verdict.BROKEN:
            # One restart may have had bad luck: it is forgiven if several more say otherwise, once a block.
            odd += 1
            again = []
            for _ in range(_FORGIVING):
                seen = []
                again.append((yield from _once(bench, step, judge, seen, left + 1)))
                if again[-1] is not _EXPECTED[step.state]:
                    break
            verdict = again[-1]
        here = level(seen[-1]) if measured(seen[-1]) else None
        confirmations.append(
            Confirmation(step.state, verdict, here.seconds if here else 0.0, bool(here and here.censored))
        )
        if verdict is not _EXPECTED[step.state]:
            broken = f" ({seen[-1].broken})" if seen[-1].broken else ""
            return f"{step.why}: expected {_EXPECTED[step.state]}, was {verdict}{broken}"
    on, off = _closed(bench, others), _closed(bench, others | culprit.components)
    return finding(bench, culprit, on, off, confirmations)


def finding(bench: Bench, culprit: Culprit, on: Flips, off: Flips, confirmations: Iterable[Confirmation]) -> Finding:
    """A confirmed culprit, with what was measured with it as found (``on``) and flipped (``off``)."""
    return Finding(
        components=tuple(sorted(culprit.components)),
        effect=effect(bench.levels(on), bench.levels(off), bench.noise, None if on else bench.found),
        confirmations=tuple(confirmations),
        memory_before=bench.memory(on),
        memory_after=bench.memory(off),
        also_flipped=also_flipped(bench, culprit.components),
        elsewhere=tuple(_elsewhere(bench, on, off)),
    )


def _elsewhere(bench: Bench, on: Flips, off: Flips) -> Iterator[Elsewhere]:
    """The other probes, by the same trials."""

    def levels(flips: Flips, probe: str) -> list[Level]:
        windows = [
            [each for each in measurement.elsewhere if each.probe == probe] for measurement in bench.seen.get(flips, ())
        ]
        return [level(Measurement(AS_FOUND, tuple(window))) for window in windows if window]

    for probe in dict.fromkeys(each.probe for measurement in bench.seen.get(on, ()) for each in measurement.elsewhere):
        before, after = levels(on, probe), levels(off, probe)
        if before and after:
            cost = effect(before, after, bench.noise)
            least = math.exp(floor(combine([*before, *after]), bench.problem.symptom))
            yield Elsewhere(probe, _fares(cost, least), cost)


def _fares(cost: Effect, least: float) -> Verdict:
    """``least`` is the smallest factor that matters."""
    if cost.low > 1 and cost.ratio >= least:
        return Verdict.SLOW
    return Verdict.FAST if cost.high < 1 and cost.ratio <= 1 / least else Verdict.UNSURE


def also_flipped(bench: Bench, components: Flips) -> tuple[ComponentId, ...]:
    """What has to be flipped with a culprit."""
    return tuple(sorted(_closed(bench, components) - components))


def _once(bench: Bench, step: _Step, judge: Judge, seen: list[Measurement], left: int) -> Talk[Verdict]:
    """One step: a restart, and another while it is too close to tell."""
    while True:
        seen.append((yield from bench.ask(step.flips, step.why, stage="confirm", left=left)))
        verdict = judge.verdict(seen)
        if verdict is not Verdict.UNSURE:
            return verdict
        if len(seen) >= _MOST_UNSURE:
            return judge.settled(seen)


def _closed(bench: Bench, flips: Flips) -> Flips:
    return bench.feasible.close(flips) or NOTHING


def everything(culprits: Sequence[Culprit], bench: Bench) -> Flips:
    """All culprits flipped."""
    wanted: Flips = frozenset().union(*(culprit.components for culprit in culprits))
    return _closed(bench, wanted)
