"""The canary: measure a playbook's probes with nothing touched, and compare with earlier runs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from modbisect.history import CanaryResult, History
from modbisect.inventory import Host
from modbisect.judging.history import Comparison, Trend, compare
from modbisect.model import Probe
from modbisect.playbook import Playbook
from modbisect.probe import Oracle, ProbeProcess, Window, WindowResult
from modbisect.run.measure import site_of

REQUESTS = 10
MOST_WINDOWS = 3
"""Windows of one probe in one run, while it is too close to tell."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One probe of one canary run."""

    probe: str
    broken: str
    comparison: Comparison | None
    """None when the answer was not correct."""
    runs: int
    """Earlier runs it was compared with."""
    seen: str | None = None
    """What the request was seen at, where it is slower; None where nobody looked."""

    @property
    def alarming(self) -> bool:
        """Whether a person should hear of it."""
        return bool(self.broken) or (self.comparison is not None and self.comparison.trend is Trend.SLOWER)

    @property
    def unsure(self) -> bool:
        """Whether even the last window did not tell."""
        return self.comparison is not None and self.comparison.trend is Trend.UNSURE


def watch(
    host: Host, playbook: Playbook, history: History, look: Callable[[Probe], str | None]
) -> tuple[Sighting, ...]:
    """Measure every probe, compare, keep the result; of one that is slower also what a look says that it is doing.

    A run that was slower is kept but not compared with later: a regression does not become the usual.

    Raises:
        ProbeError: the probe itself failed.
    """
    seen = []
    with site_of(host, playbook) as ready, ProbeProcess() as probes:
        for probe in ready.probes:
            kept = history.recent(host.name, playbook.name, probe.name, 5 * playbook.canary.runs)
            earlier = [
                result.median_seconds
                for result in kept
                if not result.broken and result.verdict not in (Trend.SLOWER, Trend.UNSURE)
            ][-playbook.canary.runs :]
            sighting, result = _measured(probes, probe, playbook, earlier)
            if sighting.comparison and sighting.comparison.trend is Trend.SLOWER:
                sighting = replace(sighting, seen=look(probe))
            history.record(
                CanaryResult(
                    host.name,
                    playbook.name,
                    probe.name,
                    time.time(),
                    sighting.comparison.now_seconds if sighting.comparison else 0.0,
                    tuple(request.seconds for request in result.requests),
                    sighting.broken,
                    str(sighting.comparison.trend) if sighting.comparison else "broken",
                    seen=sighting.seen,
                )
            )
            seen.append(sighting)
    return tuple(seen)


def _measured(
    probes: ProbeProcess, probe: Probe, playbook: Playbook, earlier: list[float]
) -> tuple[Sighting, WindowResult]:
    medians: list[float] = []
    while True:
        result = _window(probes, probe, playbook)
        if result.broken or not result.requests:
            return Sighting(probe.name, result.broken or "no answer", None, len(earlier)), result
        medians.append(statistics.median(request.seconds for request in result.requests))
        limits = playbook.canary
        comparison = compare(earlier, medians, limits.ratio, limits.at_least)
        # A regression is looked at twice before anybody is woken.
        again = comparison.trend is Trend.UNSURE or (comparison.trend is Trend.SLOWER and len(medians) == 1)
        if not again or len(medians) == MOST_WINDOWS:
            return Sighting(probe.name, "", comparison, len(earlier)), result


def _window(probes: ProbeProcess, probe: Probe, playbook: Playbook) -> WindowResult:
    window = Window(
        probe,
        Oracle(probe.expect),
        requests=playbook.trial.requests or REQUESTS,
        warm_up=2,
        cap=playbook.trial.cap,
        cold_cap=playbook.trial.cap,
        seconds=20.0,
        settle=5.0,
    )
    return probes.measure(window, 60.0 + 3 * probe.timeout)
