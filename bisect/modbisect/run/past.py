"""A run as its events tell it: while it is under way, at its end, or from a journal. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

from modbisect.errors import UsageError
from modbisect.model import Ask, Component, ComponentId, Conclusion, Measurement
from modbisect.report.values import Report, Restored
from modbisect.run.events import (
    Armed,
    Began,
    Concluded,
    Effort,
    Event,
    Failed,
    Finished,
    FoundSlow,
    Kept,
    Known,
    Looked,
    LookedInside,
    Posed,
    PutBack,
    Remaining,
    Surveyed,
    TrialBegan,
    TrialEnded,
    Warned,
)


@dataclass(frozen=True, slots=True)
class Past:
    """A run up to wherever its events end: a fold over them, to which each adds its own."""

    began: Began
    surveyed: Surveyed | None = None
    posed: Posed | None = None
    found: Measurement | None = None
    """The site as found; of a run that goes on from another, that which the trials are held against."""
    looked: Looked | None = None
    remaining: Remaining | None = None
    """What is left behind the cure."""
    trials: tuple[Known, ...] = ()
    """Those that were measured, in their order."""
    known: int = 0
    """How many of them are of the run that this one goes on from."""
    latest: TrialBegan | Known | None = None
    """The latest trial that has begun."""
    armed: Armed | None = None
    concluded: Concluded | None = None
    put_back: Restored | None = None
    warnings: tuple[str, ...] = ()
    failed: Failed | None = None
    report: Report | None = None
    """None for a run that is under way, was refused, or was killed."""

    @property
    def run(self) -> str:
        """Its id."""
        return self.began.run

    @property
    def components(self) -> tuple[Component, ...]:
        """Of the host, with what was learned of them before the search."""
        if self.posed:
            return self.posed.problem.components
        return self.surveyed.components if self.surveyed else ()

    @property
    def asked(self) -> Ask | None:
        """What the planner asked for last."""
        return self.latest.ask if self.latest else None

    @property
    def suspects(self) -> tuple[ComponentId, ...]:
        """The likeliest when the latest trial began."""
        return tuple(suspect for suspect, _ in self.asked.suspects) if self.asked else ()

    @property
    def conclusion(self) -> Conclusion | None:
        """The planner's."""
        return self.concluded.conclusion if self.concluded else None

    @property
    def effort(self) -> Effort:
        """What its trials have cost."""
        return self.trials[-1].effort if self.trials else Effort()

    @property
    def fastest_cold(self) -> float | None:
        """Seconds of the quickest first request after a restart."""
        first = [trial.measurement.cold for trial in self.trials if not trial.measurement.broken]
        return min((request.seconds for request in first if request and not request.censored), default=None)

    def after(self, event: Event) -> Past:
        """The run with one more event."""
        match event:
            case TrialBegan():
                return replace(self, latest=event)
            case TrialEnded(number, measurement, effort) if self.latest and self.latest.number == number:
                ended = Known(number, self.latest.ask, measurement, effort)
                return replace(self, trials=(*self.trials, ended))
            case Known():
                return replace(self, trials=(*self.trials, event), known=self.known + 1, latest=event)
            case Concluded():
                return replace(self, concluded=event)
            case Warned(what):
                return replace(self, warnings=(*self.warnings, what))
            case _:
                return self._before(event)

    def _before(self, event: Event) -> Past:
        """What comes before the search."""
        match event:
            case Began():
                return replace(self, began=event)
            case Surveyed():
                return replace(self, surveyed=event)
            case FoundSlow(measurement) if self.posed is None:
                return replace(self, found=measurement)
            case Posed(problem):
                return replace(self, posed=event, found=problem.found)
            case Armed():
                return replace(self, armed=event)
            case _:
                return self._beside_it(event)

    def _beside_it(self, event: Event) -> Past:
        match event:
            case Looked():
                return replace(self, looked=event)
            case Remaining():
                return replace(self, remaining=event)
            case PutBack(restored):
                return replace(self, put_back=restored)
            case Failed():
                return replace(self, failed=event)
            case Finished(report):
                return replace(self, report=report)
            case _:
                return replace(self, report=_behind(self.report, event)) if self.report else self


def _behind(report: Report, event: Event) -> Report:
    """The report, with what came behind it."""
    match event:
        case Kept(commands):
            return replace(report, restored=replace(report.restored, cure_until="", cured_by=commands))
        case LookedInside():
            return event.added_to(report)
        case _:
            return report


def after(told: Past | None, event: Event) -> Past | None:
    """A run with one more event; None before it has begun."""
    if told:
        return told.after(event)
    return Past(event) if isinstance(event, Began) else None


def past(events: Iterable[Event]) -> Past:
    """The run that a journal tells of.

    Raises:
        UsageError: it has no beginning.
    """
    told = reduce(after, events, None)
    if told is None:
        raise UsageError("this journal has no beginning", advice="name another run")
    return told


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in one line."""

    run: str
    when: str
    """ISO 8601, UTC."""
    host: str
    playbook: str
    outcome: str
    """An `Outcome`; without a report ``running``, ``refused``, ``failed`` or ``killed``."""
    restored: str
    """``yes``, ``no``, ``on purpose not``, ``untouched``; ``unknown`` where only the host can tell."""
    why: str = ""
    """Where there is no report, what there is to say instead."""


def summary(told: Past, *, under_way: bool) -> Summary:
    """A run in one line.

    Args:
        told: as its journal has it.
        under_way: its process still writes there.
    """
    put_back = told.report.restored if told.report else told.put_back
    restored = "unknown" if told.armed else "untouched"
    if put_back and (told.armed or put_back.in_doubt):
        restored = "yes" if put_back.verified else "no" if put_back.in_doubt else "on purpose not"
    if told.report:
        outcome, why = str(told.report.outcome), ""
    elif under_way:
        outcome, why = "running", "it is under way, and has no report yet"
    elif told.failed and told.armed:
        outcome, why = "failed", f"it failed: {told.failed.what}; {told.failed.state}"
    elif told.failed:
        outcome, why = "refused", f"it was refused: {told.failed.what}"
    else:
        at = f"at trial {len(told.trials)}" if told.armed else "before anything was switched"
        outcome, why = "killed", f"it was killed {at}, and has no report"
    began = told.began
    return Summary(began.run, began.started, began.host, began.playbook, outcome, restored, why)
