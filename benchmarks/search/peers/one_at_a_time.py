"""Each component flipped alone, and its requests compared with those as found by Mann and Whitney's test."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from noise import Array
from sites import Server

from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, grid

_ALPHA = 0.01
"""Over all components together (Bonferroni)."""


def play(server: Server, setting: Setting) -> Flips | None:
    """Requests of all restarts are pooled, as it is usually done; a shift too small to matter accuses nobody."""
    harness = Harness(server, setting)
    harness.control()
    found = np.concatenate(harness.found)
    accused = set()
    for one in harness.suspects:
        seen = harness.windows(harness.close({one}))
        if not seen:
            continue
        alone = np.concatenate(seen)
        shift = float(np.median(found) - np.median(alone))
        if shift >= harness.margin and mann_whitney(found, alone) < _ALPHA / len(harness.suspects):
            accused.add(one)
    # A flip that takes dependents along is as fast as theirs: the smallest is to blame.
    return frozenset(one for one in accused if not accused & harness.close({one}) - {one})


def mann_whitney(first: Array, second: Array) -> float:
    """The two-sided p-value, from the normal approximation with ties."""
    count, other = len(first), len(second)
    _, inverse, counts = np.unique(np.concatenate([first, second]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    u = float(np.sum(ranks[:count])) - count * (count + 1) / 2
    total = count + other
    ties = float(np.sum(counts**3 - counts)) / (total * (total - 1))
    variance = count * other / 12 * (total + 1 - ties)
    if variance <= 0:
        return 1.0
    return 2 * NormalDist().cdf(-abs(u - count * other / 2) / math.sqrt(variance))


PEER = Peer(play, grid((1, 2, 4, 8, 16), "", "fine"))
