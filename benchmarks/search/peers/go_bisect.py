"""The search of Go's cmd/bisect: halves, and where neither is enough, from each what the other needs beside it.

Go stops when a configuration contradicts itself; here each test is what most restarts say.
"""

from __future__ import annotations

from collections.abc import Sequence

from sites import Server

from modbisect.model import ComponentId
from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, Test, grid, one_after_another


def narrow(suspects: Sequence[ComponentId], slow: Test, beside: Flips = frozenset()) -> Flips:
    """A minimal set out of the suspects that is slow with those ``beside`` it; all of them together are."""
    if len(suspects) <= 1:
        return frozenset(suspects)
    middle = len(suspects) // 2
    halves = suspects[:middle], suspects[middle:]
    for half in halves:
        if slow(beside | set(half)):
            return narrow(half, slow, beside)
    first = narrow(halves[0], slow, beside | set(halves[1]))
    return first | narrow(halves[1], slow, beside | first)


def play(server: Server, setting: Setting) -> Flips | None:
    """One minimal set after the other; each is tried once more."""
    return one_after_another(Harness(server, setting), narrow)


PEER = Peer(play, grid((1, 3, 5, 9, 15), "", "fine"))
