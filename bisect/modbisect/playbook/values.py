"""What a playbook says, as values: the requests, the symptom, the suspects, the limits."""

from __future__ import annotations

from dataclasses import dataclass

from modbisect.errors import UsageError
from modbisect.model import Listing, Probe, Symptom
from modbisect.playbook.hours import Hours


@dataclass(frozen=True, slots=True)
class Selection:
    """Which components are suspects; the patterns are globs over component ids."""

    include: tuple[str, ...] = ("*",)
    keep: tuple[str, ...] = ()
    """Those that stay as found, whatever ``include`` says."""
    off: str = "auto"
    """Which components that are off in production are suspects too: ``auto``, ``all`` or ``none``."""
    allow_security: bool = False
    """Whether components that protect the site may be flipped."""
    into: tuple[str, ...] = ()
    """Files of the host's configuration: what they are made of are the suspects, and nothing else."""
    together: tuple[tuple[str, ...], ...] = ()
    """Groups that are switched as one, each by its patterns."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may cost; None is no limit."""

    seconds: float | None = None
    restarts: int | None = None
    requests: int | None = None
    downtime: float | None = None
    """Seconds in which the site does not serve."""


@dataclass(frozen=True, slots=True)
class Health:
    """When a run gives up because the site does not serve."""

    probe: str
    within: float
    """Seconds: longest in a row without a correct answer to that probe."""


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """How one trial measures; None leaves it to the planner."""

    requests: int | None = None
    """Measured requests of one trial."""
    warm_up: int = 5
    """Requests after a restart that are not measured."""
    cap: float | None = None
    """Seconds after which a request is cut off."""


@dataclass(frozen=True, slots=True)
class CanaryOptions:
    """When a canary speaks: both limits must be exceeded."""

    days: int = 28
    """Of earlier checks, which it compares with."""
    ratio: float = 1.2
    """Smallest slowdown that matters, as a factor; ``at_least`` has to be exceeded as well."""
    at_least: float = 0.01
    """Smallest slowdown that matters, in seconds; ``ratio`` has to be exceeded as well."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """One playbook. What is left out of a file has the default that stands here."""

    name: str
    hosts: str = ""
    """Inventory pattern; empty leaves it to the command line."""
    probes: tuple[Probe, ...] = ()
    login: Probe | None = None
    """The form by which the probes' cookies are got."""
    symptom: Symptom | None = None
    """A loaded playbook always has one."""
    select: Selection = Selection()
    strategy: str = "auto"
    """``auto``, ``one-at-a-time``, ``bisect`` or ``bayes``."""
    budget: Budget = Budget()
    health: Health | None = None
    window: Hours | None = None
    """When runs are allowed, beside what the host's own window says."""
    trial: TrialOptions = TrialOptions()
    canary: CanaryOptions = CanaryOptions()
    listings: tuple[Listing, ...] = ()
    """Lists in files of the host whose entries are components."""

    @property
    def requests(self) -> tuple[Probe, ...]:
        """All that is ever sent to the site: the login first."""
        return (*((self.login,) if self.login else ()), *self.probes)

    @property
    def symptom_probes(self) -> tuple[Probe, ...]:
        """The probes that show the symptom, in the order they are asked; the first one when there is no symptom.

        Raises:
            UsageError: There is no such probe.
        """
        named = {probe.name: probe for probe in self.probes}
        wanted = (self.symptom.probe, *self.symptom.then) if self.symptom else tuple(named)[:1]
        if not wanted or not named.keys() >= {*wanted}:
            raise UsageError(f'playbook "{self.name}" has no probe for its symptom', advice="add it")
        return tuple(named[name] for name in wanted)

    @property
    def shown_by(self) -> str:
        """The probes that show the symptom, for a person."""
        return " + ".join(probe.name for probe in self.symptom_probes)
