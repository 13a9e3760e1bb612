"""What a run says in the end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modbisect.model.components import ComponentId
from modbisect.model.measurement import Memory, Verdict
from modbisect.model.site import Measure


class Outcome(StrEnum):
    """How a run ended."""

    FOUND = "found"
    NONE = "none"
    """Slow, and all that could be switched was cleared."""
    NOT_SLOW = "not-slow"
    """As found, so that nothing was looked for."""
    INCONCLUSIVE = "inconclusive"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a culprit costs: the ratio slow / fast with its 95 % interval."""

    ratio: float
    low: float
    high: float
    before_seconds: float
    after_seconds: float
    censored: bool = False
    """``before_seconds`` and the ratio are lower bounds."""
    after_censored: bool = False
    """``after_seconds`` is a lower bound, and the ratio an upper one; with both nothing is known of it."""
    measure: Measure = Measure.LATENCY
    """Of memory, what is called seconds is GiB."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One trial of the confirmation block."""

    state: str
    """``on`` (as found), ``off`` (culprit flipped) or ``alone`` (everything else flipped)."""
    verdict: Verdict
    seconds: float
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a culprit does to a probe that is not the symptom's."""

    probe: str
    verdict: Verdict
    """With the culprit as found, by more than the symptom's floor; ``UNSURE`` where that is not certain."""
    effect: Effect


@dataclass(frozen=True, slots=True)
class Finding:
    """A culprit: a minimal set of components that reproduces the slowdown, confirmed both ways."""

    components: tuple[ComponentId, ...]
    effect: Effect
    confirmations: tuple[Confirmation, ...] = ()
    memory_before: Memory | None = None
    memory_after: Memory | None = None
    also_flipped: tuple[ComponentId, ...] = ()
    """Components that had to be flipped with it: its dependents."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """What it does to the other probes, by the trials of the proof."""

    @property
    def kind(self) -> str:
        """``single`` or ``together``."""
        return "single" if len(self.components) == 1 else "together"


BREAKS = "the site breaks"
"""How the reason begins for one that the site needs."""
NOT_TRIED = "not tried"
"""How the reason begins for a suspect that never had to be flipped."""


@dataclass(frozen=True, slots=True)
class Untestable:
    """A component about which the run can say nothing, and why."""

    component: ComponentId
    reason: str


@dataclass(frozen=True, slots=True)
class Together:
    """Suspects that were flipped at once, and what the site was like then."""

    components: tuple[ComponentId, ...]
    verdict: Verdict
    """``SLOW`` as it was found, or ``FAST``er."""
    seconds: float
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What one component on its own costs, from a one-at-a-time sweep."""

    component: ComponentId
    effect: Effect


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a planner says at the end of the conversation."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    untestable: tuple[Untestable, ...] = ()
    residual: Effect | None = None
    """What is still slow with every culprit flipped, beside everything flipped; of nobody: as found beside that."""
    costs: tuple[Cost, ...] = ()
    suspects_left: tuple[ComponentId, ...] = ()
    """When inconclusive: those that could not be cleared, the likeliest first."""
    reason: str = ""
    """One sentence for a person: why it ended so."""
    warnings: tuple[str, ...] = ()
