"""What a run decides by while it is under way: what has happened, what that has cost, and whether it must end."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from modbisect.inventory import Host
from modbisect.kinds import Found, plan, remedies, told_in, ways_back
from modbisect.model import ComponentId, Conclusion, Configuration, Measurement, Outcome
from modbisect.playbook import Playbook, format_seconds
from modbisect.probe import Markers
from modbisect.report import Report, Restored
from modbisect.run.dialogue import spent
from modbisect.run.domains import STEAL
from modbisect.run.events import (
    Began,
    Concluded,
    Effort,
    Event,
    FoundSlow,
    Observer,
    PutBack,
    TrialEnded,
    Warned,
)
from modbisect.run.outage import Outage
from modbisect.run.past import Past
from modbisect.run.telling import accused, report_of
from modbisect.run.trial import Trials

MOST_WARNINGS = 10

_UNTOUCHED = Restored(verified=True, how="nothing was changed")


@dataclass(slots=True)
class Story:
    """One run under way."""

    past: Past
    """What has happened in it: the same that its journal tells."""
    host: Host
    playbook: Playbook
    observer: Observer
    before: Past | None = None
    """The run that this one goes on from."""
    clock: float = field(default_factory=time.monotonic)
    """Seconds of the monotonic clock when it began."""
    closes: datetime | None = None
    """When the maintenance window does."""
    outage: Outage = field(default_factory=Outage)
    facts: Found | None = None
    learned: Mapping[str, tuple[Markers, ...]] = field(default_factory=dict)
    outside: Mapping[str, tuple[Markers, ...]] = field(default_factory=dict)
    """For each probe, what its correct answers are like as found."""
    longest: float = 0.0
    """Seconds of the longest trial, or of the look before them."""
    shortest: float = 0.0
    """Seconds of the shortest trial that served; 0 before there was one."""
    looking: int = 0
    """Requests that a look before the trials made; where there was none to be had, that told it is not slow."""
    counted: Trials | None = None
    """None until the guard holds the host."""
    resume: str = ""
    """The command that goes on from here; empty where nothing is left to do."""

    @classmethod
    def of(cls, began: Began, host: Host, playbook: Playbook, observer: Observer, before: Past | None = None) -> Story:
        """A run that begins now."""
        story = cls(Past(began), host, playbook, observer, before)
        story.observe(began)
        return story

    @property
    def run(self) -> str:
        """Its id."""
        return self.past.run

    @property
    def by_hand(self) -> bool:
        """A person judges the trials."""
        return self.past.began.by_hand

    @property
    def number(self) -> int:
        """Of the latest trial that was measured, the known ones included."""
        return self.past.trials[-1].number if self.past.trials else 0

    @property
    def restored(self) -> Restored:
        """Whether the host is as found by now."""
        if self.past.put_back:
            return self.past.put_back
        if armed := self.past.armed:
            how = f"the guard puts it back within {armed.lease} s of silence, see 'modbisect status {self.host.name}'"
            return Restored(verified=False, how=how)
        return _UNTOUCHED

    def observe(self, event: Event) -> None:
        """Add an event, and pass it on."""
        self.past = self.past.after(event)
        match event:
            case PutBack():
                self.outage.restarted(0.0)
                self.outage.serves()
            case FoundSlow(measurement):
                self.longest = measurement.seconds
            case TrialEnded(_, measurement):
                self.longest = max(self.longest, measurement.seconds)
                if not measurement.broken:
                    self.shortest = min(self.shortest or math.inf, measurement.seconds)
            case _:
                pass
        self.observer(event)

    def note(self, measurement: Measurement) -> None:
        """Keep what a trial warns of, once; and a hypervisor that takes the processor away."""
        warnings = measurement.warnings
        if measurement.steal > STEAL:
            warnings += (
                f"the hypervisor took {measurement.steal:.0%} of the processor time: the times may be too long",
            )
        for warning in warnings:
            if warning not in self.past.warnings and len(self.past.warnings) < MOST_WARNINGS:
                self.observe(Warned(warning))

    def conclude(self, said: Conclusion) -> None:
        """It has come to its conclusion."""
        names = accused(said)
        guilty = [component for component in self.past.components if component.id in names] if self.facts else []
        self.observe(
            Concluded(
                said,
                tuple(sorted(self.counted.unmoved)) if self.counted else (),
                remedies(self.facts, guilty) if self.facts else {},
                told_in(self.facts, guilty) if self.facts else (),
                self._steps(),
                ways_back(self.facts, guilty) if self.facts else {},
            )
        )

    def _steps(self) -> dict[ComponentId, tuple[str, ...]]:
        """For each component that a trial has flipped, what that does on the host."""
        if not (found := self.facts):
            return {}
        flipped = sorted({each for trial in self.past.trials for each in trial.ask.configuration.flipped})
        steps = {each: plan(found, self.past.components, Configuration(frozenset({each}))) for each in flipped}
        return {each: tuple(map(str, taken)) for each, taken in steps.items()}

    def ended_early(self, outcome: Outcome, reason: str) -> None:
        """It ended without the planner's conclusion: what is suspected by now is all there is to say."""
        self.conclude(Conclusion(outcome, reason=reason, suspects_left=self.past.suspects))

    def report(self) -> Report:
        """All that there is to say by now."""
        return report_of(self.past, self.playbook, self.effort, restored=self.restored, resume=self.resume)

    @property
    def effort(self) -> Effort:
        """What it has cost so far."""
        before = self.before.effort if self.before else Effort()
        seconds = before.seconds + time.monotonic() - self.clock
        counted = self.counted
        if counted is None:
            return replace(before, requests=before.requests + self.looking, seconds=seconds)
        return Effort(
            before.restarts + counted.restarts,
            before.requests + self.looking + counted.requests,
            before.downtime_seconds + self.outage.total,
            seconds,
        )

    def seconds_left(self) -> float:
        """What the time budget and the maintenance window leave; infinite without them."""
        most = self.playbook.budget.seconds
        return min(math.inf if most is None else most - self.effort.seconds, self._open_for())

    def patience(self) -> float:
        """How many seconds the site may still go without a correct answer; infinite without a limit."""
        health, most = self.playbook.health, self.playbook.budget.downtime
        return min(
            health.within - self.outage.in_a_row if health else math.inf,
            math.inf if most is None else most - self.effort.downtime_seconds,
        )

    def must_end(self) -> str:
        """Why no other trial may begin, in words; empty when one may."""
        health = self.playbook.health
        if health and self.outage.in_a_row >= health.within:
            return (
                f"the site has not served for {self.outage.in_a_row:.1f} s in a row, "
                f"and its health allows {format_seconds(health.within)}"
            )
        if self.closes and self._open_for() <= self.longest:
            return f"the maintenance window closes at {self.closes:%H:%M %Z}, before another trial would be over"
        return spent(self.playbook.budget, self.effort, self.shortest)

    def _open_for(self) -> float:
        return (self.closes - datetime.now(UTC)).total_seconds() if self.closes else math.inf
