"""What happens in a run, as values: the live view prints them, the journal keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from modbisect.kinds import Suspicion
from modbisect.model import Ask, Component, ComponentId, Conclusion, Measurement
from modbisect.playbook import Playbook
from modbisect.report.values import Inside, Report, Restored
from modbisect.search import Problem


@dataclass(frozen=True, slots=True)
class Effort:
    """What a run has cost so far, the runs included that it goes on from."""

    restarts: int = 0
    requests: int = 0
    downtime_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Began:
    """First line of every journal."""

    run: str
    host: str
    playbook: str
    started: str
    version: str
    seed: int
    book: Playbook | None = None
    """The playbook, without what may be a secret: see ``playbook.without_secrets``."""
    playbook_path: str = ""
    """Empty where it is no file of a person's."""
    inventory: str = ""
    """Path of the inventory; empty for a host named on the command line."""
    resumes: str = ""
    """Id of the run that this one goes on from."""
    by_hand: bool = False
    """A person judges the trials."""
    role: str = ""
    """What the command line says the host is; empty where it says nothing."""
    change: str = ""
    """Id of the change or the incident that this belongs to."""
    type: Literal["began"] = "began"


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the run has begun, in words."""

    what: str
    step: str = ""
    """Its name, the same in every run; empty where something is only told."""
    type: Literal["stage"] = "stage"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The components and which of them are suspects."""

    components: tuple[Component, ...]
    files: dict[str, str] = field(default_factory=dict)
    """The files behind them: type, time and target."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of the installed packages of the server and of PHP."""
    type: Literal["surveyed"] = "surveyed"

    @property
    def suspects(self) -> int:
        """How many may be flipped."""
        return sum(not component.pinned for component in self.components)


@dataclass(frozen=True, slots=True)
class FoundSlow:
    """The complete measurement of the untouched host."""

    measurement: Measurement
    type: Literal["found"] = "found"


@dataclass(frozen=True, slots=True)
class Looked:
    """What the slow request was seen at, before anything was switched."""

    seconds: float
    """How long the look was."""
    busy: float
    """Of these, the seconds in which a request was at work."""
    suspicions: tuple[Suspicion, ...]
    """Those that what was seen speaks against, the largest share first."""
    most: str
    """What it was at for most of the time, in words; or whose data fills most of the memory."""
    share: float
    """Of the time in which it was at work."""
    of: Literal["time", "memory"] = "time"
    """What all shares are of."""
    type: Literal["looked"] = "looked"


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the request was at where the proven culprits alone were switched over."""

    seconds: float
    """That it still takes."""
    suspicions: tuple[Suspicion, ...]
    """Those that what was seen speaks against, but for the culprits."""
    most: str
    """What it was at for most of the time, in words."""
    share: float
    """Of the time in which it was at work."""
    files: tuple[str, ...]
    """That speak of it."""
    type: Literal["remaining"] = "remaining"


@dataclass(frozen=True, slots=True)
class Armed:
    """The guard holds a snapshot and watches."""

    digest: str
    entries: int
    lease: int
    type: Literal["armed"] = "armed"


@dataclass(frozen=True, slots=True)
class Posed:
    """What the planner was given: with this and the measurements it asks the same again."""

    problem: Problem
    strategy: str
    type: Literal["posed"] = "posed"


@dataclass(frozen=True, slots=True)
class Known:
    """A trial of the run that this one goes on from."""

    number: int
    ask: Ask
    measurement: Measurement
    effort: Effort = Effort()
    type: Literal["known"] = "known"


@dataclass(frozen=True, slots=True)
class TrialBegan:
    """Written before the host is changed."""

    number: int
    ask: Ask
    type: Literal["trial-began"] = "trial-began"


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """What the trial saw."""

    number: int
    measurement: Measurement
    effort: Effort = Effort()
    """Of the run up to here."""
    type: Literal["trial-ended"] = "trial-ended"


@dataclass(frozen=True, slots=True)
class Concluded:
    """The planner's conclusion, or what is known where a run ends before it has one."""

    conclusion: Conclusion
    unmoved: tuple[ComponentId, ...] = ()
    """Suspects whose flips did not reach the live server."""
    remedies: dict[ComponentId, tuple[str, ...]] = field(default_factory=dict)
    """For each of those accused, the commands that switch it for good."""
    told_in: tuple[str, ...] = ()
    """The files that tell those accused what to do."""
    steps: dict[ComponentId, tuple[str, ...]] = field(default_factory=dict)
    """For each component that was flipped, what that did on the host, in words."""
    back: dict[ComponentId, tuple[str, ...]] = field(default_factory=dict)
    """For those accused, the commands that take their remedy back."""
    type: Literal["concluded"] = "concluded"


@dataclass(frozen=True, slots=True)
class Curing:
    """Written before the proven culprits alone are switched over, to be left so."""

    flipped: tuple[ComponentId, ...]
    seconds: int
    """How long, unless somebody makes it last."""
    type: Literal["curing"] = "curing"


@dataclass(frozen=True, slots=True)
class Kept:
    """Somebody has made the cure last; it comes behind the line of the report."""

    commands: tuple[str, ...]
    """What was run on the host for that."""
    type: Literal["kept"] = "kept"


@dataclass(frozen=True, slots=True)
class LookedInside:
    """A second search, in the file that is to blame, has ended; it comes behind the line of the report."""

    inside: Inside
    lines: tuple[ComponentId, ...]
    """Those of its lines that are to blame."""
    details: dict[ComponentId, str]
    remedies: dict[ComponentId, tuple[str, ...]]
    type: Literal["looked-inside"] = "looked-inside"

    def added_to(self, report: Report) -> Report:
        """The report with what came of it."""
        return replace(
            report,
            lines=self.lines,
            details=report.details | self.details,
            remedies=report.remedies | self.remedies,
            inside=self.inside,
        )


@dataclass(frozen=True, slots=True)
class PutBack:
    """How the restore went."""

    restored: Restored
    type: Literal["put-back"] = "put-back"


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know."""

    what: str
    type: Literal["warned"] = "warned"


@dataclass(frozen=True, slots=True)
class Failed:
    """Last line of the journal of a run that has no report, as when it was refused."""

    what: str
    state: str
    """In which the host is."""
    type: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Finished:
    """Last line of the journal of a run that has come to its end: the whole report."""

    report: Report
    type: Literal["finished"] = "finished"


Event: TypeAlias = (
    Began
    | Stage
    | Surveyed
    | FoundSlow
    | Looked
    | Remaining
    | Posed
    | Known
    | Armed
    | TrialBegan
    | TrialEnded
    | Concluded
    | Curing
    | Kept
    | LookedInside
    | PutBack
    | Warned
    | Failed
    | Finished
)
Observer: TypeAlias = Callable[[Event], None]
