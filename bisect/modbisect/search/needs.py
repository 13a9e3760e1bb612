"""Which suspects the site cannot do without, and so the largest set that can be flipped.

Group testing (after Hwang, 1972) on a growing set: what was flipped in a trial that served the site stays flipped in
the next, so once the culprit is among it, the trials are fast ones. What most sites need comes last: the others can
then mostly be flipped at one stroke, and the likeliest culprits among them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from modbisect.model import BREAKS, ComponentId
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Flips, Talk

_VITAL_PER_NEED = 5
"""Among those that most sites need, so many for one that this site needs."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A suspect that stays as found, because the site breaks when it is flipped."""

    component: ComponentId
    reason: str
    proven: bool = False
    """It broke on its own; otherwise maybe only together with others."""


@dataclass(frozen=True, slots=True)
class Flippable:
    """What can be flipped at the same time, and what cannot."""

    flips: Flips
    kept: tuple[Kept, ...]
    all: bool = True
    """As many as can be; else learning stopped where the site was fast."""


Enough: TypeAlias = Callable[[Flips], bool]
"""Whether the site, which serves with these flips, is so much faster with them that no more need to be tried."""


def _never(_: Flips) -> bool:
    return False


def learn(bench: Bench, suspects: Sequence[ComponentId], enough: Enough = _never) -> Talk[Flippable]:
    """Finds a maximal set of flips with which the site still serves, or one that is enough."""
    first = _first(bench, suspects)
    everything = bench.feasible.widen(NOTHING, first)
    serves = yield from serves_at_first(bench, suspects)
    if serves and (len(first) == len(suspects) or enough(everything)):
        left_out = _left_out(bench, everything, first)
        return Flippable(everything, tuple(left_out), all=len(first) == len(suspects))
    # Of everything it was to be expected, and says little.
    flips: Flips = NOTHING
    kept: list[Kept] = []
    vital = [suspect for suspect in suspects if bench.feasible.is_vital(suspect)]
    for batch, expected in (
        ([suspect for suspect in suspects if suspect not in vital], 1),
        (vital, 1 + len(vital) // _VITAL_PER_NEED),
    ):
        flips = yield from _learn_batch(bench, flips, batch, kept, expected=expected, enough=enough, of=len(suspects))
        if enough(flips):
            return Flippable(flips, tuple(kept), all=False)
    return Flippable(flips, tuple(kept))


def widest(bench: Bench, serving: Flips, others: Sequence[ComponentId]) -> Talk[list[Kept]]:
    """Which of these others break the site beside what is known to serve, as many as can be of them flipped."""
    kept: list[Kept] = []
    of = len(serving) + len(others)
    yield from _learn_batch(bench, serving, others, kept, expected=1, enough=_never, of=of)
    return kept


def serves_at_first(bench: Bench, suspects: Sequence[ComponentId]) -> Talk[bool]:
    """Whether the site serves with all suspects flipped at once, those left out that most sites need."""
    first = _first(bench, suspects)
    everything = bench.feasible.widen(NOTHING, first)
    return not (yield from _breaks(bench, everything, _why(everything, len(suspects)), len(first), 1))


def _first(bench: Bench, suspects: Sequence[ComponentId]) -> Sequence[ComponentId]:
    return [suspect for suspect in suspects if not bench.feasible.is_vital(suspect)] or suspects


def _learn_batch(
    bench: Bench,
    flips: Flips,
    batch: Sequence[ComponentId],
    kept: list[Kept],
    *,
    expected: int,
    enough: Enough,
    of: int,
) -> Talk[Flips]:
    """Widens ``flips`` by all of a batch that the site can do without; the others are added to ``kept``.

    ``of``: how many suspects there are in all, for a person.
    """
    pool = _remaining(bench, flips, batch, kept)
    while pool and not enough(flips):
        group = pool[: _group(len(pool), expected)]
        wider = bench.feasible.widen(flips, group)
        reason = yield from _breaks(bench, wider, _why(wider, of), len(pool), expected)
        if reason:
            flips, needed = yield from _narrow(bench, flips, group, reason, enough)
            kept += [needed] if needed else []
            expected = max(1, expected - 1)
        else:
            flips = wider
        pool = _remaining(bench, flips, pool, kept)
    return flips


def _left_out(bench: Bench, flips: Flips, suspects: Sequence[ComponentId]) -> list[Kept]:
    """Those that cannot be flipped beside the others."""
    kept: list[Kept] = []
    _remaining(bench, flips, suspects, kept)
    return kept


def _narrow(
    bench: Bench, flips: Flips, group: Sequence[ComponentId], reason: str, enough: Enough
) -> Talk[tuple[Flips, Kept | None]]:
    """Finds one that breaks the site. Invariant: it serves with ``flips``, and breaks with the group as well."""
    while len(group) > 1:
        half = group[: (len(group) + 1) // 2]
        wider = bench.feasible.widen(flips, half)
        broken = yield from _breaks(bench, wider, f"what the site needs: {_names(half)}", len(group), 1)
        if broken:
            group, reason = half, broken
        else:
            flips = wider
            if enough(flips):
                return flips, None
            group = [member for member in group[len(half) :] if member not in flips]
    alone = bench.feasible.close(group)
    if not group or bench.feasible.close(flips | {group[0]}) is None or alone is None:
        return flips, None
    proven = bool(bench.broken(alone)) or any(need <= alone for need in bench.problem.needs)
    return flips, Kept(group[0], _sentence(bench, group[0], reason, proven=proven), proven)


def prove(bench: Bench, kept: Kept) -> Talk[Kept]:
    """Flips a kept suspect on its own, to know whether the site needs it or only one of several."""
    flips = bench.feasible.close({kept.component})
    if kept.proven or flips is None:
        return kept
    reason = yield from _breaks(bench, flips, f"does the site need {kept.component}?", 1, 1)
    if not reason:
        return kept
    return Kept(kept.component, _sentence(bench, kept.component, reason, proven=True), proven=True)


def other_broken(bench: Bench, flips: Flips) -> str:
    """Why another probe than the symptom's finds the site broken with these flips; empty where none does."""
    reason = bench.broken(flips)
    return reason if any(reason.startswith(f"{name}: ") for name in bench.problem.others) else ""


def _remaining(bench: Bench, flips: Flips, pool: Iterable[ComponentId], kept: list[Kept]) -> list[ComponentId]:
    """Those still to be decided; what cannot be flipped without something kept is kept as well."""
    needed = {need.component for need in kept}
    left = []
    for component in pool:
        if component in flips or component in needed:
            continue
        wider = bench.feasible.close(flips | {component})
        if wider is None:
            kept.append(Kept(component, bench.feasible.blocked(flips | {component})))
        elif blocking := sorted(wider & needed):
            kept.append(Kept(component, f"it cannot be flipped without {blocking[0]}, which has to stay"))
        else:
            left.append(component)
    return left


def _breaks(bench: Bench, flips: Flips, why: str, pool: int, expected: int) -> Talk[str]:
    """Why the site breaks with these flips; from what is known already, where that tells."""
    for known in bench.problem.needs:
        if known <= flips:
            return f"known not to work without {_names(sorted(known))}"
    for seen in sorted(bench.seen, key=len):
        if seen <= flips and (reason := bench.broken(seen)):
            return reason
    if flips in bench.seen or flips in bench.served:
        return ""
    left = expected * (max(1, pool // max(1, expected)).bit_length() + 1)
    return (yield from bench.ask(flips, why, left=left)).broken


def _group(pool: int, expected: int) -> int:
    """Hwang's group size: about half of such groups hold a needed one."""
    if expected <= 1:
        return pool
    return 1 << max(0, (max(1, pool - expected + 1) // expected).bit_length() - 1)


def _why(flips: Flips, suspects: int) -> str:
    if len(flips) == suspects:
        return f"all {suspects} suspects flipped" if suspects > 1 else "the only suspect flipped"
    return f"what the site needs: {len(flips)} of {suspects} suspects flipped"


def _sentence(bench: Bench, component: ComponentId, reason: str, *, proven: bool) -> str:
    without = "without" if bench.feasible.is_on(component) else "with"
    return f"{BREAKS} {without} it{'' if proven else ', others flipped too'}: {reason}"


def _names(ids: Sequence[ComponentId]) -> str:
    most = 3
    if len(ids) <= most:
        return ", ".join(ids)
    return f"{ids[0]} and {len(ids) - 1} others"
