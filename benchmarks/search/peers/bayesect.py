"""The package git_bayesect: one change point in a fixed order, found by tests that err at an unknown rate."""

from __future__ import annotations

import numpy as np
from git_bayesect import Bisector
from sites import Server

from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, grid

_SURE = 0.99
_MOST = 150


def play(server: Server, setting: Setting) -> Flips | None:
    """Its commit ``i`` is the site with the first ``i`` flipped: slow up to the culprit, fast after it.

    The controls are repeated, for a good threshold; of the others one restart is enough, since it forgives errors.
    """
    harness = Harness(server, setting)
    if not harness.control():
        return frozenset()
    count = len(harness.suspects)
    bisector = Bisector(np.append(np.ones(count), 0.0))
    bisector.record(0, observation=True)
    bisector.record(count, observation=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _ask(harness, bisector)


def _ask(harness: Harness, bisector: Bisector) -> Flips | None:
    for _ in range(_MOST):
        if np.max(bisector.distribution) > _SURE:
            return frozenset({harness.suspects[int(np.argmax(bisector.distribution))]})
        at = int(bisector.select())
        bisector.record(at, harness.is_slow(frozenset(harness.suspects[:at]), 1))
    return None


PEER = Peer(play, grid((1, 2, 4, 8, 16)))
