"""What a planner is given, and what a conversation is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from modbisect.model import Ask, Component, ComponentId, Conclusion, Measurement, Symptom

Flips: TypeAlias = frozenset[ComponentId]

T = TypeVar("T")
Talk: TypeAlias = Generator[Ask, Measurement, T]
"""Part of a conversation: asks for trials, is sent their measurements, returns a T."""

NOTHING: Flips = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """A slow site and what may be flipped on it."""

    components: tuple[Component, ...]
    """The likeliest culprits first."""
    found: Measurement
    """As found and untouched: complete requests, no restart."""
    symptom: Symptom
    seed: int = 0
    needs: frozenset[Flips] = frozenset()
    """Sets of flips known to break the site, together with whatever else is flipped."""
    restart_seconds: float = 1.0
    """What a restart costs."""
    max_trials: int = 0
    """0: 250 and one for each component."""
    visitors: bool = True
    """Whether the site can be sent more requests than are measured; not where a person judges."""
    others: tuple[str, ...] = ()
    """Names of the probes that only tell whether the site works; a trial that one finds broken begins with its name."""

    @property
    def budget(self) -> int:
        """The most trials the planner asks for."""
        return self.max_trials or 250 + len(self.components)


Strategy: TypeAlias = Callable[[Problem], Talk[Conclusion]]
