"""One trial: one configuration, one restart, one window of requests."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Protocol

from modbisect import kinds
from modbisect.host.guard import Applied, Sample
from modbisect.kinds import Found, Step
from modbisect.model import AS_FOUND, Aged, Ask, Component, ComponentId, Configuration, Measure, Measurement
from modbisect.probe import Markers
from modbisect.run.outage import Outage
from modbisect.search import Spent

UNMOVED = "switching it changes nothing in the live server"

_STRETCHES, _STRETCH, _STRETCH_SECONDS = 5, 40, 6.0
"""So often so many requests, or for so long, tell what one leaves behind."""
_QUOTED = 300
_SEVERE = re.compile(r":(?:emerg|alert|crit|error)\]")
_STAMP = re.compile(r"(?:\[[^\]]*\] ?)+")
_BESIDE = re.compile(r"See .*(?:systemctl|journalctl)|AH00(?:558|112|548)")
"""Where else to look, and warnings."""


class Watcher(Protocol):
    """Tells how fast the site is: by requests, or by asking a person."""

    sent: int
    """Requests so far."""
    cut_off: bool
    """A request of the last measurement was cut off; its worker may still burn."""
    learned: dict[str, tuple[Markers, ...]]
    """For each probe that ``found`` got correct answers from, what they are like."""
    outside: dict[str, tuple[Markers, ...]]
    """For each probe that goes past what stands in front of the server, what visitors get instead."""

    def found(self) -> Measurement:
        """What the site is like before anything is switched."""

    def stop(self) -> None:
        """End ``see`` with a `ProbeError`; called from another thread."""

    def see(self, ask: Ask) -> Measurement:
        """What the site is like in the configuration that is applied now."""

    def age(self, count: int, most: float) -> Aged:
        """So many requests more, in at most so many seconds."""


class Ground(Protocol):
    """Where configurations are tried. In place that is the host's guard: the live server itself is switched."""

    def apply(self, steps: Sequence[Step], *, reap: bool, resting: Sequence[str]) -> Applied:
        """Bring a configuration about, given as all its deviations from the state as found, and restart the server.

        What rests among its units is not restarted.
        """

    def sample(self) -> Sample:
        """Processor time of the host, and memory of the server's workers."""


@dataclass(slots=True)
class Trials:
    """Carries out what a planner asks for, one call to the ground a trial."""

    ground: Ground
    watcher: Watcher
    facts: Found
    components: Sequence[Component]
    restarts: int = 0
    outage: Outage = field(default_factory=Outage)
    unmoved: frozenset[ComponentId] = frozenset()
    """Suspects that a trial has shown to stay in the live server whatever the files say; they stay as found."""
    served: Configuration | None = AS_FOUND
    """What all servers run with; None where nobody knows."""

    @property
    def requests(self) -> int:
        """Those that were sent."""
        return self.watcher.sent

    def run(self, ask: Ask) -> Measurement:
        """One trial.

        Raises:
            Fenced, LinkLost, ProbeError: nothing can be said; the host may be changed.
            Spent: nothing is left to be tried.
        """
        began = time.monotonic()
        known = self.unmoved
        applied, configuration = self._apply(ask.configuration)
        if applied.verdict == "configtest":
            broken = f"the configuration test fails: {applied.text[:_QUOTED]}"
        elif applied.verdict != "ok":
            broken = f"the server does not start: {_error(applied.text)[:_QUOTED]}"
        else:
            broken = kinds.missing_or_extra(self.facts, self.components, configuration, applied.loaded)
        seen = Measurement(ask.configuration, broken=broken) if broken else self.watcher.see(ask)
        through = (
            seen if seen.broken and ask.through else Measurement(ask.configuration, cold=seen.cold, broken=seen.broken)
        )
        warnings = tuple(
            f"{component} stays as found from here on: {UNMOVED}" for component in sorted(self.unmoved - known)
        )
        seen = replace(
            through if seen.broken else seen,
            warnings=(*seen.warnings, *warnings),
            restart_seconds=applied.restart_seconds,
            seconds=time.monotonic() - began,
        )
        if seen.broken:
            return seen
        self.outage.serves()
        if ask.measure is Measure.GROWTH:
            seen = self._grown(seen)
        after = self.ground.sample()
        return replace(seen, memory=after.memory, steal=after.steal_since(applied.sample))

    def _grown(self, seen: Measurement) -> Measurement:
        """With what requests leave behind: stretch by stretch, since a worker's first requests take memory once."""
        before, sent, grown = self.ground.sample().own, 0, 0
        each, curve = [], []
        for _ in range(_STRETCHES):
            aged = self.watcher.age(_STRETCH, _STRETCH_SECONDS)
            after = self.ground.sample().own
            if not aged.requests:
                break
            more = sum(after[pid] - before[pid] for pid in after.keys() & before.keys())
            before, sent, grown = after, sent + aged.requests, grown + more
            each.append(more / aged.requests)
            curve.append((sent, float(grown)))
        if len(each) < _STRETCHES:
            return replace(seen, broken="too few requests were answered to tell what they leave behind")
        return replace(seen, growth=median(each[1:]), aged=Aged(sent, 0.0, curve=tuple(curve)))

    def _apply(self, wanted: Configuration) -> tuple[Applied, Configuration]:
        """Bring about a configuration, but for what turns out not to be moved by being switched.

        Raises:
            Spent: nothing else is left to be tried.
        """
        while True:
            configuration = Configuration(wanted.flipped - self.unmoved)
            steps = kinds.plan(self.facts, self.components, configuration)
            resting = kinds.resting(self.facts, self.components, self.served, configuration) if self.served else ()
            applied = self.ground.apply(steps, reap=self.watcher.cut_off, resting=resting)
            self.served = configuration if applied.verdict == "ok" else None
            if applied.restart_seconds > 0:
                self.restarts += 1
                self.outage.restarted(applied.restart_seconds)
            unmoved = kinds.unmoved(self.facts, self.components, configuration, applied.loaded)
            if applied.verdict != "ok" or not unmoved:
                return applied, configuration
            self.unmoved |= unmoved
            if all(component.pinned or component.id in self.unmoved for component in self.components):
                raise Spent(f"nothing is left that can be tested: {', '.join(sorted(self.unmoved))}: {UNMOVED}")


def _error(said: str) -> str:
    """Of what a server that does not start has said, the error: the latest that its log calls so, without the stamp."""
    lines = [line for line in said.splitlines() if line.strip() and not _BESIDE.match(line)]
    severe = [line for line in lines if _SEVERE.search(line)]
    return _STAMP.sub("", severe[-1] if severe else " ".join(lines))
