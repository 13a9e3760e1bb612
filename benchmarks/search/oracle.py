"""Tunes a peer for one row as no user could: on the very worlds that it is then judged by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contest import Record
from peers import PEERS, Setting
from peers.harness import CAP
from rows import Rows
from sites import Case

ENOUGH = 0.985
"""Share of right answers that is asked of a peer, or that of the strategy which it is compared with if that is less."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the oracle found."""

    shown: Record
    """With the setting that takes the least time of those accurate enough; without one, the most accurate."""
    fewest: Record | None
    """With the setting that takes the fewest restarts; None when none is accurate enough."""


def tune(rows: Rows, cases: Sequence[Case], size: int, name: str, target: float) -> Tuned:
    """Plays the grid from the cheapest on, until one is accurate enough in all cases. Figures are of the first."""

    def hopeless(one: Record) -> bool:
        # In favour of the peer: whole sites, rounded down.
        return one.right + one.row.worlds - one.of < math.floor(target * one.row.worlds + _ROUNDING)

    def first(settings: Iterable[Setting]) -> Record | None:
        for setting in settings:
            seen = (rows.get(case, size, name, setting, hopeless) for case in cases)
            played.append(next(seen))
            if not (hopeless(played[-1]) or any(hopeless(one) for one in seen)):
                return played[-1]
        return None

    slowdown = math.prod(factor for _, factor in cases[0].culprits)
    # What is never 12 times slower is never cut off.
    grid = sorted(
        (one for one in PEERS[name].grid if one.capped or slowdown >= CAP),
        key=lambda one: one.seconds(slowdown, cases[0].fast),
    )
    played: list[Record] = []
    if quickest := first(grid):
        return Tuned(quickest, first(sorted(grid, key=lambda one: one.repeats)))
    at = max(range(len(played)), key=lambda at: (played[at].share, -played[at].seconds))
    return Tuned(rows.get(cases[0], size, name, grid[at]), None)
