"""As git bisect: how many of a fixed order have to be flipped until it is fast, by halving."""

from __future__ import annotations

from sites import Server

from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, grid


def play(server: Server, setting: Setting) -> Flips | None:
    """Knows one culprit; each step is what most restarts say."""
    harness = Harness(server, setting)
    if not harness.control():
        return frozenset()
    slow, fast = 0, len(harness.suspects)
    while fast - slow > 1:
        middle = (slow + fast) // 2
        if harness.is_slow(frozenset(harness.suspects[:middle])):
            slow = middle
        else:
            fast = middle
    return frozenset(harness.suspects[slow:fast])


PEER = Peer(play, grid((1, 2, 3, 5, 9, 15)))
