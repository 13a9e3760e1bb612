"""A run as spans, of which a trace is made: one for all of it, in that one a step, in the search one a trial. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import TypeAlias

from modbisect.judging import Judge, Level, Noise, level, measured
from modbisect.model import Measure, Verdict
from modbisect.report import Report, Tried, verdict
from modbisect.run.events import (
    Concluded,
    Curing,
    Event,
    Failed,
    Finished,
    Known,
    PutBack,
    Stage,
    TrialBegan,
    TrialEnded,
    Warned,
)
from modbisect.run.past import Past, past, summary
from modbisect.run.telling import all_tried, told_report

Value: TypeAlias = str | bool | int | float | tuple[str, ...]
_Timed: TypeAlias = tuple[datetime, Event]

_TIMES = (Measure.LATENCY, Measure.TAIL)


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was told while a span lasted."""

    at: datetime
    name: str
    """``warning`` or ``note``."""
    words: str


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took time, with what went on in it."""

    name: str
    """The same in every run."""
    began: datetime
    ended: datetime
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """Text of the host among it; what is empty is not known, or not there."""
    error: str = ""
    """Why it counts as failed; empty where it does not."""
    said: tuple[Said, ...] = ()
    children: tuple[Span, ...] = ()


def trace(events: Iterable[_Timed]) -> Span:
    """The span of a run, with all others in it; none ends before it begins, or outlasts the one that it is in.

    Args:
        events: of its journal, each with when it was written.

    Raises:
        UsageError: they have no beginning.
    """
    stamps, kept = zip(*whole, strict=True) if (whole := list(events)) else ((), ())
    # A clock that was set back while the run went on must not turn a span round.
    timed = list(zip(accumulate(stamps, max), kept, strict=True))
    told = past(kept)
    report = told_report(told)
    end = next((place for place, event in enumerate(kept, 1) if isinstance(event, Finished | Failed)), len(kept))
    timed = timed[:end]
    error = _error(told, report)
    return Span(
        "run",
        timed[0][0],
        timed[-1][0],
        _about(told, report) | {"error.type": _kind_of_error(told, report) if error else ""},
        error,
        tuple(_said(timed)),
        (*_steps(timed), *_search(timed, told, report)),
    )


def _about(told: Past, report: Report | None) -> dict[str, Value]:
    short = summary(told, under_way=False)
    about: dict[str, Value] = {
        "host.name": told.began.host,
        "modbisect.run": told.run,
        "modbisect.playbook": told.began.playbook,
        "modbisect.outcome": short.outcome,
        "modbisect.restored": short.restored,
        "modbisect.change": told.began.change,
        "modbisect.resumes": told.began.resumes,
    }
    if report is None:
        return about
    about |= {
        "modbisect.verdict": verdict(report),
        "modbisect.culprits": tuple(each for finding in report.findings for each in finding.components),
        "modbisect.lines": report.lines,
        "modbisect.inside": report.inside.run if report.inside else "",
        "modbisect.measure": report.measure.value,
        "modbisect.trials": report.trials - report.known_trials,
        "modbisect.known_trials": report.known_trials,
        "modbisect.restarts": report.restarts,
        "modbisect.requests": report.requests,
        "modbisect.downtime_seconds": report.downtime_seconds,
    }
    if report.found_seconds and report.measure in _TIMES:
        about["modbisect.found_seconds"] = report.found_seconds
    return about


def _error(told: Past, report: Report | None) -> str:
    if report:
        return report.restored.how if report.restored.in_doubt else ""
    return f"{told.failed.what}; {told.failed.state}" if told.failed else "it came to no end"


def _kind_of_error(told: Past, report: Report | None) -> str:
    return "not restored" if report else summary(told, under_way=False).outcome


def _said(timed: Sequence[_Timed]) -> Iterator[Said]:
    for at, event in timed:
        match event:
            case Warned(what):
                yield Said(at, "warning", what)
            case Stage(what, ""):
                yield Said(at, "note", what)
            case _:
                pass


def _steps(timed: Sequence[_Timed]) -> Iterator[Span]:
    """A step ends where anything happens that is not a part of it."""
    for place, (at, event) in enumerate(timed, 1):
        if isinstance(event, Stage) and event.step:
            ended, after = next((each for each in timed[place:] if not _within(each[1])), timed[-1])
            doubt = after.restored.how if isinstance(after, PutBack) and after.restored.in_doubt else ""
            yield Span(event.step, at, ended, {"modbisect.step": event.what}, doubt)


def _within(event: Event) -> bool:
    return isinstance(event, Warned | Curing) or (isinstance(event, Stage) and not event.step)


def _search(timed: Sequence[_Timed], told: Past, report: Report | None) -> Iterator[Span]:
    """From its first trial to its conclusion; none where nothing was tried."""
    trials = tuple(_trials(timed, told, report))
    if trials:
        ended = (at for at, event in timed if isinstance(event, Concluded) and at >= trials[-1].ended)
        yield Span("search", trials[0].began, next(ended, timed[-1][0]), children=trials)


def _trials(timed: Sequence[_Timed], told: Past, report: Report | None) -> Iterator[Span]:
    """A trial ends with what it saw, or where it was given up."""
    tried = {trial.number: (each, trial) for each, trial in zip(all_tried(told), told.trials, strict=True)}
    judge = _judge(told, report)
    for (at, event), (ended, after) in zip(timed, [*timed[1:], timed[-1]], strict=True):
        if isinstance(event, TrialBegan):
            asked: dict[str, Value] = {
                "modbisect.trial.number": event.number,
                "modbisect.trial.flipped": tuple(sorted(event.ask.configuration.flipped)),
                "modbisect.trial.why": event.ask.why,
                "modbisect.trial.stage": event.ask.stage,
            }
            seen = _seen(*tried[event.number], judge) if isinstance(after, TrialEnded) else {}
            yield Span("trial", at, ended, asked | seen)


def _seen(tried: Tried, trial: Known, judge: Judge | None) -> dict[str, Value]:
    seen: dict[str, Value] = {
        "modbisect.trial.verdict": _verdict(tried, trial, judge) or "",
        "modbisect.trial.broken": tried.broken,
        "modbisect.trial.requests": len(tried.times),
        "modbisect.trial.restart_seconds": tried.restart_seconds,
    }
    if tried.seconds is not None and trial.measurement.measure in _TIMES:
        seen |= {"modbisect.trial.seconds": tried.seconds, "modbisect.trial.cut_off": tried.censored}
    if tried.memory:
        seen["modbisect.trial.memory_bytes"] = tried.memory.peak
    return seen


def _verdict(tried: Tried, trial: Known, judge: Judge | None) -> Verdict | None:
    """None where nobody can tell."""
    seen = trial.measurement
    if tried.verdict or judge is None or not measured(seen) or level(seen).measure is not judge.slow.measure:
        return tried.verdict
    return judge.verdict((seen,))


def _judge(told: Past, report: Report | None) -> Judge | None:
    """What tells slow trials from fast ones, by what the culprits make of the site; None where none was found."""
    effects = [finding.effect for finding in report.findings] if report and not report.by_hand else []
    symptom = told.posed.problem.symptom if told.posed else None
    if not effects or symptom is None:
        return None
    ends = max(each.before_seconds for each in effects), min(each.after_seconds for each in effects)
    slow, fast = (Level(math.log(end), 0.0, measure=effects[0].measure) for end in ends)
    return Judge(slow, fast, Noise(), symptom)
