"""Simulated sites: culprits of several kinds, dependencies, what breaks, and a server that answers."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from noise import STRANGE, USUAL, Array, Noise, Weather

from modbisect.model import (
    AS_FOUND,
    Aged,
    Ageing,
    Ask,
    Component,
    ComponentId,
    Enough,
    Measurement,
    Request,
    Symptom,
)
from modbisect.probe.process import thinned
from modbisect.search import Feasible, Flips, Problem

FAST = 0.2
"""Usual seconds of a page with every culprit flipped."""
RESTART = 1.0
"""Seconds."""
_QUICK = 2.0
"""A page faster than this is asked for more than once as found, as a run does ..."""
_AGAIN, _AGAIN_SECONDS = 0.25, 5.0
"""... and a slower one once more, up to so much of what it took first, and to so many seconds."""
_FOUND_REQUESTS = 10
_WARM_UP = 3
CUT_OFF = 2
"""A window ends when its first so many requests were cut off ..."""
_MOSTLY_CUT_OFF = (5, 0.6)
"""... or of at least so many more than this share."""
BUILT = 300
"""Requests after a restart; as found there were that many."""
_CHUNK, _CROWDED, _IN_A_ROW = 12, 3.0, 3
"""Of an ageing: requests a few at once, how much longer they take for that, and singles that show it."""
_OFF_SHARE = 0.2
"""Components that are off in production, where some are."""


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of site: which sets of components cost how much, and what the user says matters."""

    name: str
    text: str
    culprits: tuple[tuple[int, float], ...] = ()
    """(members, factor) of each; slow by the factor while all of its members are in production state."""
    ratio: float = 1.5
    """Smallest slowdown that matters, as the user says it."""
    additive: bool = False
    """Each culprit adds its seconds, instead of multiplying."""
    fast: float = FAST
    """Seconds of its page with every culprit flipped."""
    alone: float = 1.0
    """One member of the first culprit costs so much where the others are flipped."""
    mask: float = 1.0
    """One more component makes it slower by so much once it is flipped ..."""
    masks: int = 1
    """... or so many, each by that."""
    saves: bool = False
    """Such a component is known to save time on most sites."""
    depends: float = 0.0
    """This share depends on another component; declared."""
    builds: bool = False
    """Slower by the factor only after so many requests as ``BUILT``, and twice as slow after twice as many."""
    essential: int = 0
    """So many cannot be flipped; not declared."""
    off: bool = False
    """The culprits, and some others, are off in production."""
    seen: tuple[float, float] = (0.0, 0.0)
    """Shares of the slow request's time in which a look saw one member of a culprit, and somebody innocent."""
    sizes: tuple[int, ...] = ()
    """Numbers of components at which it is a row; empty for all."""
    noise: Noise = USUAL


_FEW = (32,)
_PLAIN = (
    Case("x2", "one culprit, x2", ((1, 2.0),)),
    Case("x100", "one culprit, x100", ((1, 100.0),)),
    Case("together", "x2.5 only while both of a pair are as found", ((2, 2.5),)),
    Case("two", "x1.5 and x2; the user says 1.3", ((1, 1.5), (1, 2.0)), ratio=1.3),
    Case("x1.2", "one culprit, x1.2; the user says 1.15", ((1, 1.2),), ratio=1.15),
    Case("nothing", "no culprit; smallest effect 1.5"),
    Case("three", "x1.5, x2 and x3; the user says 1.3", ((1, 1.5), (1, 2.0), (1, 3.0)), ratio=1.3, sizes=_FEW),
    Case(
        "additive", "x2 and x2, in seconds not in factors", ((1, 2.0), (1, 2.0)), ratio=1.3, additive=True, sizes=_FEW
    ),
    Case("mask", "x2, beside a component that costs x3 once flipped", ((1, 2.0),), mask=3.0, sizes=_FEW),
    Case("saver", "x2, beside a known accelerator: x10 without", ((1, 2.0),), mask=10.0, saves=True, sizes=_FEW),
    Case(
        "two-masks",
        "x2 and x3, beside two that cost x3 once flipped; the user says 1.3",
        ((1, 2.0), (1, 3.0)),
        ratio=1.3,
        mask=3.0,
        masks=2,
        sizes=_FEW,
    ),
    Case(
        "infeasible", "x2; a quarter depend on another; 2 break it", ((1, 2.0),), depends=0.25, essential=2, sizes=_FEW
    ),
    Case("off", "x2 by a component that is off; a fifth are", ((1, 2.0),), off=True, sizes=_FEW),
    Case("slow-page", "x2 of a page that takes 5 s when all is well", ((1, 2.0),), fast=5.0, sizes=_FEW),
    Case("builds x1.5", "x1.5 after 300 requests; the user says 1.3", ((1, 1.5),), ratio=1.3, builds=True, sizes=_FEW),
    Case("builds x5", "x5 after 300 requests", ((1, 5.0),), builds=True, sizes=_FEW),
    Case("builds x50", "x50 after 300 requests", ((1, 50.0),), builds=True, sizes=_FEW),
    Case("costly-member", "x600 while both of a pair are as found; x2.1 by one", ((2, 600.0),), alone=2.1, sizes=_FEW),
)
_RIGHT, _WRONG, _FAINT = (0.6, 0.2), (0.1, 0.9), (0.12, 0.08)
_SEEN = (
    Case("needs", "x100; 6 break it", ((1, 100.0),), essential=6, sizes=_FEW),
    *(
        Case(f"{word} {name}", f"{text}; {what}", culprits, essential=essential, seen=seen, sizes=_FEW)
        for word, what, seen in (
            ("seen", "a look saw one of them for 60 %, an innocent for 20 %", _RIGHT),
            ("wrong", "a look saw one of them for 10 %, an innocent for 90 %", _WRONG),
            ("faint", "a look saw one of them for 12 %, an innocent for 8 %", _FAINT),
        )
        for name, text, culprits, essential in (
            ("x100", "one culprit, x100", ((1, 100.0),), 0),
            ("x2", "one culprit, x2", ((1, 2.0),), 0),
            ("needs", "x100; 6 break it", ((1, 100.0),), 6),
            ("together", "x2.5 only while both of a pair are as found", ((2, 2.5),), 0),
            ("nothing", "no culprit", (), 0),
        )
    ),
)
MISSED = Case("x1.5", "one culprit, x1.5: what an answer of 'nothing' may have missed", ((1, 1.5),))


def _with(case: Case, noise: Noise) -> Case:
    text = f"{case.text}; {noise.text}"
    return Case(f"{case.name}/{noise.name}", text, case.culprits, case.ratio, sizes=_FEW, noise=noise)


CASES: tuple[Case, ...] = (
    *_PLAIN,
    *_SEEN,
    *(_with(one, noise) for noise in STRANGE.values() for one in _PLAIN if one.name in {"x2", "together", "nothing"}),
)


@dataclass(frozen=True, slots=True)
class Site:
    """One simulated site."""

    components: tuple[Component, ...]
    culprits: tuple[tuple[Flips, float], ...]
    case: Case
    seed: int
    costly: Flips = frozenset()
    """Costs something alone."""
    protective: Flips = frozenset()
    essential: Flips = frozenset()
    feasible: Feasible = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feasible", Feasible(self.components))

    @property
    def truth(self) -> frozenset[Flips]:
        """The sets to be found."""
        return frozenset(members for members, _ in self.culprits)

    def latency(self, flips: Flips, sent: float = BUILT) -> float:
        """Seconds, luck left out, after so many requests."""
        built = sent / BUILT if self.case.builds else 1.0
        factors = [1 + (factor - 1) * built for members, factor in self.culprits if not members & flips]
        if self.costly and not self.costly & flips and self.culprits[0][0] & flips:
            factors.append(self.case.alone)
        slower = 1 + sum(one - 1 for one in factors) if self.case.additive else math.prod(factors)
        return self.case.fast * slower * self.case.mask ** len(self.protective & flips)

    def broken(self, flips: Flips) -> str:
        """Why it does not serve with these flips; empty when it does."""
        if self.feasible.close(flips) != flips:
            return "configuration test: a dependency is missing"
        return "status 500" if flips & self.essential else ""


@dataclass(slots=True)
class Server:
    """A site that answers, and counts what that takes."""

    site: Site
    weather: Weather = field(init=False)
    problem: Problem = field(init=False)
    """What is known at the start; being measured as found is counted."""
    restarts: int = 0
    requests: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    """Seconds that simulating took, which are no strategy's."""
    aged: Aged | None = None
    """Of the trial that is under way."""

    def __post_init__(self) -> None:
        site = self.site
        self.weather = Weather(site.case.noise, np.random.default_rng(site.seed))
        self.problem = Problem(
            site.components,
            self._found(),
            Symptom("page", ratio=site.case.ratio),
            site.seed,
            restart_seconds=RESTART,
        )

    def window(
        self,
        flips: Flips,
        count: int,
        cap: float = math.inf,
        enough: Enough | None = None,
        age: Ageing | None = None,
    ) -> Array | None:
        """Restarts with these flips; seconds of each request, at most the cap. None when it is broken."""
        began = time.process_time()
        self.restarts += 1
        self.seconds += RESTART
        off = self.weather.restart()
        seen = None
        if not self.site.broken(flips):
            self.aged = self._age(flips, age, off, cap) if age else None
            sent = (self.aged.requests if self.aged else 0) + np.arange(count)
            each = np.array([self.site.latency(flips, one) for one in sent.tolist()])
            seen = np.minimum(each * np.exp(off + self.weather.requests(count)), cap)
            seen = seen[: _until(seen >= cap)]
            if enough:
                seen = seen[: next((one for one in range(1, len(seen)) if enough(seen[:one].tolist())), len(seen))]
            self._count(seen)
        self.processor += time.process_time() - began
        return seen

    def answer(self, ask: Ask) -> Measurement:
        """One trial of a conversation."""
        flips = ask.configuration.flipped
        before = self.seconds
        self.aged = None
        seen = self.window(flips, ask.requests, ask.cap, ask.enough, ask.age)
        began = time.process_time()
        if seen is None:
            result = Measurement(
                ask.configuration, broken=self.site.broken(flips), restart_seconds=RESTART, seconds=RESTART
            )
        else:
            window = tuple(Request("page", one, status=200, censored=one >= ask.cap) for one in seen.tolist())
            took = self.seconds - before
            result = Measurement(ask.configuration, window, restart_seconds=RESTART, seconds=took, aged=self.aged)
        self.processor += time.process_time() - began
        return result

    def _age(self, flips: Flips, age: Ageing, off: float, cap: float) -> Aged:
        """Visitors, a few at once, and single requests between them."""
        sent, passed, slow = 0, 0.0, 0
        curve: list[tuple[int, float]] = []
        while passed < age.most and slow < _IN_A_ROW and (sent < age.requests or passed < age.seconds):
            one = min(cap, self.site.latency(flips, sent) * math.exp(off + float(self.weather.requests(1)[0])))
            sent, passed = sent + 1, passed + one
            curve.append((sent, one))
            slow = slow + 1 if age.shown is not None and one > age.shown else 0
            if not slow:
                passed += _CROWDED * self.site.latency(flips, sent)
                sent += _CHUNK
        self.requests += sent
        self.seconds += passed
        return Aged(sent, passed, slow >= _IN_A_ROW, thinned(curve))

    def _found(self) -> Measurement:
        """As a run does: one request, and more of a quick page; no restart, and warm."""
        luck = Weather(self.site.case.noise.settled, np.random.default_rng([self.site.seed, 1]))
        here = self.site.latency(frozenset()) * math.exp(luck.restart())
        seen = here * np.exp(luck.requests(1))
        self._count(seen)
        if seen[0] >= _QUICK:
            again, limit = here * np.exp(luck.requests(1)), min(max(_QUICK, _AGAIN * seen[0]), _AGAIN_SECONDS)
            self._count(np.minimum(again, limit))
            seen = again if again[0] < limit else seen
        if seen[0] < _QUICK:
            self._count(here * np.exp(luck.requests(_WARM_UP)))
            seen = here * np.exp(luck.requests(_FOUND_REQUESTS))
            self._count(seen)
        return Measurement(AS_FOUND, tuple(Request("page", one, status=200) for one in seen.tolist()))

    def _count(self, seen: Array) -> None:
        self.requests += len(seen)
        self.seconds += float(np.sum(seen))


def _until(cut: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """How many requests a window has: it ends early when most were cut off."""
    some, share = _MOSTLY_CUT_OFF
    if not cut.any():
        return len(cut)
    if cut[:CUT_OFF].all():
        return min(CUT_OFF, len(cut))
    cuts = np.cumsum(cut)
    for count in range(some, len(cut)):
        if cuts[count - 1] > share * count:
            return count
    return len(cut)


def simulate(case: Case, size: int, number: int) -> Site:
    """World ``number`` of that case with so many components, the culprits anywhere among them.

    The same under every noise, so that rows can be compared.
    """
    random = Random(f"{case.name.partition('/')[0]} {size} {number}")  # noqa: S311  an imagined site, no secret
    names = [f"c{at:03}" for at in range(size)]
    components = _components(case, names, random)
    feasible = Feasible(components)
    while True:
        chosen = iter(
            random.sample(
                names, sum(count for count, _ in case.culprits) + case.essential + case.masks * (case.mask != 1)
            )
        )
        culprits = tuple((frozenset(next(chosen) for _ in range(count)), factor) for count, factor in case.culprits)
        essential = frozenset(next(chosen) for _ in range(case.essential))
        protective = frozenset(chosen)
        # What cannot be flipped without breaking the site is nobody's to find.
        if not any((feasible.close(members) or essential) & essential for members, _ in culprits):
            break
    if case.saves:
        components = tuple(replace(one, saves=one.id in protective) for one in components)
    if case.off:
        off = frozenset().union(*(members for members, _ in culprits)) | {
            one for one in names if random.random() < _OFF_SHARE
        }
        components = tuple(Component(one.id, one.kind, one.name, on=one.id not in off) for one in components)
    seed = random.getrandbits(32)
    if any(case.seen):
        components = _seen(case, components, culprits, random)
    costly = frozenset(sorted(culprits[0][0])[:1]) if case.alone != 1 else frozenset()
    return Site(components, culprits, case, seed, costly, protective, essential)


def _seen(
    case: Case, components: tuple[Component, ...], culprits: tuple[tuple[Flips, float], ...], random: Random
) -> tuple[Component, ...]:
    """With what a look saw of one member of the first culprit, and of an innocent."""
    guilty = frozenset().union(*(members for members, _ in culprits))
    innocent = random.choice([one.id for one in components if one.id not in guilty])
    shares = {innocent: case.seen[1]}
    if culprits:
        shares[random.choice(sorted(culprits[0][0]))] = case.seen[0]
    return tuple(replace(one, seen=shares.get(one.id, 0.0)) for one in components)


def _components(case: Case, names: list[str], random: Random) -> tuple[Component, ...]:
    def depends() -> Iterator[tuple[ComponentId, frozenset[ComponentId]]]:
        order = random.sample(names, len(names))
        for at, one in enumerate(order):
            yield one, frozenset([random.choice(order[:at])] if at and random.random() < case.depends else [])

    on = dict(depends())
    return tuple(Component(one, "php-module", one, on=True, depends=on[one]) for one in names)
