"""What has come out of a run so far: a report can be made of it at any moment."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import median
from urllib.parse import urlsplit

from modbisect.inventory import Host
from modbisect.judging import level
from modbisect.kinds import Found, remedies
from modbisect.model import (
    Aged,
    Ask,
    Component,
    ComponentId,
    Conclusion,
    Finding,
    Measure,
    Measurement,
    Outcome,
    Probe,
    Symptom,
    Together,
    Untestable,
)
from modbisect.playbook import Playbook, format_seconds
from modbisect.probe import Markers
from modbisect.report import Report, Restored
from modbisect.run.dialogue import spent
from modbisect.run.events import (
    Armed,
    Effort,
    Event,
    FoundSlow,
    Known,
    Observer,
    PutBack,
    TrialBegan,
    TrialEnded,
    Warned,
)
from modbisect.run.outage import Outage
from modbisect.run.past import Past
from modbisect.run.trial import UNMOVED, Trials
from modbisect.search import Flips, tested, together

STEAL = 0.05
"""Share of stolen processor time above which a person is told."""
MOST_WARNINGS = 10

_NOT_SEARCHED = Conclusion(Outcome.INCONCLUSIVE, reason="the run ended before its search")
_UNTOUCHED = Restored(verified=True, how="nothing was changed")


@dataclass(slots=True)
class Story:
    """One run, told as it happens."""

    run: str
    host: Host
    playbook: Playbook
    observer: Observer
    before: Past | None = None
    """The run that this one goes on from."""
    by_hand: bool = False
    """A person judges the trials."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    closes: datetime | None = None
    """When the maintenance window does."""
    outage: Outage = field(default_factory=Outage)
    facts: Found | None = None
    components: Sequence[Component] = ()
    found: Measurement | None = None
    learned: Mapping[str, tuple[Markers, ...]] = field(default_factory=dict)
    outside: Mapping[str, tuple[Markers, ...]] = field(default_factory=dict)
    """For each probe, what its correct answers are like as found."""
    conclusion: Conclusion = _NOT_SEARCHED
    restored: Restored = _UNTOUCHED
    warnings: list[str] = field(default_factory=list)
    trials: int = 0
    """Those that were measured, the known ones included."""
    longest: float = 0.0
    """Seconds of the longest trial, or of the look before them."""
    shortest: float = 0.0
    """Seconds of the shortest trial that served; 0 before there was one."""
    counted: Trials | None = None
    seen: list[tuple[Flips, Measurement]] = field(default_factory=list)
    """What was flipped in each of them, and what came of it."""
    asked: Ask | None = None
    """The latest trial."""
    resume: str = ""
    """The command that goes on from here; empty where nothing is left to do."""

    def observe(self, event: Event) -> None:
        """Keep what the report wants, and pass it on."""
        match event:
            case Warned(what):
                self.warnings.append(what)
            case Armed(_, _, lease):
                how = f"the guard puts it back within {lease} s of silence, see 'modbisect status {self.host.name}'"
                self.restored = Restored(verified=False, how=how)
            case PutBack(restored):
                self.restored = restored
                self.outage.restarted(0.0)
                self.outage.serves()
            case Known(number, ask, measurement):
                self.asked, self.trials = ask, number
                self.seen.append((ask.configuration.flipped, measurement))
            case TrialBegan(_, ask):
                self.asked = ask
            case FoundSlow(measurement):
                self.longest = measurement.seconds
            case TrialEnded(number, measurement):
                self.trials = number
                if self.asked:
                    self.seen.append((self.asked.configuration.flipped, measurement))
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
            if warning not in self.warnings and len(self.warnings) < MOST_WARNINGS:
                self.observe(Warned(warning))

    def ended_early(self, outcome: Outcome, reason: str) -> None:
        """It ended without the planner's conclusion: what is suspected by now is all there is to say."""
        suspects = self.asked.suspects if self.asked else ()
        self.conclusion = Conclusion(outcome, reason=reason, suspects_left=tuple(one for one, _ in suspects))

    @property
    def effort(self) -> Effort:
        """What it has cost so far."""
        before = self.before.effort if self.before else Effort()
        seconds = before.seconds + time.monotonic() - self.began
        counted = self.counted
        if counted is None:
            return replace(before, seconds=seconds)
        return Effort(
            before.restarts + counted.restarts,
            before.requests + counted.requests,
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

    def _first_byte(self) -> float:
        """Of the site as found; 0 where that is not known, or there are several probes, whose times are added up."""
        if self.found is None or self.found.measure is not Measure.LATENCY or len(self.playbook.symptom_probes) > 1:
            return 0.0
        times = [one.first_byte for one in self.found.requests]
        return median(times) if times and all(times) else 0.0

    def _together(self) -> tuple[Together, ...]:
        """Where it was cut short; else the findings, or that nobody was found, say more."""
        cut_short = self.conclusion.outcome in (Outcome.INCONCLUSIVE, Outcome.INTERRUPTED)
        if self.found is None or not cut_short or self.by_hand:
            return ()
        return together(self.found, self.seen, self.playbook.symptom or Symptom(self.playbook.shown_by))

    def report(self) -> Report:
        """All that there is to say."""
        said, effort = self._without_unmoved(), self.effort
        accused = {one for finding in said.findings for one in (*finding.components, *finding.also_flipped)}
        named = accused | {one.component for one in said.untestable} | set(said.suspects_left)
        return Report(
            run=self.run,
            host=self.host.name,
            playbook=self.playbook.name,
            outcome=said.outcome,
            started=self.started.isoformat(timespec="seconds"),
            seconds=effort.seconds,
            restored=self.restored,
            probe=self.playbook.shown_by,
            request="" if self.by_hand else ", then ".join(map(_in_words, self.playbook.symptom_probes)),
            measure=Measure.LATENCY if self.by_hand or self.found is None else self.found.measure,
            found_seconds=level(self.found).seconds if self.found and not self.by_hand else 0.0,
            found_censored=bool(self.found and not self.by_hand and level(self.found).censored),
            found_first_byte=self._first_byte(),
            found_memory=self.found.memory if self.found else None,
            findings=said.findings,
            untestable=said.untestable,
            residual=None if self.by_hand else said.residual,
            costs=() if self.by_hand else said.costs,
            suspects=sum(not component.pinned for component in self.components),
            kinds=dict(Counter(component.kind for component in self.components if not component.pinned)),
            tested=len(tested(self.seen)),
            together=self._together(),
            pinned=tuple(Untestable(one.id, one.pinned) for one in self.components if one.pinned and one.on),
            suspects_left=said.suspects_left,
            details={one.id: one.detail for one in self.components if one.id in named and one.detail},
            found_off=tuple(one.id for one in self.components if one.id in named and not one.on),
            remedies=remedies(self.facts, (one for one in self.components if one.id in accused)) if self.facts else {},
            trials=self.trials,
            restarts=effort.restarts,
            requests=effort.requests,
            downtime_seconds=effort.downtime_seconds,
            reason=said.reason,
            warnings=(*dict.fromkeys([*self.warnings, *said.warnings]),),
            resumed=self.before.run if self.before else "",
            known_trials=len(self.before.trials) if self.before else 0,
            resume=self.resume if self.restored.verified else "",
            by_hand=self.by_hand,
            aged=self._aged(frozenset()),
            aged_without=next((seen for one in said.findings if (seen := self._aged(_switched_over(one)))), None),
        )

    def _aged(self, flips: frozenset[ComponentId]) -> Aged | None:
        """The first ageing of a configuration that is told of in a curve."""
        return next((seen.aged for at, seen in self.seen if at == flips and seen.aged and seen.aged.curve), None)

    def _without_unmoved(self) -> Conclusion:
        """The conclusion, with what switching does not move in the live server told as not tested."""
        said, unmoved = self.conclusion, self.counted.unmoved if self.counted else frozenset()
        return replace(
            said,
            untestable=(*said.untestable, *(Untestable(one, UNMOVED) for one in sorted(unmoved))),
            suspects_left=tuple(one for one in said.suspects_left if one not in unmoved),
        )


def _switched_over(finding: Finding) -> frozenset[ComponentId]:
    """One configuration that cures it: of several that are slow only together, one is enough."""
    some = finding.components[:1] if finding.kind == "together" else finding.components
    return frozenset((*some, *finding.also_flipped))


def _in_words(probe: Probe) -> str:
    parts_of_url = urlsplit(probe.url)
    where = parts_of_url.path or "/"
    size = f", {probe.upload.size / (1 << 20):g} MiB upload" if probe.upload else ""
    return f"{probe.method} {where}{size}"
