"""Delta debugging (Zeller and Hildebrandt, 2002), each test what most restarts say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from sites import Server

from modbisect.model import ComponentId
from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, Test, grid, one_after_another


def ddmin(suspects: Sequence[ComponentId], slow: Test) -> Flips:
    """A set that is slow, and no longer when any one is taken away; nothing is tested twice."""
    here, parts = list(suspects), 2
    known: dict[Flips, bool] = {}

    def test(kept: Iterable[ComponentId]) -> bool:
        key = frozenset(kept)
        if key not in known:
            known[key] = slow(key)
        return known[key]

    while len(here) > 1:
        bounds = [len(here) * part // parts for part in range(parts + 1)]
        chunks = [here[low:high] for low, high in pairwise(bounds)]
        if part := next((one for one in chunks if test(one)), None):
            here, parts = part, 2
            continue
        rests = ([one for one in here if one not in chunk] for chunk in chunks)
        if parts > 2 and (rest := next((one for one in rests if test(one)), None)):  # noqa: PLR2004  of two, they are the chunks
            here, parts = rest, parts - 1
            continue
        if parts == len(here):
            break
        parts = min(len(here), 2 * parts)
    return frozenset(here)


def play(server: Server, setting: Setting) -> Flips | None:
    """One minimal set after the other."""
    return one_after_another(Harness(server, setting), ddmin)


PEER = Peer(play, grid((1, 3, 5, 9, 15), "", "fine"))
