"""What a journal knows of its run: enough to go on from there, or to tell it again. Reads nothing but the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isclose
from typing import TypeVar

from modbisect.errors import Refused, UsageError
from modbisect.model import Ask, Conclusion, Probe
from modbisect.playbook import Budget, Playbook
from modbisect.report import Report, Restored
from modbisect.run.dialogue import Dialogue, larger, spent
from modbisect.run.events import (
    Armed,
    Began,
    Effort,
    Event,
    Failed,
    Finished,
    Kept,
    Known,
    Posed,
    PutBack,
    Surveyed,
    TrialBegan,
    TrialEnded,
)

T = TypeVar("T")

_HIDDEN = "(not kept)"


@dataclass(frozen=True, slots=True)
class Past:
    """A run up to its end, whichever that was."""

    began: Began
    surveyed: Surveyed | None = None
    posed: Posed | None = None
    trials: tuple[Known, ...] = ()
    """Those that were measured, in their order."""
    report: Report | None = None
    """None for a run that was killed."""

    @property
    def run(self) -> str:
        """Its id."""
        return self.began.run

    @property
    def effort(self) -> Effort:
        """What its trials have cost."""
        return self.trials[-1].effort if self.trials else Effort()

    @property
    def fastest_cold(self) -> float | None:
        """Seconds of the quickest first request after a restart."""
        first = [trial.measurement.cold for trial in self.trials]
        return min((one.seconds for one in first if one and not one.censored), default=None)


def past(events: Iterable[Event]) -> Past:
    """The run that a journal tells of.

    Raises:
        UsageError: it has no beginning.
    """
    kept = list(events)
    began = _last(kept, Began)
    if began is None:
        raise _beheaded()
    return Past(began, _last(kept, Surveyed), _last(kept, Posed), _trials(kept), report_of(kept))


def _trials(events: Sequence[Event]) -> tuple[Known, ...]:
    asked = {event.number: event.ask for event in events if isinstance(event, TrialBegan)}
    return tuple(
        event if isinstance(event, Known) else Known(event.number, asked[event.number], event.measurement, event.effort)
        for event in events
        if isinstance(event, Known) or (isinstance(event, TrialEnded) and event.number in asked)
    )


def report_of(events: Sequence[Event]) -> Report | None:
    """The report in a journal, with what has become of the host since; None of a run that was killed."""
    finished, kept = _last(events, Finished), _last(events, Kept)
    if finished is None:
        return None
    report = finished.report
    if kept is None:
        return report
    return replace(report, restored=replace(report.restored, cure_until="", cured_by=kept.commands))


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


def summary(events: Sequence[Event], *, under_way: bool) -> Summary:
    """A run by its journal.

    Args:
        events: all that is in it.
        under_way: its process still writes there.

    Raises:
        UsageError: it has no beginning.
    """
    began = _last(events, Began)
    if began is None:
        raise _beheaded()
    report, failed = report_of(events), _last(events, Failed)
    touched = _last(events, Armed) is not None
    put_back = report.restored if report else _restored(_last(events, PutBack))
    restored = "unknown" if touched else "untouched"
    if put_back and (touched or put_back.in_doubt):
        restored = "yes" if put_back.verified else "no" if put_back.in_doubt else "on purpose not"
    if report:
        outcome, why = str(report.outcome), ""
    elif under_way:
        outcome, why = "running", "it is under way, and has no report yet"
    elif failed:
        outcome, why = "failed" if touched else "refused", f"it was refused: {failed.what}"
        why = f"it failed: {failed.what}; {failed.state}" if touched else why
    else:
        at = "before anything was switched" if not touched else f"at trial {len(_trials(events))}"
        outcome, why = "killed", f"it was killed {at}, and has no report"
    return Summary(began.run, began.started, began.host, began.playbook, outcome, restored, why)


def _restored(put_back: PutBack | None) -> Restored | None:
    return put_back.restored if put_back else None


def _beheaded() -> UsageError:
    return UsageError("this journal has no beginning", advice="name another run")


def _last(events: Sequence[Event], kind: type[T]) -> T | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)


def resumed(before: Past, budget: Budget) -> Dialogue:
    """The conversation led again up to where the journal ends: nothing is measured.

    Raises:
        UsageError: the run ended before its search.
        Refused: the planner of this version asks something else than the one that wrote the journal.
    """
    if before.posed is None:
        raise UsageError(
            f"run {before.run[:8]} ended before its search, so there is nothing to go on from",
            state="no host was touched",
            advice="start it again with 'modbisect run', or name an earlier run",
        )
    problem = replace(before.posed.problem, max_trials=budget.restarts or 0)
    dialogue = Dialogue(problem, before.posed.strategy)
    for trial in before.trials:
        if not isinstance(dialogue.now, Ask) or not _same(dialogue.now, trial.ask):
            raise Refused(
                f"at trial {trial.number} the planner of this version wants something else than that of modbisect "
                f"{before.began.version}, which wrote the journal: {_brief(dialogue.now)}, not {_brief(trial.ask)}",
                host=before.began.host,
                state="no host was touched",
                advice="start it again with 'modbisect run', or resume it with the version that began it",
            )
        dialogue.tell(trial.measurement)
    return dialogue


def finished(before: Past, dialogue: Dialogue, budget: Budget) -> Report | None:
    """The report of a run that nothing can be added to: it came to its end, or its budget is as spent as it was.

    Raises:
        UsageError: the budget is spent, and there is no report, since the run was killed.
    """
    report = before.report
    if isinstance(dialogue.now, Conclusion):
        return report if report and report.outcome is dialogue.now.outcome else None
    why = spent(budget, before.effort)
    if why and report is None:
        more = larger(budget, before.effort, dialogue.problem, len(before.trials))
        raise UsageError(
            why, state="no host was touched", advice=f"give it more: modbisect resume {before.run[:8]}{more}"
        )
    return report if why else None


def without_secrets(playbook: Playbook) -> Playbook:
    """The playbook for a journal: what a person may have written a secret into is left out.

    ``auth`` holds references by its own rule; cookies, headers, forms, bodies and queries hold what they like.
    """
    return replace(playbook, probes=tuple(map(_bare, playbook.probes)))


def _bare(probe: Probe) -> Probe:
    path, query, _ = probe.url.partition("?")
    return replace(
        probe,
        url=path + query + (_HIDDEN if query else ""),
        headers=tuple((name, _HIDDEN) for name, _ in probe.headers),
        cookies=tuple((name, _HIDDEN) for name, _ in probe.cookies),
        form=tuple((name, _HIDDEN) for name, _ in probe.form),
        body=probe.body and _HIDDEN,
    )


def whole(kept: Playbook, again: Playbook | None) -> Playbook:
    """A playbook out of a journal, with what was left out there taken from its file, read again.

    Raises:
        Refused: the file says something else than it did.
    """
    if again is None or kept == again:
        return kept
    if replace(without_secrets(again), budget=kept.budget) != kept:
        raise Refused(
            "the playbook says something else than when the run began",
            state="no host was touched",
            advice="put it back as it was, or start again with 'modbisect run'",
        )
    return replace(again, budget=kept.budget)


def left_out(playbook: Playbook) -> bool:
    """Whether something was left out of a playbook in a journal."""
    return any(
        probe.body or probe.form or probe.cookies or probe.headers or "?" in probe.url for probe in playbook.probes
    )


def _same(one: Ask, other: Ask) -> bool:
    """What is for a person may differ."""

    def asked(ask: Ask) -> tuple[object, ...]:
        return ask.configuration, ask.requests, ask.stage, ask.measure, ask.age is None, ask.through

    return asked(one) == asked(other) and isclose(one.cap, other.cap)


def _brief(said: Ask | Conclusion) -> str:
    if isinstance(said, Conclusion):
        return f"to conclude ({said.outcome})"
    return f"{len(said.configuration.flipped)} flipped, {said.requests} requests ({said.why})"
