"""What earlier runs have learned of a host: which components its site breaks without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modbisect.errors import UsageError
from modbisect.model import BREAKS, ComponentId
from modbisect.report import Report
from modbisect.run.events import Began
from modbisect.run.journal import read, runs
from modbisect.run.past import past

_MOST = 3
"""Of a host's latest runs; a site changes."""
_LOOKED_AT = 40
"""Journals of whatever host."""


def needed(host: str, folder: Path | None = None) -> frozenset[ComponentId]:
    """Components that broke the host's site when they were switched. A wrong one costs a later run a trial, no more."""
    known: set[ComponentId] = set()
    for report in _reports(host, folder):
        known |= {item.component for item in report.untestable if item.reason.startswith(BREAKS)}
    return frozenset(known)


def _reports(host: str, folder: Path | None) -> Iterator[Report]:
    """The latest of a host, those passed over that cannot be read."""
    left = _MOST
    for path in runs(folder)[:_LOOKED_AT]:
        try:
            events = read(path.name, folder)
            began = next(events, None)
            if not (isinstance(began, Began) and began.host == host):
                continue
            report = past([began, *events]).report
        except UsageError:
            continue
        if report:
            yield report
            left -= 1
        if not left:
            return
