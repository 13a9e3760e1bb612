"""What a planner asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from modbisect.model.components import ComponentId, Configuration
from modbisect.model.site import Ageing, Measure

_FEWEST_REQUESTS = 4
_SHORTEST_SECONDS = 1e-6
_FEWEST_ALIKE = 8
_FAR = 1.1
"""In logs: a request counts as no farther off than that."""
_KNOWN = 0.05
"""Standard error of the median, in logs, below which a further request tells nothing beside the luck of the restart."""
_MEDIAN_PENALTY = math.pi / 2
"""Variance of a median beside that of a mean."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Between two levels of latency that a trial may show."""

    log_seconds: float
    """The limit, as the log of a typical request's seconds."""
    least: float
    """How far from the limit the log of the median has to be, after many requests, to be surely on one side of it."""
    more: float
    """How much farther it has to be after a single request; half of that after two, and so on."""


@dataclass(frozen=True, slots=True)
class Enough:
    """When a window may end before its last request: it is clear at which level it is, or the level is known."""

    limits: tuple[Limit, ...] = ()

    def __call__(self, seconds: Sequence[float]) -> bool:
        """Whether these requests are enough."""
        return self.is_clear(seconds) or _are_alike(seconds)

    def is_clear(self, seconds: Sequence[float]) -> bool:
        """Whether they tell on which side of every limit the trial is."""
        count = len(seconds)
        if count < _FEWEST_REQUESTS or not self.limits:
            return False
        here = _centre(seconds)
        return all(abs(here - limit.log_seconds) >= limit.least + limit.more / count for limit in self.limits)


def _are_alike(seconds: Sequence[float]) -> bool:
    """Whether their median is known well enough; one that is far off speaks against the whole window."""
    count = len(seconds)
    if count < _FEWEST_ALIKE:
        return False
    here = _centre(seconds)
    squares = sum(min(abs(math.log(max(each, _SHORTEST_SECONDS)) - here), _FAR) ** 2 for each in seconds)
    return math.sqrt(_MEDIAN_PENALTY * squares / (count - 1) / count) <= _KNOWN


def _centre(seconds: Sequence[float]) -> float:
    return math.log(max(median(seconds), _SHORTEST_SECONDS))


@dataclass(frozen=True, slots=True)
class Ask:
    """What a planner wants to know next."""

    configuration: Configuration
    requests: int
    """How many measured requests of the symptom's probe."""
    cap: float
    """Seconds after which a request is cut off and counts as at least that slow."""
    why: str
    """For a person: what this trial is for."""
    left: int
    """About how many trials come after this one."""
    stage: str = "search"
    """``baseline``, ``search``, ``confirm`` or ``residual``."""
    suspects: tuple[tuple[ComponentId, float], ...] = ()
    """The likeliest suspects with their probability, 0 to 1, to be of the culprit; the likeliest first."""
    enough: Enough | None = None
    """Fewer requests will do when they are as clear as this."""
    measure: Measure | None = None
    """Which figure is wanted; None: the symptom's."""
    age: Ageing | None = None
    """What comes before the window."""
    through: bool = False
    """The symptom's probes are asked although another is broken."""
