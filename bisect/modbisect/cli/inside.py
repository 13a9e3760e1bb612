"""A second search, among the lines of a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from modbisect.cli.asking import looking_into
from modbisect.cli.performing import exit_code, perform
from modbisect.cli.streams import tell
from modbisect.errors import ModbisectError, NothingInside
from modbisect.inventory import Host
from modbisect.kinds import BY_THE_PLAYBOOK, opened_by, own_files
from modbisect.model import Measure, Outcome, Symptom
from modbisect.playbook import Budget, Playbook
from modbisect.report import verdict
from modbisect.report.figures import count
from modbisect.report.values import Inside, Report
from modbisect.run.events import LookedInside
from modbisect.run.journal import add
from modbisect.run.options import Options

_Amount = TypeVar("_Amount", int, float)
_LONGEST = 20.0
"""Seconds that the page may take as found, for a second search in files that only tell the culprit what to do."""
_LEAST_SECONDS, _LEAST_RESTARTS, _LEAST_REQUESTS, _LEAST_DOWNTIME = 20.0, 6, 60, 2.0
"""Of the budget, below which no second search is worth its beginning."""


def further(report: Report, host: Host, playbook: Playbook, options: Options, *, quiet: bool) -> tuple[Report, int]:
    """Go on in the file that is to blame; where nobody is, in those that stayed as found.

    What comes of it adds to a verdict that stands; where it comes to nothing, that is told on the way.
    """
    found = report.outcome is Outcome.FOUND
    blamed = [component for finding in report.findings for component in finding.components]
    stayed = (*report.untestable, *report.pinned)
    needed = [each.component for each in stayed if not each.reason.endswith(BY_THE_PLAYBOOK)]
    opened = opened_by(blamed)
    told = report.told_in if len(blamed) == 1 and report.found_seconds <= _LONGEST else ()
    paths = (opened or told) if found else (*opened_by(needed), *own_files())
    left = _left(playbook.budget, report)
    if not found and not _is_slow(playbook, report):
        return report, exit_code(report)
    if (behind := _behind_the_cure(report, host, playbook, replace(options, look_seconds=0), quiet=quiet)) is not None:
        return behind
    # One that builds up is fast again by now, and would have to be waited for.
    closed = playbook.select.into or not report.restored.verified or (found and (len(opened) > 1 or report.aged))
    if not paths or closed or not left:
        return report, exit_code(report)
    book = looking_into(replace(playbook, budget=left), *paths)
    try:
        more, code = perform(host, book, replace(options, look_seconds=0), quiet=quiet)
    except ModbisectError as error:
        # The main files of servers that are not this host's were only a try.
        if opened or told or opened_by(needed) or not isinstance(error, NothingInside):
            tell(f"not looked into {', '.join(paths)}: {error.what}")
        return report, exit_code(report)
    if more.restored.in_doubt or (not found and more.outcome is Outcome.FOUND):
        before = f"a search among {count(report.suspects, 'component')} before, run {report.run[:8]}: {report.reason}"
        return replace(more, warnings=(*more.warnings, before)), code
    also = replace(report, warnings=tuple(dict.fromkeys((*report.warnings, *more.warnings))))
    return within(report, more, paths) if found else also, exit_code(report)


def _behind_the_cure(
    report: Report, host: Host, playbook: Playbook, options: Options, *, quiet: bool
) -> tuple[Report, int] | None:
    """What speaks of the rest that a cure leaves, tried on the site as found: it may be what is to blame for all of it.

    None where nothing was tried: a second search has what the first one left of the budget, and there is no third.
    """
    left = _left(playbook.budget, report)
    if not report.left_in or playbook.select.into or not report.restored.verified or not left:
        return None
    book = looking_into(replace(playbook, budget=left), *report.left_in)
    try:
        more, code = perform(host, book, options, quiet=quiet)
    except ModbisectError as error:
        tell(f"not looked into {', '.join(report.left_in)}: {error.what}")
        return report, exit_code(report)
    if more.restored.in_doubt:
        return more, code
    if more.outcome is not Outcome.FOUND or _largest(more) <= _largest(report):
        return report, exit_code(report)
    before = f"a smaller contributor, run {report.run[:8]}: {verdict(report)}"
    return replace(more, warnings=(*more.warnings, before)), code


def _largest(report: Report) -> float:
    return max(finding.effect.ratio for finding in report.findings)


def _is_slow(playbook: Playbook, report: Report) -> bool:
    """Whether there is a slowdown to look for: what takes less than the least one that matters has none."""
    least = playbook.symptom.at_least if playbook.symptom else Symptom("").at_least
    return report.measure is not Measure.LATENCY or report.found_seconds > least


def _left(budget: Budget, report: Report) -> Budget | None:
    """What a run has left of its budget; None where that is not worth a beginning."""

    def less(of: _Amount | None, spent: _Amount) -> _Amount | None:
        return None if of is None else of - spent

    left = Budget(
        less(budget.seconds, report.seconds),
        less(budget.restarts, report.restarts),
        less(budget.requests, report.requests),
        less(budget.downtime, report.downtime_seconds),
    )
    least = (
        (left.seconds, _LEAST_SECONDS),
        (left.restarts, _LEAST_RESTARTS),
        (left.requests, _LEAST_REQUESTS),
        (left.downtime, _LEAST_DOWNTIME),
    )
    return None if any(have is not None and have < needed for have, needed in least) else left


def within(report: Report, more: Report, paths: tuple[str, ...]) -> Report:
    """A report with what a second search in the file that is to blame has found; its journal gets it as well."""
    lines = tuple(component for finding in more.findings for component in finding.components)
    event = LookedInside(
        Inside(more.run, ", ".join(paths), more.outcome, more.reason),
        lines,
        {line: more.details.get(line, "") for line in lines},
        {line: more.remedies[line] for line in lines if line in more.remedies},
    )
    try:
        add(report.run, event)
    except ModbisectError as error:
        tell(f"modbisect: {error}")
    return event.added_to(report)
