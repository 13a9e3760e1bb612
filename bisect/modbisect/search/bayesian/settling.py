"""How the posterior settles: the trial that tells most is asked until one set, or none, is likely enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

from modbisect.judging.judge import floor
from modbisect.model import Finding, Measure, Measurement
from modbisect.search import needs
from modbisect.search.bayesian import weather
from modbisect.search.bayesian.beliefs import Belief
from modbisect.search.bayesian.claims import Claim, Parts
from modbisect.search.bayesian.columns import Columns, none
from modbisect.search.bayesian.evidence import DELTA, Evidence
from modbisect.search.bayesian.known import Known
from modbisect.search.bayesian.posterior import Posterior
from modbisect.search.halving import Conversation
from modbisect.search.minimal import Culprit
from modbisect.search.problem import NOTHING, Flips, Talk

_WORTH_PROVING = 0.6
"""The proof's trials tell as much as the search's would."""
_DISTURBANCE = 40.0
"""Seconds of waiting that one restart less is worth: the site's users feel it."""
_MOST_BROKEN = 6
"""A component that breaks the site wherever another is flipped cannot be told from the two together."""
_TENTATIVE = 0.5
_MOST_FOR_OTHERS = 25
"""Trials that those who take part are worth, once one is proven whose flipping cures it."""
_NEVER_ALL = 0.99
"""More is not said of what is not proven yet."""


class End(Enum):
    """How the posterior settled, when not on a set."""

    NONE = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Settled:
    """One claim is likely enough."""

    posterior: Posterior
    belief: Belief
    parts: Parts
    culprits: list[Culprit]


@dataclass(slots=True)
class Settling(Conversation):
    """A run that asks until the posterior settles."""

    random: Random = field(init=False)
    columns: Columns = field(init=False)
    known: Known = field(default_factory=Known)
    tentative: bool = False
    """Only somebody whom a look has seen is on trial: what is not proven soon is for the search."""
    cure: tuple[Finding, ...] = ()
    """Who is proven to cure it, though others take part: they are named where these are not found."""
    cured_at: int = 0
    """The trial behind which that was known."""

    def __post_init__(self) -> None:
        Conversation.__post_init__(self)
        self.bench.disturbance = _DISTURBANCE
        self.columns = none(self.bench.feasible)
        self.random = Random(self.problem.seed)  # noqa: S311  candidates, not secrets

    @property
    def _evidence(self) -> Evidence:
        return Evidence(self.bench, self.columns, self.random, self.known.partial)

    def _long_enough(self) -> bool:
        """Whether those who take part beside a proven one have been looked for with trials enough."""
        return bool(self.cure) and self.bench.asked - self.cured_at >= _MOST_FOR_OTHERS

    def _cured(self, culprits: Sequence[Culprit]) -> Flips:
        return self.bench.feasible.close(frozenset(map(self._cure, culprits))) or NOTHING

    def _rest(self, cured: Flips, fast: Flips) -> float:
        """Logs by which it is slower with the culprits cured than with more flipped."""
        return self.bench.level_of(cured).log_seconds - self.bench.level_of(fast).log_seconds

    @property
    def _adds_up(self) -> bool:
        """Every component costs a little, and all of them much: that is nobody's fault."""
        return self.bench.measure is Measure.MEMORY

    def _cure(self, culprit: Culprit) -> str:
        """The component that leaves the site fastest when it alone is flipped: the others may cost something alone."""
        bench = self.bench

        def left(component: str) -> float:
            flips = bench.feasible.close({component}) or NOTHING
            return bench.level_of(flips).log_seconds if bench.levels(flips) else math.inf

        return min(sorted(culprit.components), key=left)

    def _baseline(self) -> Talk[None]:
        yield from self._plain_baseline()
        yield from self._again()

    def _again(self) -> Talk[None]:
        if self.columns.within and not self.bench.levels(self.columns.within):  # what there was no longer counts
            yield from self.bench.ensure(self.columns.within, "all that can be, flipped", stage="baseline")

    def _settle(self) -> Talk[Settled | End]:
        """Asks until one set, or none, is left."""
        broken, bench, within = 0, self.bench, self.columns.within
        while broken < _MOST_BROKEN and not self._long_enough():
            if bench.levels(within) and (NOTHING in bench.seen or self._evidence.quiet()):
                yield from self._baseline()
            if not bench.levels(within):  # what served behind a restart may break with visitors
                return End.LOST
            posterior = self._evidence.posterior()
            if weather.changed(self._evidence, posterior):
                yield from weather.set_aside(self._evidence)
                if self.based:
                    yield from bench.ensure(NOTHING, "as found, after a restart", stage="baseline")
                continue
            self._evidence.tell(posterior)
            claim = self._evidence.claim(posterior)
            if self._evidence.nobody_left(claim):
                if NOTHING in bench.seen:
                    return End.LOST if self.tentative else End.NONE
                yield from self._baseline()
                continue
            if settled := (yield from self._likely_enough(posterior, claim)):
                return settled
            asked = yield from self._search_on(posterior)
            if asked is None:
                return End.LOST
            broken += bool(asked.broken)
        return End.LOST

    def _likely_enough(self, posterior: Posterior, claim: Claim) -> Talk[Settled | End | None]:
        """A claim that is worth its proof, or has it and needs no more."""
        certain = 1 - DELTA if claim.parts in self.known.findings else _WORTH_PROVING
        if claim.parts.slow and claim.probability > certain:
            return (yield from self._culprits(posterior, claim))
        return self._enough_is_known(posterior)

    def _enough_is_known(self, posterior: Posterior) -> Settled | None:
        """What is proven and beyond doubt a part of it, where the rest is small, or has had time enough to be told."""
        bench, within = self.bench, self.columns.within
        for claim in self.known.certain(self._evidence, posterior):
            culprits = [self._culprit(part) for part in claim.parts.slow]
            small = self._rest_at_most(posterior, self._cured(culprits)) <= floor(
                bench.level_of(within), self.problem.symptom
            )
            if small or self.known.late(bench.asked):
                bench.fast = within - bench.feasible.hold(self.columns.names(claim.parts.saving), within)
                return Settled(posterior, claim.belief, claim.parts, culprits)
        return None

    def _rest_at_most(self, posterior: Posterior, cured: Flips) -> float:
        """The rest with a standard error more; infinite where that was not tried, or all flipped is slower."""
        levels, within = self.bench.levels(cured), self.columns.within
        if not levels or self._evidence.masked():
            return math.inf
        error = math.sqrt(posterior.variance * (1 / len(levels) + 1 / len(self.bench.levels(within))))
        return self._rest(cured, within) + error

    def _search_on(self, posterior: Posterior) -> Talk[Measurement | None]:
        """The trial that tells most; None where none tells anything."""
        bench, within = self.bench, self.columns.within
        if self.tentative and posterior.beliefs.nobody > _TENTATIVE:
            return None
        if self._evidence.misfit(posterior):
            if bench.trials[-1][0] == within:
                return None
            why = "nothing explains it: has the site itself changed?"
            return (yield from bench.ask(within, why, stage="baseline"))
        wish = self._evidence.designer(posterior).next()
        if wish is None:
            return None
        members, probability = posterior.sets[0]
        name = ", ".join(sorted(self.columns.names(members))) or "none"
        why = f"the likeliest: {name} ({min(probability, _NEVER_ALL):.0%})"
        left = len(bench.suspects).bit_length()
        flips = self.columns.flips(wish.held)
        return (yield from bench.ask(flips, why, left=left, wanted=wish.requests, enough=wish.enough))

    def _culprits(self, posterior: Posterior, claim: Claim) -> Talk[Settled | End]:
        """What saves time is left as found."""
        bench, parts = self.bench, claim.parts
        bench.fast = self.columns.within - bench.feasible.hold(self.columns.names(parts.saving), self.columns.within)
        culprits = [self._culprit(part) for part in parts.slow]
        if not culprits or any(culprit.held & (self.columns.within - bench.fast) for culprit in culprits):
            return End.LOST
        yield from bench.ensure(bench.fast, "fast, by all that is known")
        if not bench.levels(bench.fast):
            return End.LOST
        for culprit in culprits:
            yield from self._room_beside(culprit)
        return Settled(posterior, claim.belief, parts, culprits)

    def _room_beside(self, culprit: Culprit) -> Talk[None]:
        """What a culprit itself cannot do without: the site breaks where that alone is flipped, and not beside it."""
        bench, within = self.bench, self.columns.within
        flips = bench.fast - culprit.held
        if not bench.broken(flips):
            return
        serving = max((at for at, seen in bench.trials if at <= flips and not seen.broken), key=len, default=NOTHING)
        others = [
            component
            for component in sorted(flips - serving)
            if not (bench.feasible.close({component}) or within) & culprit.held
        ]
        needed = set()
        for kept in (yield from needs.widest(bench, serving, others)):
            proven = yield from needs.prove(bench, kept)
            needed |= {proven.component} if proven.proven else set()
        bench.feasible = bench.feasible.depending(dict.fromkeys(culprit.components, needed))
        self.columns = Columns(bench.feasible, within, self.problem.needs)

    def _culprit(self, part: Sequence[int]) -> Culprit:
        feasible = self.bench.feasible
        held = feasible.hold(self.columns.names(part), self.columns.within)
        return Culprit(feasible.generators(held, self.columns.within), held)
