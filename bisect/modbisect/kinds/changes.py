"""What has lately been done to a host: packages, the site's programs, what was deployed. It accuses nobody. Pure."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from modbisect.kinds.found import Found, once

_DAYS = 3 * 24 * 3600.0
"""Seconds back to which a change is told without being asked for."""
_LAST = 253402300799.0
"""Unix time of the last second that a date can be made of: whoever has a file can give it any."""
_DONE = {"install": "installed", "upgrade": "upgraded", "remove": "removed", "purge": "purged"}
_TIME = re.compile(r"\d{1,12}(?:\.\d{1,12})?")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done to the host."""

    at: float
    """Unix time."""
    what: str
    files: frozenset[str] = frozenset()
    """Of a package, those that a component may stand for."""

    def __str__(self) -> str:
        return f"{self.what} {day(self.at)}"


@once
def by_packages(found: Found) -> tuple[Change, ...]:
    """What the package manager has done last to each package that a site stands on, the latest first."""
    zone = next(iter(found.sections["clock"]), "+0000")
    files: dict[tuple[str, str, str], set[str]] = {}
    for line in found.sections["packages"]:
        at, action, package, file = (*line.split("\t"), "", "", "", "")[:4]
        if action in _DONE:
            files.setdefault((at, action, package), set()).update({file} - {"-", ""})
    changes = []
    for (at, action, package), those in files.items():
        with suppress(ValueError):
            seconds = re.fullmatch(r"@(\d{1,12})", at)
            when = (
                float(seconds[1]) if seconds else datetime.strptime(f"{at} {zone}", "%Y-%m-%d %H:%M:%S %z").timestamp()
            )
            changes.append(Change(when, f"{package} {_DONE[action]}", frozenset(those)))
    return _latest_first(changes)


def latest(found: Found, since: float = math.inf) -> tuple[Change, ...]:
    """All that is known to be of the last days, or from a time on; the latest first.

    Args:
        found: a survey.
        since: Unix time; by default some days before the survey.
    """
    now = next((float(line[4:]) for line in found.sections["system"] if re.fullmatch(r"now \d{1,12}", line)), math.inf)
    changes = (*by_packages(found), *_by_site(found))
    return _latest_first([change for change in changes if change.at >= min(since, now - _DAYS)])


def _by_site(found: Found) -> list[Change]:
    pairs = [(line.split("\t"), "changed") for line in found.sections["site-files"]]
    pairs += [(line.split("\t"), "by git") for line in found.sections["site-history"]]
    return [
        Change(float(fields[0]), " ".join([fields[1], *fields[2:], how]))
        for fields, how in pairs
        if len(fields) > 1 and _TIME.fullmatch(fields[0])
    ]


def _latest_first(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: (-change.at, change.what)))


def day(time: float) -> str:
    """A Unix time for a person."""
    return f"{datetime.fromtimestamp(min(time, _LAST), UTC):%Y-%m-%d %H:%M} UTC"
