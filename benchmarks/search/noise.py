"""How simulated servers vary: the noise that the planner assumes, and noise that it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """One kind of weather. Spreads are of log latency; what is slower is slower by a factor."""

    name: str = ""
    text: str = "as the planner assumes"
    luck: float = 0.10
    """Standard deviation from restart to restart ..."""
    scatter: float = 0.45
    """... and between the requests of one."""
    tail: tuple[float, float] = (0.02, 5.0)
    """So many requests, slower by so much: a collector, a lock."""
    drift: float = 0.05
    """Standard deviation of how far the site has moved after ``DRIFT_RESTARTS``; it moves evenly, then stays."""
    moved: float = 1.0
    """A drift of this factor instead, up or down."""
    memory: float = 0.0
    """Correlation of a restart's luck with the one before."""
    fickle: tuple[float, float] = (0.0, 1.0)
    """So many restarts come up slower by so much, for no reason."""
    busy: float = 1.0
    """Slower by so much in the busy stretches of ``BUSY_RESTARTS`` on average, a quarter of all."""
    regime: float = 1.0
    """Slower by so much in one stretch of ``REGIME_RESTARTS`` that begins somewhere in a run, and ends for good."""
    cold: float = 1.0
    """The first ``COLD_REQUESTS`` after a restart, and less and less the first restarts of the run."""

    @property
    def settled(self) -> Noise:
        """That of a server which has been up for long."""
        return replace(self, cold=1.0, drift=0.0, moved=1.0, regime=1.0)


DRIFT_RESTARTS = 40
BUSY_RESTARTS = 6
REGIME_RESTARTS = 6
_REGIME_BEGINS = 12
"""At the latest."""
_BUSY_SHARE = 0.25
COLD_REQUESTS = 5
_COLD_RUN = 1.5
"""The first restart of a run with cold caches; a third less after each further one."""

USUAL = Noise()
STRANGE: Mapping[str, Noise] = {
    one.name: one
    for one in (
        replace(USUAL, name="ar1", text="luck of restarts correlated .7 with the one before", memory=0.7),
        replace(USUAL, name="bimodal", text="25 % of restarts x1.5 slow for no reason", fickle=(0.25, 1.5)),
        replace(USUAL, name="busy", text="stretches of about 6 restarts x1.5 slow", busy=1.5),
        replace(USUAL, name="cold", text="first 5 requests x4, first restarts up to x1.5", cold=4.0),
        replace(USUAL, name="luck", text="luck of restarts .25", luck=0.25),
        replace(USUAL, name="tail", text="8 % of requests x20", tail=(0.08, 20.0)),
        replace(USUAL, name="regime", text="x3 slow in one stretch of 6 restarts of the first 18", regime=3.0),
        replace(
            USUAL, name="quiet", text="luck of restarts .03, scatter .05", luck=0.03, scatter=0.05, tail=(0.0, 1.0)
        ),
        replace(USUAL, name="drift", text="moves by x1.3 over 40 restarts", moved=1.3),
    )
}
STILL = Noise("still", "no noise at all", luck=0.0, scatter=0.0, tail=(0.0, 1.0), drift=0.0)


@dataclass(slots=True)
class Weather:
    """The noise of one run, restart by restart."""

    noise: Noise
    rng: np.random.Generator
    restarts: int = 0
    _luck: float = 0.0
    _busy: bool = False
    _drift: float = field(init=False)
    _regime: int = field(init=False)
    """The restart that its stretch begins with."""

    def __post_init__(self) -> None:
        noise, rng = self.noise, self.rng
        sign = 1 if rng.random() < 0.5 else -1  # noqa: PLR2004  a coin
        self._drift = sign * math.log(noise.moved) if noise.moved != 1 else rng.normal(0, noise.drift)
        self._busy = rng.random() < _BUSY_SHARE
        self._regime = int(rng.integers(_REGIME_BEGINS)) if noise.regime != 1 else 0

    def restart(self) -> float:
        """How far this restart is off, in log latency."""
        noise, rng = self.noise, self.rng
        keep = noise.memory if self.restarts else 0.0
        self._luck = keep * self._luck + math.sqrt(1 - keep**2) * rng.normal(0, noise.luck)
        # Stretches end so often that they last as long as they should, and begin so that they hold their share.
        turn = 1 / BUSY_RESTARTS if self._busy else _BUSY_SHARE / (1 - _BUSY_SHARE) / BUSY_RESTARTS
        self._busy = self._busy != (rng.random() < turn)
        off = self._luck + self._drift * min(1.0, self.restarts / DRIFT_RESTARTS)
        off += math.log(noise.busy) if self._busy else 0.0
        off += math.log(noise.fickle[1]) if rng.random() < noise.fickle[0] else 0.0
        if self._regime <= self.restarts < self._regime + REGIME_RESTARTS:
            off += math.log(noise.regime)
        if noise.cold != 1:
            off += math.log(_COLD_RUN) * (2 / 3) ** self.restarts
        self.restarts += 1
        return off

    def requests(self, count: int) -> Array:
        """How far each request of a window is off its restart, in log latency."""
        noise, rng = self.noise, self.rng
        off: Array = rng.normal(0, noise.scatter, count)
        off += np.where(rng.random(count) < noise.tail[0], math.log(noise.tail[1]), 0.0)
        if noise.cold != 1:
            off[:COLD_REQUESTS] += math.log(noise.cold)
        return off
