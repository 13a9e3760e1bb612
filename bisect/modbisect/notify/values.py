"""What is sent: made of a report, or of what a canary saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modbisect.harmless import one_line
from modbisect.model import Outcome
from modbisect.report import Report, verdict
from modbisect.report import wording as words

MISSING = "Apprise is not installed: pip install 'modbisect[notify]'"
_MANY = 10


class Level(StrEnum):
    """How much it matters; the words are Apprise's."""

    INFO = "info"
    GOOD = "success"
    WARNING = "warning"
    BAD = "failure"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message."""

    title: str
    """On one line."""
    text: str
    """Plain lines; commands stand in their own."""
    level: Level
    host: str = ""
    tags: tuple[str, ...] = ()
    began: float = 0.0
    """Unix time of what it tells of, and of its end; 0 for now."""
    ended: float = 0.0


class NotSent(Exception):
    """A notice did not reach its place; the words say why, and hold no secret."""


_LEVELS = {
    Outcome.FOUND: Level.WARNING,
    Outcome.NONE: Level.WARNING,
    Outcome.NOT_SLOW: Level.GOOD,
    Outcome.INCONCLUSIVE: Level.WARNING,
    Outcome.INTERRUPTED: Level.INFO,
}


def of_run(report: Report) -> Notice:
    """What a run has found, what cures it, and whether the host is as it was."""
    began = datetime.fromisoformat(report.started).timestamp()
    return Notice(
        verdict(report),
        "\n".join(map(one_line, _lines(report))),
        Level.BAD if report.restored.in_doubt else _LEVELS[report.outcome],
        report.host,
        tuple(filter(None, (report.outcome.value, report.playbook, report.change))),
        began,
        began + report.seconds,
    )


def _lines(report: Report) -> Iterator[str]:
    for finding in report.findings:
        for commands in words.cures(report, finding)[:1]:
            yield f"To cure {' and '.join(finding.components)} for good:"
            yield from commands
    if report.suspects_left:
        yield f"Not cleared: {', '.join(report.suspects_left[:_MANY])}"
    if report.restored.in_doubt:
        yield f"{report.host} IS NOT RESTORED: {report.restored.how}. Run now:"
        yield words.rescue(report)
    elif report.restored.verified:
        yield f"{report.host} is as it was found."
    if report.change:
        yield f"Change: {report.change}"
    yield f"The whole of it: modbisect report {report.run[:8]}"


def of_checks(host: str, playbook: str, alarms: Sequence[str], ended: Sequence[str], at: float) -> Notice:
    """What has begun and what is over at a host, a sentence each."""
    lines = (*alarms, *ended)
    title = f"{host}: {lines[0]}" + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")
    level = Level.BAD if alarms else Level.GOOD
    text = "\n".join(map(one_line, lines))
    return Notice(one_line(title), text, level, host, ("canary", playbook), at, at)
