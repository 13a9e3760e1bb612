"""One trial: one configuration, one restart, one window of requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from modbisect import components as parts
from modbisect.components import Facts
from modbisect.errors import Refused
from modbisect.host.guard import Guard, Sample
from modbisect.host.privilege import RootLink
from modbisect.host.survey import sample
from modbisect.model import AS_FOUND, Ask, Component, Measurement, Probe, Request
from modbisect.playbook import Playbook
from modbisect.probe import Markers, Oracle, ProbeProcess, Window, WindowResult

SETTLE_SECONDS = 20.0
WINDOW_SECONDS = 30.0
CHECK_SECONDS = 10.0
"""Longest a request of a probe that is not the symptom's may take in a trial."""
QUICK_SECONDS = 2.0
"""A page faster than this is measured several times as found."""


@dataclass(slots=True)
class Site:
    """The site under test: asks it, and learns what it looks like as found."""

    playbook: Playbook
    probes: ProbeProcess
    root: RootLink
    seen: dict[str, tuple[Markers, ...]] = field(default_factory=dict)

    @property
    def symptom(self) -> Probe:
        """The probe that shows the symptom."""
        return self.playbook.symptom_probe

    @property
    def others(self) -> Sequence[Probe]:
        """The probes that only tell whether the site works."""
        return [probe for probe in self.playbook.probes if probe is not self.symptom]

    def found(self) -> Measurement:
        """Measure the untouched host: complete requests, however long they take.

        Raises:
            Refused: the site does not answer correctly as found.
        """
        began = time.monotonic()
        for probe in self.others:
            self._learn(probe, self._ask(probe, requests=1))
        whole = self._ask(self.symptom, requests=0)
        self._learn(self.symptom, whole)
        more: tuple[Request, ...] = ()
        if whole.cold and whole.cold.seconds < QUICK_SECONDS:
            window = self._ask(self.symptom, requests=10, warm_up=3)
            self._learn(self.symptom, window)
            more = window.requests
        cold = (whole.cold,) if whole.cold else ()
        return Measurement(
            AS_FOUND,
            more or cold,
            cold=whole.cold,
            memory=sample(self.root).memory,
            seconds=time.monotonic() - began,
            warnings=whole.warnings,
        )

    def window(self, probe: Probe, *, requests: int, warm_up: int, cap: float, cold_cap: float) -> WindowResult:
        """One window after a restart."""
        return self._ask(probe, requests=requests, warm_up=warm_up, cap=cap, cold_cap=cold_cap)

    def _learn(self, probe: Probe, result: WindowResult) -> None:
        if result.cold and result.cold.censored:
            return  # slower than the probe's own timeout: slow, with nothing to learn from
        if result.broken or result.cold is None or result.markers is None:
            raise Refused(
                f"probe {probe.name} gets no correct answer from the site as found: {result.broken or 'none at all'}",
                host=self.root.name,
                state="nothing was changed",
                advice="correct the probe's url or what it expects; 'modbisect probe' shows the answer",
            )
        self.seen[probe.name] = (*self.seen.get(probe.name, ()), result.markers)

    def _ask(
        self,
        probe: Probe,
        *,
        requests: int,
        warm_up: int = 0,
        cap: float | None = None,
        cold_cap: float | None = None,
    ) -> WindowResult:
        window = Window(
            probe,
            Oracle(probe.expect, self.seen.get(probe.name, ())),
            requests=requests,
            warm_up=warm_up,
            cap=cap,
            cold_cap=cold_cap,
            seconds=WINDOW_SECONDS,
            settle=SETTLE_SECONDS,
        )
        longest = probe.timeout if cap is None else min(cap, probe.timeout)
        first = probe.timeout if cold_cap is None else min(cold_cap, probe.timeout)
        return self.probes.measure(window, SETTLE_SECONDS + WINDOW_SECONDS + 2 * first + 2 * longest + 30)


@dataclass(slots=True)
class Trials:
    """Carries out what a planner asks for, one guard call a trial."""

    guard: Guard
    site: Site
    facts: Facts
    components: Sequence[Component]
    cut_off: bool = False
    """A request of the last trial was cut off; its worker may still burn."""
    fastest_cold: float | None = None
    restarts: int = 0
    requests: int = 0
    downtime: float = 0.0

    def run(self, ask: Ask) -> Measurement:
        """One trial.

        Raises:
            Fenced, LinkLost, ProbeError: nothing can be said; the host may be changed.
        """
        began = time.monotonic()
        steps = parts.plan(self.facts, self.components, ask.configuration)
        applied = self.guard.apply(steps, reap=self.cut_off)
        self.cut_off = False
        self.restarts += applied.restart_seconds > 0
        self.downtime += applied.restart_seconds
        broken = ""
        if applied.verdict == "configtest":
            broken = f"the configuration test fails: {applied.text[:300]}"
        elif applied.verdict != "ok":
            broken = f"the server does not start: {applied.text[:300]}"
        else:
            broken = parts.missing_or_extra(self.facts, self.components, ask.configuration, applied.loaded)
        if broken:
            return self._broken(ask, broken, applied.restart_seconds, began)
        for probe in self.site.others:
            result = self.site.window(probe, requests=0, warm_up=0, cap=CHECK_SECONDS, cold_cap=CHECK_SECONDS)
            self.requests += 1
            if result.broken:
                return self._broken(ask, f"{probe.name}: {result.broken}", applied.restart_seconds, began)
        options = self.site.playbook.trial
        cap = options.cap or ask.cap
        # A page that is quick when warm may well take long when it is compiled for the first time.
        cold_cap = max(cap, 3 * self.fastest_cold) if self.fastest_cold else cap
        result = self.site.window(
            self.site.symptom,
            requests=options.requests or ask.requests,
            warm_up=options.warm_up,
            cap=cap,
            cold_cap=cold_cap,
        )
        after = self.guard.sample()
        self.requests += len(result.requests) + 1
        self.cut_off = any(request.censored for request in result.requests)
        if result.broken:
            return self._broken(ask, f"{self.site.symptom.name}: {result.broken}", applied.restart_seconds, began)
        if result.cold and not result.cold.censored:
            self.fastest_cold = min(result.cold.seconds, self.fastest_cold or result.cold.seconds)
        return Measurement(
            ask.configuration,
            result.requests,
            cold=result.cold,
            memory=after.memory,
            steal=_steal(applied.sample, after),
            restart_seconds=applied.restart_seconds,
            seconds=time.monotonic() - began,
            warnings=result.warnings,
        )

    def _broken(self, ask: Ask, why: str, restart_seconds: float, began: float) -> Measurement:
        return Measurement(
            ask.configuration, broken=why, restart_seconds=restart_seconds, seconds=time.monotonic() - began
        )


def _steal(before: Sample, after: Sample) -> float:
    busy = after.busy - before.busy
    return (after.stolen - before.stolen) / busy if busy > 0 else 0.0
