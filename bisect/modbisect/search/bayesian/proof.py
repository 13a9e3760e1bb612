"""The proof, with fresh trials only: blocks in random order until the predicted effect is beyond doubt, or refuted.

Each culprit is asked two things: necessary (as found beside each member flipped, the other culprits flipped in both),
and sufficient (slow with everything else flipped). Evidence is the likelihood ratio of the effect predicted by the
search, with its uncertainty, to none, the luck of restarts averaged out with what the search learned of it on both
sides. It may be looked at after every block (as an e-value; Grunwald, de Heide and Koolen 2024), and is as good as
that knowledge of the luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from modbisect.judging import level
from modbisect.model import Confirmation, Enough, Finding, Measurement, Verdict
from modbisect.search.bayesian.design import enough
from modbisect.search.bayesian.posterior import LUCK, Fit
from modbisect.search.bayesian.rows import Array, coded, decoded, location, spread, variance
from modbisect.search.bench import Bench
from modbisect.search.confirm import everything, finding
from modbisect.search.minimal import Culprit
from modbisect.search.problem import NOTHING, Flips, Talk

_MOST_BLOCKS = 20
_DOUBT = 0.05
"""Chance that fresh trials prove what is not so; what the search knows comes on top."""
_EACH = 0.0
"""What each contrast has to say at least, in nats; all of a culprit's together say more."""
_ALONE = 0.4
"""Of what flipping a culprit saves as found, it has to cost this share alone: else it only takes part in it."""
_PATIENCE = 3
"""Blocks until a share that is too small counts as such."""
_FEWEST, _FEW = 3, 10
_EXPECTED = 9.0
"""What a contrast should say, in nats, where requests can make it."""
_CLEAR = 8.0
"""Nats that tell slow from fast, when no further request is needed."""
_GIVEN_UP = 0.5
_REFUTED = math.log(0.05)
REFUTED = "not confirmed"
TAKES_PART = "alone it costs little of what flipping it saves"


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
    fit: Fit
    """Level, drift and effects, as the search has left them."""
    features: Callable[[Flips], Array]
    """What of a configuration the fit's figures are multiplied with to give its log seconds."""
    luck: Array
    """Weights of ``LUCK``, by the search."""
    ceiling: float
    scatter: float
    """Sampling variance of a level were there one request."""
    most: int
    """Requests in one restart."""
    probability: Callable[[], float]
    """Of the set, by all trials so far."""
    adds_up: bool = False
    """Everybody has a share in the figure, so each contrast has a level of its own: what is proven is a difference."""

    def contrasts(self, culprit: Culprit) -> list[Contrast]:
        """What is asked of one culprit."""
        bench = self.bench
        others = everything([other for other in self.culprits if other is not culprit], bench)
        offs = [bench.feasible.close(others | {component}) or NOTHING for component in sorted(culprit.components)]
        asked = [Contrast(others, off, "on") for off in offs]
        asked.append(Contrast(self._alone_flips(culprit), bench.fast if self.adds_up else offs[0], "alone"))
        # Where it is the only suspect, both questions are the same.
        return list({(contrast.slow, contrast.fast): contrast for contrast in reversed(asked)}.values())[::-1]

    def _alone_flips(self, culprit: Culprit) -> Flips:
        """All but it; where the site breaks without what the culprit itself needs, the most that serves."""
        flips = self.bench.fast - culprit.held
        if not self.bench.broken(flips):
            return flips
        serving = (at for at, seen in self.bench.trials if at and at <= flips and not seen.broken)
        return max(serving, key=len, default=flips)

    def run(self, random: Random) -> Talk[list[Finding] | str]:
        """Findings for all culprits, or the reason why not."""
        asked = {index: self.contrasts(culprit) for index, culprit in enumerate(self.culprits)}
        contrasts = list(dict.fromkeys(contrast for each in asked.values() for contrast in each))
        if any(self._predicted(contrast) <= 0 for contrast in contrasts):
            return "the search does not predict what would have to be seen"
        requests = self._requests(contrasts)
        seen: list[tuple[Flips, Measurement]] = []
        still = list(asked.values())
        for block in range(_MOST_BLOCKS):
            wanted = {flips for each in still for contrast in each for flips in (contrast.slow, contrast.fast)}
            # Several blocks are for small effects, which need as many fast restarts as slow ones.
            order = sorted(wanted | {self.bench.fast} if block else wanted, key=sorted)
            random.shuffle(order)
            for at, flips in enumerate(order):
                why = f"confirm: {len(flips)} flipped" + (f", round {block + 1}" if block else "")
                left = len(order) - at - 1
                count, clear = requests, self._enough(flips, contrasts)
                if requests == _FEWEST and all(flips != contrast.slow for contrast in contrasts):
                    # So few prove it, but leave open whether a smaller culprit is left: that would cost a restart more.
                    count, clear = min(self.most, max(_FEW, self._of_a_restart(flips))), None
                fresh = yield from self.bench.ask(flips, why, stage="confirm", left=left, wanted=count, enough=clear)
                if fresh.broken:
                    return f"{why}: {fresh.broken}"
                seen.append((flips, fresh))
                if self.probability() < _GIVEN_UP:
                    return f"{why}: after that others are likelier"
            if refuted := self._refuted(list(asked.values()), seen, block):
                return f"{REFUTED}: {refuted}"
            still = [each for each in asked.values() if not (self._proven(each, seen) and self._alone(each, seen))]
            if not still:
                return [self._finding(culprit, asked[index], seen) for index, culprit in enumerate(self.culprits)]
        return f"{_MOST_BLOCKS} rounds of confirmation were not enough to tell"

    def _requests(self, contrasts: Sequence[Contrast]) -> int:
        """As few as can be expected to prove all in one block."""
        luck2 = float(self.luck @ LUCK**2)
        least = min(self._predicted(contrast) for contrast in contrasts)
        counts = (
            count for count in range(_FEWEST, self.most) if least**2 >= _EXPECTED * 3 * (luck2 + self.scatter / count)
        )
        return next(counts, self.most)

    def _of_a_restart(self, flips: Flips) -> int:
        """Requests that take no longer than a restart itself."""
        return int(self.bench.problem.restart_seconds / decoded(self._level(flips, self.ceiling), self.bench.measure))

    def _enough(self, flips: Flips, contrasts: Sequence[Contrast]) -> Enough | None:
        """When it is clear on which side of its contrasts a trial is."""
        near = [contrast for contrast in contrasts if flips in (contrast.slow, contrast.fast)]
        if not near:
            return None
        nearest = min(near, key=self._predicted)
        levels = {self._level(each, self.ceiling) for each in (nearest.slow, nearest.fast)}
        return enough(sorted(levels), float(self.luck @ LUCK**2), self.scatter, _CLEAR)

    def _proven(self, contrasts: Sequence[Contrast], seen: Sequence[tuple[Flips, Measurement]]) -> bool:
        """Beyond doubt together, and each on its own more likely than not."""
        alone = [self._log_ratio([contrast], seen, only=True) for contrast in contrasts]
        together = sum(alone) if self.adds_up else self._log_ratio(contrasts, seen)
        return together >= -math.log(_DOUBT) and min(alone) > _EACH

    def _refuted(self, asked: Sequence[list[Contrast]], seen: Sequence[tuple[Flips, Measurement]], block: int) -> str:
        """Why a culprit is none."""
        for contrast in dict.fromkeys(contrast for each in asked for contrast in each):
            if self._log_ratio([contrast], seen, only=True) < _REFUTED:
                return f"{len(contrast.slow)} flipped is not slower than {len(contrast.fast)} flipped"
        if block + 1 >= _PATIENCE and not all(self._alone(each, seen) for each in asked):
            return TAKES_PART
        return ""

    def _alone(self, contrasts: Sequence[Contrast], seen: Sequence[tuple[Flips, Measurement]]) -> bool:
        """Whether a culprit is as slow with everything else flipped as it is among all."""

        def level_of(flips: Flips) -> float:
            return float(np.mean([min(self.ceiling, location(measurement)) for at, measurement in seen if at == flips]))

        def whole(flips: Flips) -> float:
            """As found, by the complete measurement where the trials were cut off."""
            return level_of(flips) if flips else max(level_of(flips), coded(self.bench.level_of(flips)))

        *most, alone = contrasts
        if alone.state != "alone" or level_of(alone.slow) >= self.ceiling:
            return True
        least = min(whole(contrast.slow) - level_of(contrast.fast) for contrast in most)
        return level_of(alone.slow) - level_of(alone.fast) >= _ALONE * least

    def _level(self, flips: Flips, ceiling: float) -> float:
        """In log seconds, by the search, as far as it can be seen."""
        return min(ceiling, float(self.features(flips) @ self.fit.mean))

    def _predicted(self, contrast: Contrast) -> float:
        """The log ratio by the search."""
        return float((self.features(contrast.slow) - self.features(contrast.fast)) @ self.fit.mean)

    def _log_ratio(
        self, contrasts: Sequence[Contrast], seen: Sequence[tuple[Flips, Measurement]], *, only: bool = False
    ) -> float:
        """Log of how much likelier the fresh trials are with the effect that the search predicts, than with none.

        The effect is that of the search with its uncertainty, the level is free, the luck of restarts averaged out.
        Counts the trials of these contrasts, and unless ``only``, those of the fast control.
        """
        step = self.features(contrasts[0].slow) - self.features(contrasts[0].fast)
        vague = float(step @ self.fit.covariance @ step)
        # What a cut-off request shows of the effect is what the search predicts up to there.
        ceiling = min(
            [self.ceiling, *(location(measurement) for _, measurement in seen if level(measurement).censored)]
        )
        mean = self._level(contrasts[0].slow, ceiling) - self._level(contrasts[0].fast, ceiling)
        slow, fast = {contrast.slow for contrast in contrasts}, {contrast.fast for contrast in contrasts}
        if not only:
            fast.add(self.bench.fast)
        used = [(flips in slow, measurement) for flips, measurement in seen if flips in slow or flips in fast]
        y = np.array([min(ceiling, location(measurement)) for _, measurement in used])[:, None]
        x = np.array([[float(is_slow)] for is_slow, _ in used])
        weight = 1 / (LUCK**2 + np.array([[variance(measurement, spread([measurement]))] for _, measurement in used]))
        total = np.sum(weight, axis=0)
        y, x = (each - np.sum(weight * each, axis=0) / total for each in (y, x))
        pull, size = np.sum(weight * x * y, axis=0), np.sum(weight * x * x, axis=0)
        none = 0.5 * (np.sum(np.log(weight) - weight * y**2, axis=0) - np.log(total))
        gain = 0.5 * (mean / vague + pull) ** 2 / (1 / vague + size) - 0.5 * mean**2 / vague
        some = none + gain - 0.5 * np.log1p(vague * size)
        prior = np.log(np.maximum(self.luck, 1e-9))
        return float(np.logaddexp.reduce(some + prior) - np.logaddexp.reduce(none + prior))

    def _middle(self, flips: Flips, contrasts: Sequence[Contrast]) -> float:
        """Between slow and fast: of all contrasts the first one's, or where it adds up of that with these flips."""
        near = next((contrast for contrast in contrasts if flips in (contrast.slow, contrast.fast)), contrasts[0])
        chosen = near if self.adds_up else contrasts[0]
        return float((self.features(chosen.slow) + self.features(chosen.fast)) @ self.fit.mean) / 2

    def _finding(
        self, culprit: Culprit, contrasts: Sequence[Contrast], seen: Sequence[tuple[Flips, Measurement]]
    ) -> Finding:
        bench, on, off = self.bench, contrasts[0].slow, contrasts[0].fast
        states = {contrast.slow: contrast.state for contrast in contrasts} | {
            contrast.fast: "off" for contrast in contrasts
        }
        if self.adds_up and off != bench.fast:
            states.pop(bench.fast, None)
        confirmations = []
        for flips, measurement in seen:
            if flips in states:
                here = location(measurement)
                cut = level(measurement).censored
                # One that was cut off is slower than where it was, however slow it was as found.
                verdict = Verdict.SLOW if cut or here > self._middle(flips, contrasts) else Verdict.FAST
                confirmations.append(Confirmation(states[flips], verdict, decoded(here, measurement.measure), cut))
        return finding(bench, culprit, on, off, confirmations)
