"""What a trial saw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modbisect.model.components import Configuration
from modbisect.model.site import Aged, Measure


class Verdict(StrEnum):
    """What one configuration turned out to be; BROKEN is neither fast nor slow."""

    FAST = "fast"
    SLOW = "slow"
    UNSURE = "unsure"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the client saw it."""

    probe: str
    seconds: float
    """Total wall time; the cap when censored."""
    first_byte: float = 0.0
    """Seconds until the first byte of the response; 0 when there was none."""
    connect: float = 0.0
    tls: float = 0.0
    status: int = 0
    sent: int = 0
    received: int = 0
    """Size of the body after decoding."""
    censored: bool = False
    """Cut off at the cap: it took at least ``seconds``."""
    fault: str = ""
    """Why it is not a correct response; empty for a correct one."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the server's workers after a window."""

    peak: int
    """Largest VmHWM of one worker."""
    resident: int
    """Largest VmRSS of one worker."""
    workers: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one trial saw. The trial, one restart, is the experimental unit."""

    configuration: Configuration
    requests: tuple[Request, ...] = ()
    """The window of the symptom's probe, warm-up left out."""
    cold: Request | None = None
    """The first request after the restart."""
    broken: str = ""
    """Why this configuration does not serve the site; empty when it does."""
    memory: Memory | None = None
    steal: float = 0.0
    """Share of processor time the hypervisor took away during the window, 0 to 1."""
    restart_seconds: float = 0.0
    seconds: float = 0.0
    """The whole trial."""
    warnings: tuple[str, ...] = ()
    measure: Measure = Measure.LATENCY
    """Which of these figures counts."""
    elsewhere: tuple[Request, ...] = ()
    """Windows of the other probes; only in a proof."""
    aged: Aged | None = None
    """What happened between the restart and the window."""
    growth: float | None = None
    """Bytes that the workers' own memory grew by a request."""
