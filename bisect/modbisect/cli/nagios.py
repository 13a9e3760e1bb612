"""What a canary saw as Nagios and what speaks its language take it: one line with figures, and four exit codes.

See the Monitoring Plugins Development Guidelines, "Plugin Output for Nagios".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum

from modbisect.harmless import one_line
from modbisect.judging.history import Trend
from modbisect.report.figures import count
from modbisect.run.canary import Sighting


class Status(IntEnum):
    """The guidelines' exit codes."""

    OK = 0
    WARNING = 1
    """Something is slower."""
    CRITICAL = 2
    """Something does not answer correctly."""
    UNKNOWN = 3
    """Nobody could look."""


def status_of(rows: Sequence[tuple[str, Sighting]]) -> Status:
    """Of all probes the worst."""
    if any(sighting.broken for _, sighting in rows):
        return Status.CRITICAL
    slower = any(sighting.comparison and sighting.comparison.trend is Trend.SLOWER for _, sighting in rows)
    return Status.WARNING if slower else Status.OK


def told(rows: Sequence[tuple[str, Sighting]], words: Callable[[Sighting], str]) -> str:
    """The line: what is wrong, or that nothing is, and behind a bar the figures with the alarm's limit."""
    wrong = [f"{host}: {words(sighting)}" for host, sighting in rows if sighting.alarming]
    said = "; ".join(wrong) or f"{count(len(rows), 'probe')} as usual"
    figures = " ".join(filter(None, (_figure(host, sighting) for host, sighting in rows)))
    return f"MODBISECT {status_of(rows).name}: {_plain(said)} | {figures}"


def unknown(why: str) -> str:
    """The line where nobody could look."""
    return f"MODBISECT UNKNOWN: {_plain(why)}"


def _plain(words: str) -> str:
    """On one line, with no bar, which would begin the figures."""
    return one_line(words).replace("|", "/")


def _figure(host: str, sighting: Sighting) -> str:
    """``'web1 home'=0.181s;0.2;;0``: the value in seconds, the warning's limit, none for critical, the least."""
    if sighting.comparison is None:
        return ""
    label = _plain(f"{host} {sighting.probe}").replace("'", "").replace("=", "")
    alarm = f"{sighting.comparison.alarm_seconds:.6g}" if sighting.comparison.alarm_seconds else ""
    return f"'{label}'={sighting.comparison.now_seconds:.6g}s;{alarm};;0"
