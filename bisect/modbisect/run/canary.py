"""The canary: measure a playbook's probes with nothing touched, and compare with earlier runs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modbisect.history import ACCEPTED, KEEP, CanaryResult
from modbisect.inventory import Host
from modbisect.judging.history import DAY, FEWEST_KEPT, WINDOWS, Check, Comparison, Trend, compare
from modbisect.model import Probe
from modbisect.playbook import Playbook
from modbisect.probe import Oracle, ProbeProcess, Window, WindowResult
from modbisect.run.measure import site_of

if TYPE_CHECKING:
    from modbisect.history import History

REQUESTS = 10
BROKEN = "broken"
"""The verdict of a check whose answers were not correct."""
_ALARMS = frozenset({Trend.SLOWER, BROKEN})


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
    before: str = ""
    """What the last check that could tell has told; empty where there was none."""
    changed: tuple[str, ...] = ()
    """What of the host is not as it was when all was well, a sentence each, where a regression has begun."""
    run: str = ""
    """The run that has looked for who makes it slower, and what came of it in a sentence."""
    verdict: str = ""

    @property
    def alarming(self) -> bool:
        """Whether a person should hear of it."""
        return self.told in _ALARMS

    @property
    def told(self) -> str:
        """A `Trend`, or `BROKEN`."""
        return BROKEN if self.comparison is None else self.comparison.trend

    @property
    def begins(self) -> bool:
        """It is an alarm, and was none, or another, before."""
        return self.alarming and self.told != self.before

    @property
    def ends(self) -> bool:
        """It was an alarm, and is none any more; what may be one is none that ends."""
        return self.before in _ALARMS and not self.alarming and self.told != Trend.UNSURE


def watch(
    host: Host, playbook: Playbook, history: History, look: Callable[[Probe], str | None]
) -> tuple[Sighting, ...]:
    """Measure every probe, compare, keep the result; of one that is slower also what a look says that it is doing.

    A check that was slower is kept but not compared with later: a regression does not become the usual unless somebody
    accepts it.

    Raises:
        ProbeError: the probe itself failed.
    """
    seen = []
    with site_of(host, playbook) as ready, ProbeProcess() as probes:
        for probe in ready.probes:
            kept = history.recent(host.name, playbook.name, probe.name, KEEP)
            now = time.time()
            sighting, result = _measured(probes, probe, playbook, now, _earlier(kept, now - playbook.canary.days * DAY))
            told = (each.verdict for each in reversed(kept) if each.verdict != Trend.UNSURE)
            sighting = replace(sighting, before=next(told, ""))
            if sighting.told == Trend.SLOWER:
                sighting = replace(sighting, seen=look(probe))
            history.record(
                CanaryResult(
                    host.name,
                    playbook.name,
                    probe.name,
                    now,
                    sighting.comparison.now_seconds if sighting.comparison else 0.0,
                    tuple(request.seconds for request in result.requests),
                    sighting.broken,
                    str(sighting.told),
                    seen=sighting.seen,
                    usual_seconds=(sighting.comparison and sighting.comparison.usual_seconds) or None,
                    alarm_seconds=(sighting.comparison and sighting.comparison.alarm_seconds) or None,
                )
            )
            seen.append(sighting)
    return tuple(seen)


def _earlier(kept: Sequence[CanaryResult], since: float) -> list[Check]:
    """Those since then that saw correct answers; more, where that are few."""
    checks = [
        Check(each.at, each.median_seconds, slower=each.verdict == Trend.SLOWER, accepted=each.verdict == ACCEPTED)
        for each in kept
        if not each.broken and each.median_seconds > 0
    ]
    late = [check for check in checks if check.at >= since]
    return late if len(late) >= FEWEST_KEPT else checks[-FEWEST_KEPT:]


def _measured(
    probes: ProbeProcess, probe: Probe, playbook: Playbook, at: float, earlier: list[Check]
) -> tuple[Sighting, WindowResult]:
    medians: list[float] = []
    while True:
        result = _window(probes, probe, playbook)
        if result.broken or not result.requests:
            return Sighting(probe.name, result.broken or "no answer", None, len(earlier)), result
        medians.append(statistics.median(request.seconds for request in result.requests))
        limits = playbook.canary
        comparison = compare(earlier, medians, at, limits.ratio, limits.at_least)
        # One window alone wakes nobody.
        again = comparison.trend is Trend.UNSURE or (comparison.trend is Trend.SLOWER and len(medians) == 1)
        if not again or len(medians) == WINDOWS:
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
