"""What the trials so far make one believe of the columns, and what to ask next because of that."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from random import Random

import numpy as np

from modbisect.judging import Level, combine, level, requests
from modbisect.judging.judge import CAP_FACTOR, floor
from modbisect.model import Measure
from modbisect.search.bayesian.beliefs import Belief, Members
from modbisect.search.bayesian.claims import Claim, Parts, claimed, taken_apart
from modbisect.search.bayesian.columns import Columns, Held
from modbisect.search.bayesian.design import Costs, Designer
from modbisect.search.bayesian.posterior import Posterior
from modbisect.search.bayesian.rows import Rows, coded, decoded, rows
from modbisect.search.bench import Bench, Trial
from modbisect.search.problem import NOTHING

DELTA = 0.01
"""Chance of a wrong verdict that is accepted."""
_MOST_REQUESTS = 40
_MISFIT_ROWS = 10
_MASKED_ROWS = 40
"""Where some of the suspects save time, sets are larger and take more to be told."""
_MISFIT = 0.99
_QUIET = 4
"""Trials of which none was slow: then a restart alone may have cured it."""
_LUCKY = 0.2
"""Repetitions that differ by less than this belie a posterior that explains everything by luck."""
_WORTH_NAMING = 0.005
_NEGLIGIBLE = 1e-5


@dataclass(frozen=True, slots=True)
class Evidence:
    """A view of the bench's trials by columns; it is as new as the bench."""

    bench: Bench
    columns: Columns
    random: Random
    """For candidates of the next trial."""
    partial: frozenset[Members] = frozenset()
    """As for ``claimed``."""

    def quiet(self) -> bool:
        """No trial was slow so far."""
        working = [flips for flips, seen in self.bench.trials if not seen.broken]
        slow = self.bench.judge(NOTHING).threshold
        return len(working) >= _QUIET and all(self.bench.level_of(flips).log_seconds < slow for flips in working)

    def posterior(self) -> Posterior:
        """Over sets of culprits; the same value while nothing more was tried."""
        bench, by = self.bench, (tuple(self.bench.ever), self.bench.aside)
        match bench.latest:
            case (columns, before, Posterior() as posterior) if columns is self.columns and before == by:
                return posterior
        working = [(flips, seen) for flips, seen in bench.trials if not seen.broken]
        posterior = self._of(working, bench.level_of(self.columns.within), masked=self.masked())
        bench.latest = (self.columns, by, posterior)
        return posterior

    def of_all(self, trials: Sequence[Trial]) -> Posterior:
        """Over sets of culprits, by these trials whether they count or not."""
        fast = [level(seen) for flips, seen in trials if flips == self.columns.within]
        return self._of(trials, combine(fast), masked=False)

    def _of(self, working: Sequence[Trial], fast: Level, *, masked: bool) -> Posterior:
        begun = any(not flips for flips, _ in working)
        return Posterior(
            rows(working, self.columns.of, None if begun else self.bench.problem.found),
            self.floor(fast),
            self.columns.inseparable,
            self.columns.prior(self.bench.problem.components),
            masked,
            len(self.columns.of) / sum(not component.pinned for component in self.bench.problem.components),
        )

    def floor(self, fast: Level) -> float:
        """The smallest slowdown that matters, as the rows have it."""
        least = floor(fast, self.bench.problem.symptom)
        return coded(fast) * math.expm1(least) if fast.measure is Measure.MEMORY else least

    def tell(self, posterior: Posterior) -> None:
        """The suspects left, the likeliest first."""
        share = {component: float(posterior.inclusion[at]) for component, at in self.columns.of.items()}
        left = [component for component in share if share[component] >= _WORTH_NAMING]
        self.bench.likely = tuple(
            (component, share[component])
            for component in sorted(left, key=lambda component: (-share[component], component))
        )
        self.bench.suspects = tuple(component for component, _ in self.bench.likely)

    def misfit(self, posterior: Posterior) -> bool:
        """Everything is put down to luck, yet repetitions agree: the truth is none of the hypotheses."""
        rows = _MASKED_ROWS if self.masked() else _MISFIT_ROWS
        lost = len(posterior.rows.y) >= rows and posterior.luck[-1] > _MISFIT
        return lost and self.bench.noise.sd < _LUCKY

    def masked(self) -> bool:
        """Something was faster than all flipped: some of those save time, and halving would not see past them."""
        within = self.bench.level_of(self.columns.within)
        fastest = min(coded(restart) for levels in self.bench.kept_levels.values() for restart in levels)
        return coded(within) - fastest > self.floor(within)

    def designer(self, posterior: Posterior) -> Designer:
        """Chooses the next trial."""
        working = {flips for flips, seen in self.bench.trials if not seen.broken}
        broken = [flips for flips, seen in self.bench.trials if seen.broken]

        def serves(held: Held) -> float:
            return self.columns.serves(held, working, broken)

        top, complete = posterior.sets[0][0], self.complete()

        def claim(belief: Belief) -> Hashable:
            return taken_apart(posterior, belief, complete, self.partial) if belief.members == top else belief.members

        return Designer(posterior, self.costs(posterior.rows), self.close, serves, claim, self.random)

    def close(self, held: Held) -> Held | None:
        """See `Columns.close`; None for what a trial has shown to break, too."""
        closed = self.columns.close(held)
        return None if closed is None or self.bench.broken(self.columns.flips(closed)) else closed

    def costs(self, seen: Rows) -> Costs:
        """Seconds that a trial takes."""
        fast = min(self.bench.found.seconds, decoded(float(np.min(seen.y)), seen.measure))
        restart = self.bench.price
        ceiling = math.inf if seen.measure is Measure.MEMORY else math.log(CAP_FACTOR * fast)
        return Costs(restart, requests(restart, fast, most=_MOST_REQUESTS), ceiling)

    def nobody_left(self, claim: Claim) -> bool:
        """Whether the likeliest set costs nothing, beyond doubt."""
        return claim.probability > 1 - DELTA and not claim.parts.slow

    def claim(self, posterior: Posterior) -> Claim:
        """The likeliest."""
        return claimed(posterior, self.complete(), self.partial)

    def at_least(self, posterior: Posterior, parts: Parts) -> Claim | None:
        """That these are to blame, whoever else is, with the likeliest belief that says so."""
        members, complete = {member for part in parts.slow for member in part}, self.complete()
        weighty = takewhile(lambda belief: belief.probability >= _NEGLIGIBLE, posterior.beliefs)
        held = [
            belief
            for belief in weighty
            if members <= set(belief.members)
            and {*parts.slow} <= {*taken_apart(posterior, belief, complete, self.partial).slow}
        ]
        return Claim(parts, held[0], sum(belief.probability for belief in held)) if held else None

    def complete(self) -> float:
        """Log ratio of the site as found to everything flipped, by a complete measurement where the others were cut."""
        return coded(self.bench.level_of(NOTHING)) - coded(self.bench.level_of(self.columns.within))
