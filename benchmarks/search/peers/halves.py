"""Random halves flipped, then a sparse regression: orthogonal matching pursuit (Pati and others, 1993)."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
from noise import Array
from sites import Server

from modbisect.model import ComponentId
from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, grid

_MOST_TERMS = 8
_FEWEST = 4
"""A mean, a slope, and something to see the noise by."""


def play(server: Server, setting: Setting) -> Flips | None:
    """As many halves as the setting has repeats, one restart each. ``pairs``: of two together is a column as well."""
    harness = Harness(server, replace(setting, repeats=1))
    harness.control()
    suspects = harness.suspects
    random = Random(server.site.seed)  # noqa: S311  a design, no secret
    held, levels = [np.ones(len(suspects)), np.zeros(len(suspects))], [harness.slow, harness.fast]
    for _ in range(setting.repeats - len(levels)):
        flips = harness.close(random.sample(suspects, len(suspects) // 2))
        seen = harness.windows(flips)
        if seen:
            held.append(np.array([float(one not in flips) for one in suspects]))
            levels.append(float(np.median(seen[0])))
    if len(levels) < _FEWEST:
        return None
    z = np.array(held)
    names: list[tuple[ComponentId, ...]] = [(one,) for one in suspects]
    if setting.variant == "pairs":
        first, second = np.triu_indices(len(suspects), 1)
        z = np.hstack([z, z[:, first] * z[:, second]])
        names += combinations(suspects, 2)
    effects = pursue(z, np.array(levels))
    return frozenset(one for at, effect in effects.items() if effect >= harness.least for one in names[at])


def pursue(z: Array, y: Array) -> dict[int, float]:
    """The columns taken up one by one, with their effects, as long as the extended BIC (Chen and Chen, 2008) falls."""
    rows, count = z.shape
    centred = z - z.mean(axis=0)
    scale = np.sqrt(np.sum(centred**2, axis=0))
    rest = y - y.mean()
    best = _criterion(rest, 0, count)
    chosen: list[int] = []
    effects: dict[int, float] = {}
    while len(chosen) < min(_MOST_TERMS, rows - 2):
        match = np.abs(centred.T @ rest) / np.maximum(scale, 1e-9)
        match[chosen] = -1.0
        trial = [*chosen, int(np.argmax(match))]
        design = np.column_stack([np.ones(rows), z[:, trial]])
        fit = np.linalg.lstsq(design, y, rcond=None)[0]
        rest = y - design @ fit
        score = _criterion(rest, len(trial), count)
        if score >= best:
            break
        best, chosen = score, trial
        effects = dict(zip(trial, fit[1:].tolist(), strict=True))
    return effects


def _criterion(rest: Array, terms: int, count: int) -> float:
    rows = len(rest)
    return rows * math.log(float(np.mean(rest**2)) + 1e-12) + terms * (math.log(rows) + 2 * math.log(count))


PEER = Peer(play, grid((8, 12, 16, 24, 32, 48, 64, 96, 128, 192), "", "pairs"))
