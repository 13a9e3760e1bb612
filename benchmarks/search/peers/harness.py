"""What a careful person builds around any of the peers: controls, repeats, a threshold, dependencies, a timeout."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from noise import Array
from sites import CUT_OFF, RESTART, Server

from modbisect.model import ComponentId
from modbisect.search import Flips

CAP = 12.0
"""Times the fast level: where modbisect cuts requests off."""
_MOST_CULPRITS = 5


@dataclass(frozen=True, slots=True)
class Setting:
    """What the user of a peer has to know beforehand, and an oracle tells it here."""

    repeats: int
    """Restarts of each configuration, or as the peer says."""
    requests: int = 30
    """In each restart."""
    capped: bool = True
    """Requests are cut off at 12 x the fast level."""
    variant: str = ""
    """``fine``: the threshold is half the smallest slowdown that matters, not halfway between the controls."""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"r={self.repeats} n={self.requests}", "cap" * self.capped, self.variant)))

    def seconds(self, slowdown: float, fast: float) -> float:
        """What a configuration takes if every other one is slow by so much: what puts the cheaper first.

        ``fast``: seconds of a page when all is well.
        """
        slow = min(slowdown, CAP) if self.capped else slowdown
        count = min(self.requests, CUT_OFF) if slow < slowdown else self.requests
        return self.repeats * (RESTART + fast * (self.requests + slow * count) / 2)


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to search."""

    play: Callable[[Server, Setting], Flips | None]
    """Plays one site: whom it accuses, or None when it could not tell."""
    grid: tuple[Setting, ...]
    most_worlds: int = 1_000_000
    """No more sites a row, for one that takes long to think."""


def grid(repeats: Iterable[int], *variants: str) -> tuple[Setting, ...]:
    """All combinations with few and the usual number of requests, cut off and not."""
    return tuple(
        Setting(r, n, capped, variant)
        for r in repeats
        for n in (5, 10, 30)
        for capped in (True, False)
        for variant in (variants or ("",))
    )


@dataclass(slots=True)
class Harness:
    """Measures configurations of one site; what it breaks without stays as found."""

    server: Server
    setting: Setting
    suspects: tuple[ComponentId, ...] = field(init=False)
    """Dependents before what they depend on: the first few can always be flipped together."""
    found: list[Array] = field(default_factory=list)
    """The site as found: log seconds of each restart."""
    cap: float = math.inf
    fast: float = 0.0
    """Level of everything flipped, log seconds ..."""
    slow: float = 0.0
    """... and as found."""

    def __post_init__(self) -> None:
        self.suspects = self.server.site.feasible.ordered(one.id for one in self.server.site.components)

    @property
    def everything(self) -> Flips:
        """All that can be flipped."""
        return frozenset(self.suspects)

    @property
    def least(self) -> float:
        """Half the smallest slowdown that matters, in log latency: what lies halfway between it and none."""
        return math.log(self.server.site.case.ratio) / 2

    @property
    def margin(self) -> float:
        """How far above fast slow begins, in log latency."""
        return self.least if self.setting.variant == "fine" else max(self.least, (self.slow - self.fast) / 2)

    def control(self) -> bool:
        """Measures everything flipped and the site as found. Whether the latter is slower by what matters."""
        seen = self.windows(self.everything)
        if not seen:
            # Only then is it worth to try each one.
            self.suspects = tuple(one for one in self.suspects if self.server.window(self.close({one}), 1) is not None)
            seen = self.windows(self.everything)
        self.fast = level(seen)
        if self.setting.capped:
            self.cap = CAP * math.exp(self.fast)
        self.found = self.windows(frozenset())
        self.slow = level(self.found)
        return self.slow - self.fast >= self.least

    def windows(self, flips: Flips, repeats: int = 0) -> list[Array]:
        """The log seconds of each restart with these flips; none when they break it."""
        seen: list[Array] = []
        for _ in range(repeats or self.setting.repeats):
            one = self.server.window(flips, self.setting.requests, self.cap)
            if one is None:
                break
            seen.append(np.log(one))
        return seen

    def is_slow(self, flips: Flips, repeats: int = 0) -> bool:
        """Whether it is slow with these flips. What is broken cures nothing."""
        return level(self.windows(flips, repeats)) > self.fast + self.margin

    def close(self, flips: Iterable[ComponentId]) -> Flips:
        """With those that depend on them."""
        return self.server.site.feasible.close(flips) or frozenset()

    def hold(self, kept: Iterable[ComponentId]) -> Flips:
        """All flipped but these, and what they depend on."""
        return self.everything - self.server.site.feasible.hold(kept, self.everything)


def level(seen: Sequence[Array]) -> float:
    """Median of the restarts' median log seconds: with an odd number of restarts, what most of them say."""
    return median([float(np.median(one)) for one in seen] or [math.inf])


Test = Callable[[Iterable[ComponentId]], bool]
"""Whether the site is slow with these as found, and all others flipped."""


def one_after_another(harness: Harness, search: Callable[[Sequence[ComponentId], Test], Flips]) -> Flips | None:
    """Finds a minimal slow set, flips it, and goes on while the rest is slow.

    None when a set that was found is not slow when it is tried again.
    """
    if not harness.control():
        return frozenset()
    accused: Flips = frozenset()
    for _ in range(_MOST_CULPRITS):
        flipped = harness.close(accused)
        if accused and (flipped >= harness.everything or not harness.is_slow(flipped)):
            return accused

        def slow(kept: Iterable[ComponentId], flipped: Flips = flipped) -> bool:
            return harness.is_slow(harness.hold(kept) | flipped)

        # What others depend on first, since those are only as found together with it.
        found = search([one for one in reversed(harness.suspects) if one not in flipped], slow)
        if not found or not slow(found):
            return None
        accused |= found
    return None
