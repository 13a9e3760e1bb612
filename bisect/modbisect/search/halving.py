"""The whole conversation: baseline, what the site needs, the search, the proof, the rest."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from modbisect.judging import effect, level, measured
from modbisect.judging.judge import floor
from modbisect.model import (
    NOT_TRIED,
    ComponentId,
    Conclusion,
    Cost,
    Effect,
    Finding,
    Measure,
    Outcome,
    Untestable,
    Verdict,
)
from modbisect.search import apart, baseline, needs
from modbisect.search.baseline import Ended
from modbisect.search.bench import Bench, Spent
from modbisect.search.chance import BEYOND, Seen, beyond_chance, slow_beside
from modbisect.search.confirm import confirm, everything
from modbisect.search.feasible import Feasible
from modbisect.search.groups import tested, together
from modbisect.search.minimal import Culprit, Minimal
from modbisect.search.problem import NOTHING, Flips, Problem, Talk
from modbisect.search.sweeping import sweep

_CONFIRMATION = 5
_SWING = math.log(2.5)
_FORGIVEN = 1
"""Configurations that may have been fast once and slow once, in a whole conversation."""
_LEAST = 1.01
"""Ratio: what costs less cannot be told from nothing."""


@dataclass(slots=True)
class Conversation:
    """One run's planner: its stages in their order."""

    problem: Problem
    one_at_a_time: bool
    bench: Bench = field(init=False)
    suspects: tuple[ComponentId, ...] = field(init=False)
    """Those that can be flipped at all."""
    savers: tuple[ComponentId, ...] = ()
    """Those of them that mostly save time: no part of the fast control."""
    untestable: list[Untestable] = field(default_factory=list)
    kept: tuple[needs.Kept, ...] = ()
    costs: tuple[Cost, ...] = ()
    warnings: list[str] = field(default_factory=list)
    based: bool = False
    """Whether the baseline was taken."""

    def __post_init__(self) -> None:
        feasible = Feasible(self.problem.components)
        self.bench = Bench(self.problem, feasible, ahead=_CONFIRMATION)
        free = [component.id for component in self.problem.components if not component.pinned]
        self.suspects = feasible.ordered(component for component in free if not feasible.blocked({component}))
        saves = {component.id for component in self.problem.components if component.saves}
        self.savers = tuple(saver for saver in self.suspects if saver in saves)
        self.bench.suspects = self.suspects
        self.untestable += [
            Untestable(component, reason) for component in free if (reason := feasible.blocked({component}))
        ]

    def talk(self) -> Talk[Conclusion]:
        """Every stage; a spent budget ends in an honest answer."""
        try:
            return (yield from self._stages())
        except Spent as spent:
            return self._spent(str(spent) or f"{len(self.bench.trials)} trials were not enough to tell")
        except Ended as end:
            return self._open(str(end))

    def _stages(self) -> Talk[Conclusion]:
        if not self.suspects:
            return self._open("no component may be flipped: all are pinned, or needed by pinned ones")
        yield from self._baseline()
        contrast = yield from self._contrast()
        if contrast is not Verdict.SLOW and (yield from baseline.builds_up(self.bench)):
            contrast = yield from self._contrast()
        if contrast is Verdict.FAST and (hidden := (yield from self._behind_a_need())):
            return hidden
        if contrast is not Verdict.SLOW:
            return self._nobody(contrast)
        if self.one_at_a_time:
            self.costs = yield from sweep(self.bench, self.suspects)
        culprits = yield from self._search()
        if not culprits:
            return self._open("flipping everything makes it fast, but no small set stands out")
        return (yield from self._prove(culprits))

    # --- baseline ---------------------------------------------------------------------------------

    def _baseline(self) -> Talk[None]:
        return self._plain_baseline()

    def _plain_baseline(self) -> Talk[None]:
        """Measures the site as found after a restart, once in a conversation.

        Raises:
            Ended: there is nothing to search for.
        """
        if self.based:
            return
        self.based = True
        yield from baseline.after_a_restart(self.bench, self._guess())

    def _guess(self) -> int:
        return len(self.suspects).bit_length() * 2

    # --- can flipping help at all? ----------------------------------------------------------------

    def _contrast(self) -> Talk[Verdict]:
        """Finds flips that make the site fast: ``bench.fast``. SLOW: as found is slow beside them."""
        learned = yield from needs.learn(self.bench, self._together())
        self.kept = learned.kept
        outcome = Verdict.FAST
        for flips in self._variants(learned.flips):
            verdict = yield from self._faster(flips)
            if verdict is Verdict.SLOW:
                return verdict
            outcome = Verdict.UNSURE if verdict is Verdict.UNSURE else outcome
        proven = []
        for need in learned.kept:
            proven.append((yield from needs.prove(self.bench, need)))
            self.kept = (*proven, *learned.kept[len(proven) :])
            flips = self.bench.feasible.close({need.component}) or NOTHING
            if self.bench.levels(flips) and (yield from self._faster(flips)) is Verdict.SLOW:
                return Verdict.SLOW
        if (saver := (yield from apart.guilty_saver(self.bench, self.savers))) is not None:
            self.bench.fast = saver
            return Verdict.SLOW
        return outcome

    def _together(self) -> tuple[ComponentId, ...]:
        """The suspects that are flipped many at a time: all but what saves time, unless there is nothing else."""
        return tuple(suspect for suspect in self.suspects if suspect not in self.savers) or self.suspects

    def _variants(self, flips: Flips) -> list[Flips]:
        """All of them; only what is switched off; only what is switched on, for that may be slow itself."""
        on = frozenset(component.id for component in self.problem.components if component.on)
        hold = self.bench.feasible.hold
        parts = [flips - hold(flips - on, flips), flips - hold(flips & on, flips)]
        return [flips, *(part for part in parts if part and part != flips)] if flips else []

    def _faster(self, flips: Flips) -> Talk[Verdict]:
        """Whether the site as found is slower than with these flips; sure of it either way."""
        bench, name = self.bench, f"as found beside {len(flips)} flipped"
        bench.fast = flips
        verdict = yield from bench.compare(NOTHING, flips, name, "baseline")
        if verdict is Verdict.SLOW:
            return verdict
        # Before anyone is cleared, or all are.
        yield from bench.ensure(flips, f"{name}, again", times=2, stage="baseline")
        yield from bench.ensure(NOTHING, f"{name}, again", times=2, stage="baseline")
        return (yield from bench.compare(NOTHING, flips, name, "baseline"))

    def _behind_a_need(self) -> Talk[Conclusion | None]:
        """Before nobody is accused: an open verdict, where one that another page needs is what makes this one slow."""
        hidden = yield from apart.behind_a_need(self.bench, self.kept)
        return self._open(hidden.reason, (hidden.component,)) if hidden else None

    # --- search and proof ---------------------------------------------------------------------------

    def _search(self) -> Talk[list[Culprit]]:
        """Culprit after culprit, each with the earlier ones flipped, until the rest is fast."""
        bench = self.bench
        culprits: list[Culprit] = []
        slow: Flips = NOTHING
        while True:
            left = tuple(suspect for suspect in self.suspects if suspect in bench.fast - slow)
            culprit = yield from Minimal(bench, bench.fast, slow).search(left)
            if culprit is None:
                if culprits:
                    self.warnings.append("the rest looked slow as well, but no set of it could be singled out")
                return culprits
            culprits.append(culprit)
            slow = everything(culprits, bench)
            if slow >= bench.fast:
                return culprits
            why = f"is the rest still slow, with {len(culprits)} found and flipped?"
            if not (yield from bench.slower(slow, bench.fast, why, "residual")):
                return culprits

    def _prove(self, culprits: Sequence[Culprit]) -> Talk[Conclusion]:
        bench = self.bench
        findings: list[Finding] = []
        for index, culprit in enumerate(culprits):
            bench.ahead = _CONFIRMATION * (len(culprits) - index - 1)
            bench.suspects = tuple(sorted({component for each in culprits for component in each.components}))
            others = everything([other for other in culprits if other is not culprit], bench)
            result = yield from confirm(bench, culprit, others, self.problem.seed + index)
            if isinstance(result, str):
                # They were confirmed in each other's company: doubt about one is doubt about all.
                return self._open(f"not confirmed: {result}")
            findings.append(result)
        return self._found(culprits, findings)

    def _found(self, culprits: Sequence[Culprit], findings: Sequence[Finding]) -> Conclusion:
        if turncoat := self._turncoat():
            return self._open(f"the site contradicts itself: {turncoat}")
        if not self._beyond_chance(culprits, findings):
            return self._open("restarts that are slow by chance would explain what was seen nearly as well")
        return self._conclude(
            Outcome.FOUND,
            "one culprit confirmed" if len(findings) == 1 else f"{len(findings)} culprits confirmed",
            findings=tuple(findings),
            residual=self._residual(culprits),
        )

    def _turncoat(self) -> str:
        """Two configurations, or one twice, that were fast after one restart and slow after another."""
        judge = self.bench.judge(NOTHING)
        far = judge.threshold - judge.fast.log_seconds
        both = 0
        for flips, seen in self.bench.seen.items():
            verdicts = {judge.verdict([measurement]) for measurement in seen}
            levels = [restart.log_seconds for restart in self.bench.levels(flips)]
            # One of several culprits alone may lie half way, where little luck makes the difference.
            if verdicts >= {Verdict.FAST, Verdict.SLOW} and max(levels) - min(levels) > far:
                both += 1
                if both > _FORGIVEN:
                    return f"with {len(flips)} flipped it was fast after one restart and slow after another"
        return ""

    def _beyond_chance(self, culprits: Sequence[Culprit], findings: Sequence[Finding]) -> bool:
        """Whether a culprit explains all trials better than restarts that are slow for no reason would.

        Several, each on its own, are known by their levels: a coin has only two. What is flipped beyond the fast
        control may make the site slow itself, so such trials say nothing. Memory adds up, and no restart makes it so.
        """
        if len(culprits) > 1 or self.bench.measure is Measure.MEMORY:
            return True
        within = self.bench.fast
        components, cost = culprits[0].components, math.log(max(findings[0].effect.ratio, _LEAST))
        trials = [
            (not components & flips, level(measurement))
            for flips, measurement in self.bench.trials
            if flips <= within and measured(measurement)
        ]
        fast = statistics.median(restart.log_seconds for slow, restart in trials if not slow)
        seen = []
        for slow, restart in trials:
            above = math.inf if restart.censored else restart.log_seconds - fast
            seen.append(Seen(slow, slow_beside(above, cost, self.bench.noise.sd**2 + restart.variance)))
        at_work = [each.seen for each in self.problem.components if each.id in components]
        return beyond_chance(seen, len(components), len(within), at_work) > BEYOND

    def _residual(self, culprits: Sequence[Culprit]) -> Effect | None:
        slow = everything(culprits, self.bench)
        if slow == self.bench.fast or not self.bench.levels(slow):
            return None
        return effect(self.bench.levels(slow), self.bench.levels(self.bench.fast), self.bench.noise)

    # --- conclusions ------------------------------------------------------------------------------

    def _nobody(self, contrast: Verdict) -> Conclusion:
        bench = self.bench
        bench.fast = max(bench.kept_levels, key=len, default=NOTHING)
        if not bench.fast:
            return self._open("the site breaks whatever is flipped, so nothing could be tested")
        slow, fast = bench.level_of(NOTHING), bench.level_of(bench.fast)
        if contrast is Verdict.UNSURE and (
            fast.censored or slow.log_seconds - fast.log_seconds >= floor(fast, self.problem.symptom)
        ):
            return self._open("too noisy to tell whether flipping the suspects makes it faster")
        return self._cleared()

    def _cleared(self) -> Conclusion:
        """Nobody: of those that were flipped in trials that served the site. The others could not be tested.

        Nor could one that the site needs beside others: alone it may be as slow for the sake of those.
        """
        bench = self.bench
        missing = set(self.suspects) - tested(bench.trials) - {need.component for need in self.kept}
        self.untestable += [
            Untestable(component, "no trial with it flipped served the site") for component in sorted(missing)
        ]
        slow, fast = bench.levels(NOTHING), bench.levels(max(bench.kept_levels, key=len))
        return self._conclude(
            Outcome.NONE,
            "no faster with everything flipped that can be: none of the suspects is to blame",
            residual=effect(slow, fast, bench.noise, bench.found) if slow else None,
        )

    def _spent(self, reason: str) -> Conclusion:
        """What is known when no further trial may be asked for."""
        return self._open(reason)

    def _open(self, reason: str, suspects: tuple[ComponentId, ...] | None = None) -> Conclusion:
        left = self._left() if suspects is None else suspects
        self.warnings += filter(None, [self._swing()])
        return self._conclude(Outcome.INCONCLUSIVE, reason, suspects=left)

    def _swing(self) -> str:
        """A configuration that was plainly fast after one restart and slow after another, in words."""
        for flips, levels in self.bench.kept_levels.items():
            low, high = (pick(levels, key=lambda restart: restart.log_seconds) for pick in (min, max))
            if self.bench.measure is Measure.LATENCY and high.log_seconds - low.log_seconds >= _SWING:
                what = f"with the same {len(flips)} flipped" if flips else "as found"
                return (
                    f"{what} it took {low.seconds:.2g} s after one restart and {high.seconds:.2g} s after another: "
                    "something else than the suspects made it slow meanwhile, such as a job or a neighbour"
                )
        return ""

    def _untried(self) -> list[Untestable]:
        """Those that no trial with the site at work was about, since it was fast without: they may take part."""
        known = tested(self.bench.trials) | {need.component for need in self.kept}
        left = [suspect for suspect in self.suspects if suspect not in known]
        why = dict.fromkeys(self.savers, "it mostly saves time")
        return [
            Untestable(suspect, f"{NOT_TRIED}: {why.get(suspect, 'the site was fast without')}") for suspect in left
        ]

    def _left(self) -> tuple[ComponentId, ...]:
        """Those not cleared; before the search has weighed any, what trials of many at once tell of them."""
        bench = self.bench
        if bench.suspects != self.suspects:
            return bench.suspects
        left = set(self.suspects)
        for group in together(self.problem.found, bench.trials, self.problem.symptom):
            left = left & {*group.components} if group.verdict is Verdict.FAST else left - {*group.components}
        return tuple(suspect for suspect in self.suspects if suspect in left) or self.suspects

    def _conclude(
        self,
        outcome: Outcome,
        reason: str,
        *,
        findings: tuple[Finding, ...] = (),
        residual: Effect | None = None,
        suspects: tuple[ComponentId, ...] = (),
    ) -> Conclusion:
        accused = {component for finding in findings for component in finding.components}
        kept = tuple(Untestable(need.component, need.reason) for need in self.kept if need.component not in accused)
        return Conclusion(
            outcome,
            findings,
            (*self.untestable, *kept, *(self._untried() if findings else ())),
            residual,
            self.costs,
            suspects,
            reason,
            (*self.warnings, *self._set_aside()),
        )

    def _set_aside(self) -> Iterator[str]:
        """That some trials were not counted, in words."""
        if self.bench.aside:
            yield (
                f"{len(self.bench.aside)} of {self.bench.asked} trials were not counted: in these the whole site "
                "was slower or faster for another reason, such as a job or a neighbour"
            )
