"""What is kept of canaries."""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTED = "accepted"
"""The verdict of what was slower, and is usual since somebody said so."""
KEEP = 6000
"""Results kept for each host, playbook and probe."""


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What one run of a canary saw of one probe."""

    host: str
    playbook: str
    probe: str
    at: float
    """Unix time."""
    median_seconds: float
    """0 when nothing correct came back."""
    samples: tuple[float, ...] = ()
    """Seconds of every measured request, raw."""
    broken: str = ""
    """Why the site did not answer correctly; empty when it did."""
    verdict: str = ""
    """How it compared with the earlier results."""
    peak_memory: int | None = None
    """Largest memory of one worker, in bytes; None when nobody looked."""
    seen: str | None = None
    """What the request was seen at where it was slower than usual, in words; None when nobody looked."""
    usual_seconds: float | None = None
    """What it was held against; None where there was nothing yet."""
    alarm_seconds: float | None = None
    changed: str | None = None
    """What of the host was not as at the last good check, a line each, when it had become slower; None when nobody
    looked."""
    run: str | None = None
    """The run that it led to."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A probe of which there are results."""

    host: str
    playbook: str
    probe: str
    results: int
    first: float
    last: float
    """Unix time of the oldest and the newest of them."""
