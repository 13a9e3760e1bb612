"""Simulated sites: luck of restarts, heavy-tailed requests, culprits of several kinds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from modbisect.model import AS_FOUND, Ask, Component, ComponentId, Kind, Measurement, Request, Symptom
from modbisect.search import Flips, Problem

FAST = 0.2
"""Seconds."""
RESTART = 1.0
"""Seconds."""
LUCK = 0.10
"""Standard deviation of log latency from restart to restart ..."""
SCATTER = 0.45
"""... and between the requests of one."""
_TAIL = (0.02, 5.0)
"""So many requests, slower by so much: a collector, a cold cache."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: which sets cost how much, and what the user says matters."""

    name: str
    sizes: tuple[int, ...]
    factors: tuple[float, ...]
    ratio: float = 1.5


CASES = (
    Case("nothing wrong", (), ()),
    Case("single x1.2", (1,), (1.2,), ratio=1.15),
    Case("single x2", (1,), (2.0,)),
    Case("single x100", (1,), (100.0,)),
    Case("together x2.5", (2,), (2.5,)),
    Case("two x2 x3", (1, 1), (2.0, 3.0)),
)


@dataclass(frozen=True, slots=True)
class Simulated:
    """One site; answers asks, the same to the same asks."""

    components: tuple[Component, ...]
    culprits: tuple[tuple[Flips, float], ...]
    ratio: float
    seed: int

    @property
    def truth(self) -> frozenset[tuple[ComponentId, ...]]:
        """The sets to be found."""
        return frozenset(tuple(sorted(members)) for members, _ in self.culprits)

    def seconds(self, flips: Flips) -> float:
        """The typical latency, luck left out."""
        return FAST * math.prod(factor for members, factor in self.culprits if not members & flips)

    def problem(self) -> Problem:
        """As found: measured without a restart."""
        random = Random(self.seed - 1)  # noqa: S311  an imagined site, no secret
        found = self._window(self.seconds(frozenset()), 20, math.inf, random)
        return Problem(
            self.components,
            Measurement(AS_FOUND, found),
            Symptom("page", ratio=self.ratio),
            self.seed,
            restart_seconds=RESTART,
        )

    def answer(self, ask: Ask, random: Random) -> Measurement:
        """One trial; its seconds are the restart's and the requests'."""
        window = self._window(self.seconds(ask.configuration.flipped), ask.requests, ask.cap, random)
        busy = RESTART + sum(one.seconds for one in window)
        return Measurement(ask.configuration, window, restart_seconds=RESTART, seconds=busy)

    def _window(self, seconds: float, count: int, cap: float, random: Random) -> tuple[Request, ...]:
        here = seconds * math.exp(random.gauss(0, LUCK))
        requests: list[Request] = []
        while len(requests) < count:
            one = here * math.exp(random.gauss(0, SCATTER)) * (_TAIL[1] if random.random() < _TAIL[0] else 1.0)
            requests.append(Request("page", min(one, cap), status=200, censored=one > cap))
            # A run stops waiting once all there is was cut off.
            if len(requests) == 2 and all(request.censored for request in requests):  # noqa: PLR2004  as the run does
                break
        return tuple(requests)


def simulate(case: Case, size: int, seed: int) -> Simulated:
    """A site of that case with so many components, the culprits anywhere among them."""
    random = Random(seed)  # noqa: S311  an imagined site, no secret
    names = [f"c{number:03}" for number in range(size)]
    chosen = iter(random.sample(names, sum(case.sizes)))
    culprits = tuple(
        (frozenset(next(chosen) for _ in range(count)), factor)
        for count, factor in zip(case.sizes, case.factors, strict=True)
    )
    components = tuple(Component(name, Kind.PHP_MODULE, name, on=True) for name in names)
    return Simulated(components, culprits, case.ratio, seed)
