"""A minimal set of components that makes the site slow, everything else flipped.

What is needed together is found one after the other, each by halving, with those found before ADDed to every
trial, as in Go's cmd/bisect. Answers that follow from earlier trials cost nothing: what holds a slow set is
slow, what is within a fast one is fast. Confirmation, not the search, guards against a site where that is
not so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.model import ComponentId, Verdict
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Flips, Talk

MOST_TOGETHER = 5
"""Larger sets are noise, not culprits."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """A set that reproduces the slowdown, not yet confirmed."""

    components: Flips
    held: Flips
    """They and what they need: what stays as found when they are tried alone."""


@dataclass(frozen=True, slots=True)
class Minimal:
    """One search: among ``within``, with ``slow`` as the slow control."""

    bench: Bench
    within: Flips
    """What the fast control flips."""
    slow: Flips
    """Flips of the slow control: the culprits found before."""

    def search(self, suspects: Sequence[ComponentId]) -> Talk[Culprit | None]:
        """Given that with all suspects as found it is slow, and with none of them fast.

        None when no set of a believable size is slow: the site, or the noise, did not keep to that.
        """
        wanted: Flips = NOTHING
        suspects = tuple(suspects)
        while suspects and not (wanted and (yield from self._slow_with(wanted, f"only {short(wanted)} as found"))):
            self.bench.suspects = tuple(sorted({*wanted, *suspects}))
            if len(wanted) == MOST_TOGETHER:
                return None
            last = yield from self._last_slow(suspects, wanted)
            wanted |= {suspects[last]}
            suspects = suspects[last + 1 :]
        held = yield from self._reduce(self._hold(wanted))
        members = self.bench.feasible.generators(held, self.within)
        self.bench.suspects = tuple(sorted(members))
        if len(members) > 1:
            return (yield from self._untangle(members, held))
        return Culprit(members, held)

    def _last_slow(self, suspects: Sequence[ComponentId], wanted: Flips) -> Talk[int]:
        """The last position from which on the suspects, with those wanted, are slow.

        So the one there is needed. They come in the order in which the trials of ``needs`` flipped them, hence
        much is known already.
        """
        low, high = 0, len(suspects)
        for position in range(1, len(suspects)):
            known = self._known(self._hold(wanted.union(suspects[position:])))
            if known is Verdict.SLOW:
                low = position
            elif known is Verdict.FAST:
                high = position
                break
        middle = self._likely_fast(suspects, wanted, low, high) or (low + high) // 2
        while high - low > 1:
            kept = wanted.union(suspects[middle:])
            why = f"{self._flipped(kept)}; the culprit is among {high - low}"
            if (yield from self._slow_with(kept, why, (high - low).bit_length())):
                low = middle
            else:
                high = middle
            middle = (low + high) // 2
        return low

    def _likely_fast(self, suspects: Sequence[ComponentId], wanted: Flips, low: int, high: int) -> int:
        """The first position that was measured and looked fast, though not surely so; 0 when there is none.

        One more restart of it mostly saves the whole halving.
        """
        threshold = self.bench.judge(self.slow).threshold
        for position in range(low + 1, high):
            flips = self.within - self._hold(wanted.union(suspects[position:]))
            if self.bench.levels(flips) and self.bench.level_of(flips).log_seconds < threshold:
                return position
        return 0

    def _slow_with(self, kept: Flips, why: str, left: int = 0) -> Talk[bool]:
        """Whether it is slow with these as found and all else flipped; broken is not slow."""
        held = self._hold(kept)
        verdict = self._known(held)
        if verdict is Verdict.UNSURE:
            verdict = yield from self.bench.verdict(self.within - held, self.slow, why, left)
        return verdict is Verdict.SLOW

    def _hold(self, kept: Flips) -> Flips:
        return self.bench.feasible.hold(kept, self.within)

    def _flipped(self, kept: Flips) -> str:
        return f"{len(self.within) - len(self._hold(kept))} of {len(self.within)} suspects flipped"

    def _known(self, held: Flips) -> Verdict:
        """What follows from earlier trials; UNSURE when nothing does."""
        judge = self.bench.judge(self.slow)
        for flips, seen in self.bench.seen.items():
            other = self.within - flips
            if flips <= self.within and (other <= held or held <= other):
                verdict = judge.verdict(seen)
                if verdict is Verdict.SLOW and other <= held:
                    return verdict
                if verdict is Verdict.FAST and held <= other:
                    return verdict
        return Verdict.UNSURE

    def _reduce(self, held: Flips) -> Talk[Flips]:
        """Drops a member where what it needs is slow without it."""
        while True:
            generators = self.bench.feasible.generators(held, self.within)
            for member in sorted(generators):
                fewer = held - {member}
                if (
                    generators != held
                    and self._hold(fewer) == fewer
                    and (yield from self._slow_with(fewer, f"is it {short(fewer)}, without {member}?"))
                ):
                    held = fewer
                    break
            else:
                return held

    def _untangle(self, members: Flips, held: Flips) -> Talk[Culprit]:
        """Makes sure that each member is necessary, and that none is slow on its own."""
        bench = self.bench
        for member in sorted(members):
            alone = self._hold(frozenset({member}))
            flips, why = self.within - alone, f"only {member} as found"
            # Costs that add up: each is slow beside the fast control, if not half way to the slow one.
            slower = yield from bench.slower(flips, bench.fast, why, "search")
            if slower and bench.judge(self.slow).counts(bench.level_of(flips)):
                return Culprit(frozenset({member}), alone)
        for member in sorted(members):
            fewer = self._hold(members - {member})
            if len(members) == 1 or member in fewer:
                continue
            verdict = yield from bench.verdict(self.within - fewer, self.slow, f"without {member}")
            if verdict is Verdict.SLOW:
                members, held = members - {member}, fewer
            elif verdict is Verdict.BROKEN:
                # The others do not work without it: a dependency nobody declared, or an accomplice.
                cure = bench.feasible.close(self.slow | (members - {member}))
                why = f"is {member} needed?"
                if cure is not None and (yield from bench.verdict(cure, self.slow, why)) is Verdict.FAST:
                    members -= {member}
        return Culprit(members, held)


def short(ids: Flips) -> str:
    """A few names, or how many there are."""
    names = sorted(ids)
    most = 3
    return ", ".join(names) if len(names) <= most else f"{names[0]} and {len(names) - 1} others"
