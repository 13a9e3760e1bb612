"""What came of one trial."""

from __future__ import annotations

from dataclasses import dataclass

SLACK_SECONDS = 5
"""A restore may take a lease and this long."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one trial."""

    fault: str
    seed: int
    step: str
    """What was under way when the fault struck."""
    by: str
    """Who put the host back; ``nobody`` where nothing was left to."""
    lease: int
    seconds: float
    """From the moment that a restore was possible until the host was put back."""
    clean: float
    """The same, until no trace of the run was there."""
    took: float
    injection: str = ""
    cuts: int = 0
    """How often the power was cut."""
    failure: str = ""
