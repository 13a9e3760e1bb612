"""The Bayesian conversation: baseline and needs as ever, the posterior to search and clear, the usual proof.

What the posterior has no form for (four together, a site that does not keep to its model) shows when the proof fails
or the posterior does not settle. Then halving takes over, with everything already measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from modbisect.judging.judge import floor
from modbisect.model import Conclusion, Finding, Measure, Outcome, Verdict
from modbisect.search import apart, baseline, needs
from modbisect.search.bayesian import weather
from modbisect.search.bayesian.beliefs import NUISANCES, design
from modbisect.search.bayesian.claims import Parts
from modbisect.search.bayesian.columns import Columns, none
from modbisect.search.bayesian.opening import alone, opening, seen_at_work
from modbisect.search.bayesian.proof import REFUTED, Proof
from modbisect.search.bayesian.rows import Array
from modbisect.search.bayesian.settling import End, Settled, Settling
from modbisect.search.problem import NOTHING, Flips, Talk

_PROOFS = 8
_DOUBTFUL = 0.2
"""Probability of nobody at which as found, before any restart, is no control to go by."""
_PLAIN = math.log(5)
_SEVERAL = 16
"""Where the site is fast with so many flipped, they are enough to search among."""
_FEW_MORE = 4
"""So many trials after the first fast one, fewer are enough as well."""
_NOT_ALONE = "whether others take part in it was not tested with all of them: the site breaks without some"
_NOT_ALL = "the rest is still slower than with all switched over, and nobody stands out for that"
_OTHERS = "others take part in it, and who was not found: with more switched over it is fast although this stays"


@dataclass(slots=True)
class Planner(Settling):
    """One run's planner."""

    fast_since: int = 0
    """The trial that was plainly fast first; 0 before."""

    def _stages(self) -> Talk[Conclusion]:
        conclusion = yield from self._every_stage()
        return conclusion if conclusion.outcome is Outcome.FOUND or not self.cure else self._by_the_cure()

    def _by_the_cure(self) -> Conclusion:
        self.warnings.append(_OTHERS)
        return self._conclude(Outcome.FOUND, "one culprit confirmed", findings=self.cure)

    def _every_stage(self) -> Talk[Conclusion]:
        if not self.suspects:
            return self._open("no component may be flipped: all are pinned, or needed by pinned ones")
        if conclusion := (yield from self._by_what_was_seen()):
            return conclusion
        # As found it was measured already, though not after a restart: mostly the search needs no other control there.
        symptom = self.problem.symptom
        if (symptom.measure, symptom.until) != (Measure.LATENCY, None) or not (
            yield from needs.serves_at_first(self.bench, self._together())
        ):
            yield from self._baseline()
        learned = yield from needs.learn(self.bench, self._together(), self._plainly_fast)
        conclusion = yield from self._among(learned)
        whole = learned.all or bool(conclusion and (yield from self._is_whole(conclusion)))
        if not whole and self.cure:
            return self._by_the_cure()  # those who take part are worth no search among all
        if not whole:
            self.known.forget()  # it held among a part
            conclusion = yield from self._among((yield from needs.learn(self.bench, self._together())))
        return conclusion or (self._by_the_cure() if self.cure else (yield from self._by_halving()))

    def _by_what_was_seen(self) -> Talk[Conclusion | None]:
        """Whom a look has seen at work, proven; None where that comes to nothing."""
        symptom, bench = self.problem.symptom, self.bench
        if symptom.until or symptom.measure is Measure.GROWTH:
            return None
        culprit = yield from opening(bench, seen_at_work(self.problem.components, self.suspects))
        if culprit is None:
            return None
        flips = bench.feasible.close({culprit.id}) or NOTHING
        self.tentative = True
        conclusion = yield from self._among(needs.Flippable(flips, (), all=False))
        self.tentative = False
        if conclusion and conclusion.outcome is Outcome.FOUND and self._adds_up:
            return conclusion  # nothing is large only together
        if conclusion and conclusion.outcome is Outcome.FOUND:
            seen = yield from alone(bench, culprit, self._together())
            if seen.verdict is not Verdict.FAST:
                proven, *others = conclusion.findings
                proven = replace(proven, confirmations=(*proven.confirmations, *seen.confirmations))
                warnings = (_NOT_ALONE,) if seen.verdict is Verdict.UNSURE else ()
                return replace(conclusion, findings=(proven, *others), warnings=(*conclusion.warnings, *warnings))
            self._begin_anew()
            self.cure, self.cured_at = conclusion.findings, bench.asked
            return (yield from self._with_others(seen.among))
        self._begin_anew()
        return None

    def _begin_anew(self) -> None:
        """What held among a part of the suspects."""
        self.known.forget()
        self.kept, self.columns, self.bench.fast = (), none(self.bench.feasible), NOTHING

    def _with_others(self, among: Flips) -> Talk[Conclusion | None]:
        """Who takes part, where that is known to be some of a few."""
        if not among:
            return None
        conclusion = yield from self._among(needs.Flippable(among, (), all=False))
        if conclusion and conclusion.outcome is Outcome.FOUND and (yield from self._is_whole(conclusion)):
            return conclusion
        self._begin_anew()
        return None

    def _spent(self, reason: str) -> Conclusion:
        """Whoever is proven by then, and beyond doubt a part of it, is named."""
        if self.known.findings and not self.tentative:
            for claim in self.known.certain(self._evidence, self._evidence.posterior()):
                self.warnings.append(f"whether others take part is not known: {reason}")
                culprits = [self._culprit(part) for part in claim.parts.slow]
                return self._found(culprits, self.known.findings[claim.parts])
        return self._by_the_cure() if self.cure else self._open(reason)

    def _is_whole(self, conclusion: Conclusion) -> Talk[bool]:
        """Whether what was found among a part of the suspects holds where all others are flipped too.

        A culprit that is fast then was slow only together with one of those.
        """
        if conclusion.outcome is not Outcome.FOUND:
            return conclusion.outcome is not Outcome.NONE
        bench = self.bench
        accused = {component for finding in conclusion.findings for component in finding.components}
        everything = bench.feasible.widen(NOTHING, self._together())
        flips = everything - bench.feasible.hold(accused, everything)
        yield from bench.ensure(flips, "the culprit alone, all others flipped", stage="residual")
        return not bench.levels(flips) or bench.judge(NOTHING).settled(bench.seen[flips]) is Verdict.SLOW

    def _plainly_fast(self, flips: Flips) -> bool:
        """It is so much faster with these flips that a culprit is among them, or a restart has cured it."""
        bench, symptom = self.bench, self.problem.symptom
        if bench.measure is Measure.MEMORY or not bench.levels(flips):
            return False
        here = bench.level_of(flips)
        enough = bench.measure is Measure.GROWTH or symptom.slower_than is None or here.seconds < symptom.slower_than
        if not enough or here.censored or bench.level_of(NOTHING).log_seconds - here.log_seconds < _PLAIN:
            return False
        # A proof is worth more with others beside the culprit that were flipped as well.
        self.fast_since = self.fast_since or bench.asked
        several = min(_SEVERAL, len(self.suspects) // 3)
        return len(flips) >= several or bench.asked - self.fast_since >= _FEW_MORE

    def _among(self, learned: needs.Flippable) -> Talk[Conclusion | None]:
        """What the posterior makes of those that can be flipped; None when it cannot tell."""
        self.kept = learned.kept
        if not learned.flips:
            return None
        self.columns = Columns(self.bench.feasible, learned.flips, self.problem.needs)
        return (yield from self._by_posterior())

    def _by_posterior(self) -> Talk[Conclusion | None]:
        """None when the posterior cannot tell, or what it says is not confirmed."""
        bench, within = self.bench, self.columns.within
        yield from bench.ensure(within, f"all {len(within)} that can be, flipped", stage="baseline")
        if bench.broken(within):
            return None
        if bench.level_of(within).censored:
            yield from bench.ask(within, "the same again, to its end", stage="baseline", complete=True)
        if self._evidence.posterior().beliefs.nobody > _DOUBTFUL:
            yield from self._baseline()
        for _ in range(_PROOFS):
            bench.fast = within
            settled = yield from self._settle()
            if settled is End.NONE and (yield from baseline.builds_up(self.bench)):
                yield from self._again()
                continue
            if settled is End.NONE:
                return (yield from self._acquit(self._evidence.claim(self._evidence.posterior()).parts))
            if settled is End.LOST:
                return None
            proven = self.known.findings.get(settled.parts)
            if proven and self._beyond_chance(settled.culprits, proven):
                return (yield from self._accuse(settled, proven))
            if not (yield from self._holds(settled)):
                return None
        return None

    def _holds(self, settled: Settled) -> Talk[bool]:
        """Ask the proof; False where it was refuted twice: to ask the same once more would tell nothing."""
        findings = yield from self._proof(settled).run(self.random)
        if isinstance(findings, str):
            return not (findings.startswith(REFUTED) and self.known.refused_again(settled.parts, findings))
        self.known.add(settled.parts, findings, self.bench.asked)
        return True

    def _acquit(self, parts: Parts) -> Talk[Conclusion | None]:
        """Nobody, unless something makes it fast that all of them flipped may hide.

        That is: flipping without what saves time; flipping only what is on, or only what is off; or one of those that
        the site seemed to need.
        """
        bench, within = self.bench, self.columns.within
        if not self._adds_up and bench.certainly_slower(NOTHING, within) is Verdict.SLOW:
            return None  # whatever the posterior makes of it
        rest = within - bench.feasible.hold(self.columns.names(parts.saving), within)
        for flips in dict.fromkeys((rest, *self._variants(within))):
            if flips in (NOTHING, within):
                continue
            yield from bench.ensure(flips, f"only {len(flips)} flipped, before nobody is accused", stage="baseline")
            if not bench.levels(flips) or bench.level_of(flips).censored:
                continue
            if (yield from bench.slower(NOTHING, flips, f"as found beside {len(flips)} flipped", "baseline")):
                return None
        for need in self.kept:
            yield from needs.prove(bench, need)
            flips = bench.feasible.close({need.component}) or NOTHING
            why = f"as found beside {need.component} flipped"
            if bench.levels(flips) and (yield from bench.slower(NOTHING, flips, why, "baseline")):
                return None
        if (yield from apart.guilty_saver(self.bench, self.savers)) is not None:
            return None
        return (yield from self._behind_a_need()) or self._cleared()

    def _accuse(self, settled: Settled, findings: list[Finding]) -> Talk[Conclusion]:
        """The culprits proven; others beside them, if the rest is slow as well, are for halving."""
        culprits, bench = settled.culprits, self.bench
        cured = self._cured(culprits)
        if not bench.levels(cured) or self._rest(cured, bench.fast) <= floor(
            bench.level_of(bench.fast), self.problem.symptom
        ):
            return self._found(culprits, findings)
        if self.known.late(bench.asked):
            self.warnings.append(_NOT_ALL)
        elif not self._adds_up and cured < bench.fast:
            why = f"is the rest still slow, with {len(culprits)} found and flipped?"
            if (yield from bench.slower(cured, bench.fast, why, "residual")):
                more = yield from self._by_halving()
                if more.outcome is Outcome.FOUND:
                    return more
        return self._found(culprits, findings)

    def _proof(self, settled: Settled) -> Proof:
        seen = settled.posterior.rows

        def row(flips: Flips) -> Array:
            z = self.columns.states(flips)[None, :]
            return design([settled.belief], z, np.ones(1))[0, 0, : NUISANCES + len(settled.belief.products)]

        return Proof(
            bench=self.bench,
            culprits=settled.culprits,
            fit=settled.posterior.fit(settled.belief),
            features=row,
            luck=settled.posterior.luck,
            ceiling=seen.ceiling,
            scatter=seen.scatter,
            most=self._evidence.costs(seen).usual,
            probability=lambda: self._probability(settled.parts),
            adds_up=self._adds_up,
        )

    def _probability(self, parts: Parts) -> float:
        """Of a claim; none while trials are to be set aside first."""
        posterior = self._evidence.posterior()
        if weather.changed(self._evidence, posterior):
            return 0.0
        claim = self._evidence.claim(posterior)
        return claim.probability if claim.parts == parts else 0.0

    def _by_halving(self) -> Talk[Conclusion]:
        """Has no model to break, and starts from what is known."""
        yield from self._baseline()
        contrast = yield from self._contrast()
        if contrast is not Verdict.SLOW and (yield from baseline.builds_up(self.bench)):
            contrast = yield from self._contrast()
        if contrast is not Verdict.SLOW:
            known = bool(len(self.columns)) and bool(self.bench.levels(self.columns.within))
            if known and not self._evidence.nobody_left(self._evidence.claim(self._evidence.posterior())):
                return self._open("too noisy to tell whether flipping the suspects makes it faster")
            return self._nobody(contrast)
        culprits = yield from self._search()
        if not culprits:
            return self._open("flipping everything makes it fast, but no small set stands out")
        return (yield from self._prove(culprits))
