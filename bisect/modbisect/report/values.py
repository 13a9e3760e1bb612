"""The report of a run, as a value; every format is one function of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from modbisect.model import (
    Aged,
    ComponentId,
    Cost,
    Effect,
    Finding,
    Measure,
    Memory,
    Outcome,
    Together,
    Untestable,
    Verdict,
)

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Restored:
    """Whether the host is as it was found."""

    verified: bool
    how: str
    """In words: what was compared, or why it could not be."""
    seconds: float = 0.0
    digest: str = ""
    """SHA-256 of the manifest of every file in the write set."""
    advice: str = ""
    """The command to run now, where it is not that which puts the host back."""
    cure_until: str = ""
    """The culprit is kept switched over on purpose, until then (ISO 8601, UTC) unless somebody makes it last."""
    cured_by: tuple[str, ...] = ()
    """The commands that have made it last."""

    @property
    def in_doubt(self) -> bool:
        """The host is neither as found nor left otherwise on purpose: a person must look."""
        return not (self.verified or self.cure_until or self.cured_by)


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial that was measured."""

    number: int
    why: str
    """The question it was to answer."""
    flipped: tuple[ComponentId, ...]
    """In the order of their names; none for the site as found."""
    seconds: float | None = None
    """Its level, as ``found_seconds`` is; None where nothing was measured, or a person judged it."""
    censored: bool = False
    """It was cut off there: it takes at least so long."""
    times: tuple[float, ...] = ()
    """Seconds of the requests in its window."""
    memory: Memory | None = None
    verdict: Verdict | None = None
    """What a person said of it, or that it was broken; else None, since only trials beside each other tell."""
    broken: str = ""
    """Why it did not serve the site."""
    ended: float = 0.0
    """Seconds of the run at which it was over; 0 where nobody knows."""
    took: float = 0.0
    """Seconds of the whole trial."""
    restart_seconds: float = 0.0
    suspects: tuple[tuple[ComponentId, float], ...] = ()
    """The likeliest when it began, with their probability, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A second search, in the file that is to blame."""

    run: str
    path: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run has to say."""

    run: str
    host: str
    playbook: str
    outcome: Outcome
    started: str
    """ISO 8601, UTC."""
    seconds: float
    restored: Restored
    probe: str = ""
    """Name of the symptom's probe."""
    request: str = ""
    """What the symptom's probe sends, in words; no secrets."""
    measure: Measure = Measure.LATENCY
    """What the symptom is about; of memory, what is called seconds is GiB."""
    found_seconds: float = 0.0
    """A complete request on the host as found."""
    found_censored: bool = False
    """It was cut off there: it takes at least so long."""
    found_first_byte: float = 0.0
    """Seconds of it until the first byte of the response; 0 where they were not measured."""
    found_memory: Memory | None = None
    findings: tuple[Finding, ...] = ()
    untestable: tuple[Untestable, ...] = ()
    residual: Effect | None = None
    costs: tuple[Cost, ...] = ()
    suspects: int = 0
    """Components that are not pinned; those of them that are untestable were never flipped."""
    kinds: dict[str, int] = field(default_factory=dict)
    """How many of them are of each kind."""
    tested: int = 0
    """How many of them were flipped while the site served."""
    together: tuple[Together, ...] = ()
    """What trials told of many of them at once."""
    pinned: tuple[Untestable, ...] = ()
    """Those that are on and stayed as found in every trial, and why."""
    suspects_left: tuple[ComponentId, ...] = ()
    """When inconclusive: those that could not be cleared, the likeliest first."""
    details: dict[ComponentId, str] = field(default_factory=dict)
    """For each component named above: what it is."""
    found_off: tuple[ComponentId, ...] = ()
    """Those of them that were off as found."""
    remedies: dict[ComponentId, tuple[str, ...]] = field(default_factory=dict)
    """For each culprit and its dependents, the commands that switch it for good, a restart last."""
    told_in: tuple[str, ...] = ()
    """The files that tell the culprits what to do."""
    left_in: tuple[str, ...] = ()
    """The files that speak of what is left of a request where the culprits are switched over."""
    resumed: str = ""
    """Id of the run that this one went on from; empty for one that began afresh."""
    known_trials: int = 0
    """How many of the trials are those of the run that this one went on from."""
    resume: str = ""
    """The command that goes on from here; empty where nothing is left to do."""
    by_hand: bool = False
    """A person judged the trials: there are no times."""
    trials: int = 0
    restarts: int = 0
    requests: int = 0
    downtime_seconds: float = 0.0
    """Sum of the restarts' times."""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    aged: Aged | None = None
    """What had to come after a restart before the symptom showed, as found."""
    aged_without: Aged | None = None
    """The same traffic with the culprit switched over."""
    tried: tuple[Tried, ...] = ()
    """Every trial, in their order."""
    inside: Inside | None = None
    lines: tuple[ComponentId, ...] = ()
    """What it found: proven in the same way, in a run of its own."""
    steps: dict[ComponentId, tuple[str, ...]] = field(default_factory=dict)
    """For each component that was flipped, what that did on the host."""
    back: dict[ComponentId, tuple[str, ...]] = field(default_factory=dict)
    """For each culprit whose remedy is a command: the commands that take it back, a restart last."""
    change: str = ""
    """Id of the change or the incident that the run belongs to."""
    schema: int = SCHEMA
