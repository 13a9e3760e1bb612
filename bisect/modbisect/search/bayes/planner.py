"""The Bayesian conversation: baseline and needs as ever, the posterior to search and clear, the usual proof.

What the posterior has no form for (four together, a site that does not keep to its model) shows when the proof fails
or the posterior does not settle. Then halving takes over, with everything already measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

import numpy as np

from modbisect.judging import requests
from modbisect.judging.judge import CAP_FACTOR, SHARE, floor
from modbisect.model import ComponentId, Conclusion, Finding, Measurement, Outcome, Verdict
from modbisect.search import needs
from modbisect.search.bayes.design import Costs, Designer, Held
from modbisect.search.bayes.posterior import Belief, Posterior, features
from modbisect.search.bayes.proof import Proof
from modbisect.search.bayes.rows import Array, rows
from modbisect.search.confirm import everything
from modbisect.search.conversation import Conversation
from modbisect.search.minimal import Culprit
from modbisect.search.problem import NOTHING, Flips, Talk

DELTA = 0.01
"""Chance of a wrong verdict that is accepted."""
_PROOFS = 3
_MOST_BROKEN = 6
"""A component that breaks the site wherever another is flipped cannot be told from the two together."""
_MISFIT_ROWS = 10
_MISFIT = 0.95
_LUCKY = 0.2
"""Repetitions that differ by less than this belie a posterior that explains everything by luck."""
_WORTH_NAMING = 0.005


class _End(Enum):
    """How the posterior settled, when not on a set."""

    NONE = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class _Settled:
    """One set is left."""

    posterior: Posterior
    belief: Belief
    culprits: list[Culprit]

    @property
    def members(self) -> tuple[int, ...]:
        return self.belief.members


@dataclass(slots=True)
class Planner(Conversation):
    """One run's planner."""

    random: Random = field(init=False)
    trials: list[tuple[Flips, Measurement]] = field(default_factory=list)
    """In their order."""
    within: Flips = NOTHING
    """What can be flipped at the same time."""
    columns: dict[ComponentId, int] = field(default_factory=dict)
    """Those of ``within`` by number; the same number for those that go together whatever is done."""

    def __post_init__(self) -> None:
        Conversation.__post_init__(self)
        self.random = Random(self.problem.seed)  # noqa: S311  candidates, not secrets

    def talk(self) -> Talk[Conclusion]:
        """As any conversation; remembers the order of the trials, since a site may drift."""
        talk = Conversation.talk(self)
        try:
            ask = next(talk)
            while True:
                measurement = yield ask
                self.trials.append((ask.configuration.flipped, measurement))
                ask = talk.send(measurement)
        except StopIteration as end:
            conclusion: Conclusion = end.value
            return conclusion

    def _stages(self) -> Talk[Conclusion]:
        if not self.suspects:
            return self._open("no component may be flipped: all are pinned, or needed by pinned ones")
        refusal = yield from self._baseline()
        if refusal:
            return self._open(refusal)
        learned = yield from needs.learn(self.bench, self.suspects)
        self.kept = learned.kept
        if learned.flips:
            self._name(learned.flips)
            conclusion = yield from self._by_posterior()
            if conclusion:
                return conclusion
        return (yield from self._by_halving())

    def _by_posterior(self) -> Talk[Conclusion | None]:
        """None when the posterior cannot tell, or what it says is not confirmed."""
        bench, within = self.bench, self.within
        yield from bench.ensure(within, f"all {len(within)} that can be, flipped", stage="baseline")
        if bench.broken(within):
            return None
        for _ in range(_PROOFS):
            bench.fast = within
            settled = yield from self._settle()
            if settled is _End.NONE:
                return (yield from self._acquit())
            if settled is _End.LOST:
                return None
            findings = yield from self._proof(settled).run(self.random)
            now = self._posterior().sets[0]
            if not isinstance(findings, str) and now[0] == settled.members and now[1] > 1 - DELTA:
                return (yield from self._accuse(settled, findings))
        return None

    def _acquit(self) -> Talk[Conclusion | None]:
        """Nobody, unless flipping one of those that the site seemed to need makes it fast."""
        for one in self.kept:
            yield from needs.prove(self.bench, one)
            flips = self.bench.feasible.close({one.component}) or NOTHING
            if self.bench.levels(flips) and (yield from self._faster(flips)) is not Verdict.FAST:
                return None
        return self._conclude(
            Outcome.NONE, "no faster with everything flipped that can be: none of the suspects is to blame"
        )

    def _accuse(self, settled: _Settled, findings: list[Finding]) -> Talk[Conclusion]:
        """The culprits proven; others beside them, if the rest is slow as well, are for halving."""
        culprits, bench = settled.culprits, self.bench
        slow = everything(culprits, bench)
        why = f"is the rest still slow, with {len(culprits)} found and flipped?"
        if slow < bench.fast and (yield from bench.slower(slow, bench.fast, why, "residual")):
            return (yield from self._by_halving())
        return self._found(culprits, findings)

    def _proof(self, settled: _Settled) -> Proof:
        posterior = settled.posterior
        fit = posterior.fit(settled.belief)

        def predict(flips: Flips) -> float:
            z = np.ones((1, posterior.rows.z.shape[1]))
            z[0, [self.columns[one] for one in flips]] = 0.0
            return float(np.concatenate([[1.0, 1.0], features(settled.belief, z)[0]]) @ fit.mean)

        return Proof(self.bench, settled.culprits, predict, posterior.luck, posterior.rows.ceiling, DELTA)

    def _by_halving(self) -> Talk[Conclusion]:
        """Has no model to break, and starts from what is known."""
        contrast = yield from self._contrast()
        if contrast is not Verdict.SLOW:
            known = bool(self.columns) and bool(self.bench.levels(self.within))
            if known and dict(self._posterior().sets)[()] <= 1 - DELTA:
                return self._open("too noisy to tell whether flipping the suspects makes it faster")
            return self._nobody(contrast)
        culprits = yield from self._search()
        if not culprits:
            return self._open("flipping everything makes it fast, but no small set stands out")
        return (yield from self._prove(culprits))

    # --- the search -------------------------------------------------------------------------------

    def _settle(self) -> Talk[_Settled | _End]:
        """Asks until one set, or none, is left."""
        broken = 0
        while broken < _MOST_BROKEN:
            posterior = self._posterior()
            self._tell(posterior)
            members, probability = posterior.sets[0]
            if probability > 1 - DELTA:
                return (yield from self._culprits(posterior)) if members else _End.NONE
            held = None if self._misfit(posterior) else self._designer(posterior).next()
            if held is None:
                return _End.LOST
            name = ", ".join(self._names(members)) or "none"
            why = f"{len(self.bench.suspects)} suspects left, the likeliest: {name} ({probability:.0%})"
            seen = yield from self.bench.ask(self._flips(held), why, left=len(self.bench.suspects).bit_length())
            broken += bool(seen.broken)
        return _End.LOST

    def _posterior(self) -> Posterior:
        least = floor(self.bench.level_of(self.within), self.problem.symptom)
        working = [(flips, one) for flips, one in self.trials if not one.broken]
        hold = self.bench.feasible.hold
        one_in_other = frozenset(
            (min(a, b), max(a, b))
            for name, a in self.columns.items()
            for b in {self.columns[other] for other in hold({name}, self.within)} - {a}
        )
        return Posterior(rows(working, self.columns), least, one_in_other)

    def _tell(self, posterior: Posterior) -> None:
        """The suspects left, the likeliest first."""
        share = {one: float(posterior.inclusion[at]) for one, at in self.columns.items()}
        left = [one for one in self.columns if share[one] >= _WORTH_NAMING]
        self.bench.suspects = tuple(sorted(left, key=lambda one: (-share[one], one)))

    def _misfit(self, posterior: Posterior) -> bool:
        """Everything is put down to luck, yet repetitions agree: the truth is none of the hypotheses."""
        lost = len(posterior.rows.y) >= _MISFIT_ROWS and posterior.luck[-1] > _MISFIT
        return lost and self.bench.noise.sd < _LUCKY

    def _designer(self, posterior: Posterior) -> Designer:
        fast = min(self.bench.found.seconds, float(np.exp(np.min(posterior.rows.y))))
        restart = self.problem.restart_seconds
        costs = Costs(restart, requests(restart, fast), float(np.log(CAP_FACTOR * fast)))
        return Designer(posterior, costs, self._close, self._serves, self.random)

    # --- columns and configurations -----------------------------------------------------------------

    def _name(self, within: Flips) -> None:
        """A column for each that can be told from the others."""
        self.within = within
        seen: dict[Flips, int] = {}
        for one in sorted(within):
            self.columns[one] = seen.setdefault(self.bench.feasible.hold({one}, within), len(seen))

    def _names(self, members: Sequence[int] | Held) -> Flips:
        return frozenset(one for one, at in self.columns.items() if at in members)

    def _flips(self, held: Held) -> Flips:
        return self.within - self._names(held)

    def _close(self, held: Held) -> Held | None:
        """With what these depend on; None for what is known to break."""
        names = self.bench.feasible.hold(self._names(held), self.within)
        flips = self.within - names
        if self.bench.broken(flips) or any(need <= flips for need in self.problem.needs):
            return None
        return frozenset(self.columns[one] for one in names)

    def _serves(self, held: Held) -> float:
        """How likely the site serves, if each breakage is one component that misses another.

        All of ``within`` flipped serves, so what breaks is never a flip in itself, but one beside something as found.
        """
        count = max(self.columns.values()) + 1

        def misses(flips: Flips) -> Array:
            z = np.ones(count)
            z[[self.columns[one] for one in flips]] = 0.0
            result: Array = np.outer(z, 1 - z)
            return result

        cleared = np.zeros((count, count))
        broken = []
        for flips, _ in self.trials:
            if flips <= self.within:
                if self.bench.broken(flips):
                    broken.append(flips)
                else:
                    cleared = np.maximum(cleared, misses(flips))
        chance, here = 1.0, misses(self._flips(held))
        for flips in broken:
            blamed = misses(flips) * (1 - cleared)
            if np.any(blamed):
                chance *= 1 - float(np.sum(blamed * here) / np.sum(blamed))
        return chance

    # --- from a set to culprits ---------------------------------------------------------------------

    def _culprits(self, posterior: Posterior) -> Talk[_Settled | _End]:
        """The set, taken apart: what is slow on its own, or only together. What saves time is left as found."""
        members = posterior.sets[0][0]
        belief = next(one for one in posterior.beliefs if one.members == members)
        effects = posterior.fit(belief).mean[2:]
        if len(belief.products) == 1:
            parts = [members] if effects[0] > 0 else []
            saving: list[int] = []
        else:
            mains = effects[: len(members)]
            enough = SHARE * posterior.rows.total if belief.form == "saturated" else 0.0
            saving = [one for one, effect in zip(members, mains, strict=True) if effect < 0]
            parts = [(one,) for one, effect in zip(members, mains, strict=True) if effect > enough]
        bench = self.bench
        bench.fast = self.within - bench.feasible.hold(self._names(saving), self.within)
        culprits = [self._culprit(part) for part in parts]
        if not culprits or any(one.held & (self.within - bench.fast) for one in culprits):
            return _End.LOST
        yield from bench.ensure(bench.fast, "fast, by all that is known")
        return _Settled(posterior, belief, culprits)

    def _culprit(self, part: Sequence[int]) -> Culprit:
        feasible = self.bench.feasible
        held = feasible.hold(self._names(part), self.within)
        return Culprit(feasible.generators(held, self.within), held)
