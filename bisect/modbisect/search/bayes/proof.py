"""The proof, with fresh trials only: blocks in random order until the predicted contrasts are beyond doubt, or refuted.

Each culprit is asked two things: necessary (as found beside it flipped, the other culprits flipped in both), and
sufficient (everything else flipped beside everything flipped); members of a set also whether the others do without.
Evidence is the likelihood ratio of the effect predicted by the search to none, the luck of restarts averaged out with
what the search learned of it on both sides. It may be looked at after every block (as an e-value; Grunwald, de Heide
and Koolen 2024), and is as good as that knowledge of the luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from modbisect.model import Confirmation, Finding, Measurement, Verdict
from modbisect.search.bayes.posterior import LUCK
from modbisect.search.bayes.rows import Array, location, spread
from modbisect.search.bench import Bench
from modbisect.search.confirm import everything, finding
from modbisect.search.minimal import Culprit
from modbisect.search.problem import NOTHING, Flips, Talk

_SHRUNK = (1.0, 1 / 1.4)
"""The search may have picked a lucky estimate: the effect is also tried smaller."""
_MOST_BLOCKS = 20
_EACH = math.log(4)
"""What each contrast has to say at least; all of a culprit's together say more."""
_REFUTED = math.log(0.05)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two configurations, the first predicted to be slower."""

    slow: Flips
    fast: Flips
    state: str
    """The word for the slow one in a confirmation."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One set of culprits to be proven together."""

    bench: Bench
    culprits: Sequence[Culprit]
    predict: Callable[[Flips], float]
    """Log seconds by the search."""
    luck: Array
    """Weights of ``LUCK``, by the search."""
    ceiling: float
    delta: float

    def contrasts(self, culprit: Culprit) -> list[Contrast]:
        """What is asked of one culprit."""
        bench = self.bench
        others = everything([one for one in self.culprits if one is not culprit], bench)
        off = bench.feasible.close(others | culprit.components) or NOTHING
        alone = bench.fast - culprit.held
        asked = [Contrast(others, off, "on"), Contrast(alone, bench.fast, "alone")]
        if len(culprit.components) > 1:
            for one in sorted(culprit.components):
                fewer = bench.feasible.hold(culprit.held - {one}, bench.fast)
                if one not in fewer:
                    asked.append(Contrast(alone, bench.fast - fewer, "alone"))
        # Where it is the only suspect, both questions are the same.
        distinct = {(one.slow, one.fast): one for one in reversed(asked) if one.slow != one.fast}
        return list(reversed(distinct.values()))

    def run(self, random: Random) -> Talk[list[Finding] | str]:
        """Findings for all culprits, or the reason why not."""
        asked = {index: self.contrasts(one) for index, one in enumerate(self.culprits)}
        contrasts = list(dict.fromkeys(one for each in asked.values() for one in each))
        if any(self.predict(one.slow) <= self.predict(one.fast) for one in contrasts):
            return "the search does not predict what would have to be seen"
        likelihoods = {one: np.zeros((1 + len(_SHRUNK), len(LUCK))) for one in contrasts}
        seen: list[tuple[Flips, Measurement]] = []
        for block in range(_MOST_BLOCKS):
            fresh: dict[Flips, Measurement] = {}
            order = sorted({flips for one in contrasts for flips in (one.slow, one.fast)}, key=sorted)
            random.shuffle(order)
            for at, flips in enumerate(order):
                why = f"confirm: {len(flips)} flipped" + (f", round {block + 1}" if block else "")
                fresh[flips] = yield from self.bench.ask(flips, why, stage="confirm", left=len(order) - at - 1)
                if fresh[flips].broken:
                    return f"{why}: {fresh[flips].broken}"
            seen += fresh.items()
            for one in contrasts:
                likelihoods[one] += self._likelihoods(one, fresh)
            evidence = {one: self._log_ratio(table) for one, table in likelihoods.items()}
            refuted = min(contrasts, key=lambda one: evidence[one])
            if evidence[refuted] < _REFUTED:
                return f"not confirmed: {len(refuted.slow)} flipped is not slower than {len(refuted.fast)} flipped"
            if all(self._proven([evidence[one] for one in each]) for each in asked.values()):
                return [self._finding(one, asked[index], seen) for index, one in enumerate(self.culprits)]
        return f"{_MOST_BLOCKS} rounds of confirmation were not enough to tell"

    def _proven(self, evidence: Sequence[float]) -> bool:
        """Beyond doubt together, and each on its own probable."""
        sure = -math.log(self.delta)
        return sum(evidence) >= sure and min(evidence) >= _EACH

    def _likelihoods(self, one: Contrast, fresh: dict[Flips, Measurement]) -> Array:
        """Log likelihoods of no effect and of those predicted, (effects, luck)."""
        slow, fast = fresh[one.slow], fresh[one.fast]
        seen = min(self.ceiling, location(slow)) - min(self.ceiling, location(fast))
        variance = 2 * LUCK**2 + sum(spread([each]) / len(each.requests) for each in (slow, fast))
        predicted = self.predict(one.slow) - self.predict(one.fast)
        effects = np.array([0.0, *(predicted * factor for factor in _SHRUNK)])
        result: Array = -0.5 * (seen - effects[:, None]) ** 2 / variance - 0.5 * np.log(variance)
        return result

    def _log_ratio(self, table: Array) -> float:
        each = np.logaddexp.reduce(table + np.log(np.maximum(self.luck, 1e-9)), axis=1)
        return float(np.logaddexp.reduce(each[1:]) - math.log(len(_SHRUNK)) - each[0])

    def _finding(
        self, culprit: Culprit, contrasts: Sequence[Contrast], seen: Sequence[tuple[Flips, Measurement]]
    ) -> Finding:
        bench, on, off = self.bench, contrasts[0].slow, contrasts[0].fast
        states = {one.slow: one.state for one in contrasts} | {one.fast: "off" for one in contrasts}
        middle = (self.predict(on) + self.predict(off)) / 2
        confirmations = []
        for flips, one in seen:
            if flips in states:
                here = location(one)
                cut = 2 * sum(request.censored for request in one.requests) >= len(one.requests)
                verdict = Verdict.SLOW if here > middle else Verdict.FAST
                confirmations.append(Confirmation(states[flips], verdict, math.exp(here), cut))
        return finding(bench, culprit, on, off, confirmations)
