"""The package mlbisect: delta debugging for noisy ML regressions, each test repeated until an interval decides.

Its axes are the components: old is flipped, new is as found; its run is one restart, its metric the median of log
seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from mlbisect.config import Configuration
from mlbisect.executors.base import RunResult
from mlbisect.manifest import Axis, BudgetConfig, Manifest, MetricConfig, RunConfig
from mlbisect.search import find_culprits
from sites import Server

from modbisect.search import Flips
from peers.harness import Harness, Peer, Setting, grid

_FEW = 5
"""Requests with which it does no better than with more, and thinks for much longer."""
_MOST_RUNS = 300
"""Its default of 60 is not enough for 32 axes."""


@dataclass(frozen=True, slots=True)
class Executor:
    """Runs a configuration: a restart."""

    harness: Harness

    def run(self, config: Configuration, seed: int) -> RunResult:
        """Median of log seconds."""
        seen = self.harness.windows(self.harness.hold(config.axes))
        if not seen:
            return RunResult(config.axes, seed, None, ok=False, duration_s=0.0, error="broken")
        return RunResult(config.axes, seed, float(np.median(seen[0])), ok=True, duration_s=0.0)


def play(server: Server, setting: Setting) -> Flips | None:
    """One restart a run: how often to repeat one is its own business, up to the setting's repeats.

    What it calls inconclusive is, even where it names someone.
    """
    harness = Harness(server, replace(setting, repeats=1))
    harness.control()
    # Its threshold is half of its smallest effect.
    manifest = Manifest(
        version=1,
        name="site",
        metric=MetricConfig(name="latency", direction="lower_is_better", min_effect=2 * harness.margin),
        run=RunConfig(command="true"),
        axes=[Axis(name=one, old="flipped", new="as found") for one in harness.suspects],
        budget=BudgetConfig(max_runs=_MOST_RUNS, baseline_runs=setting.repeats, max_runs_per_config=setting.repeats),
    )
    result = find_culprits(Executor(harness), manifest)
    if result.status == "inconclusive":
        return None
    return frozenset().union(*result.culprit_sets)


PEER = Peer(play, tuple(one for one in grid((5, 10, 40), "", "fine") if one.requests > _FEW), most_worlds=100)
