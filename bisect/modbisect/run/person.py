"""A person in place of the probe: looks at the site in each trial, and says what it is like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from modbisect.errors import ProbeError
from modbisect.model import AS_FOUND, Aged, Ask, Component, Configuration, Measurement, Request
from modbisect.probe import Markers
from modbisect.report.figures import seconds as in_words
from modbisect.search import Spent

PATIENCE_SECONDS = 15 * 60.0
"""Longest that an answer is waited for: meanwhile the host is not as found."""
FAST_SECONDS = 1.0
SLOW_SECONDS = 10.0
_ALIKE = 10
"""An answer counts as so many requests without scatter: as a single one it would be taken for luck, and asked again."""


class Answer(StrEnum):
    """What a person can say."""

    FAST = "fast"
    SLOW = "slow"
    BROKEN = "broken"
    SKIP = "skip"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked."""

    ask: Ask
    flipped: tuple[str, ...]
    """What is not as found now, as in ``KIND:NAME off``."""
    seconds: float
    """How long the answer is waited for."""
    void: Callable[[], bool]
    """Whether nobody wants to know any more."""


Asker: TypeAlias = Callable[[Question], Answer | None]
"""Puts a question; None when there was no answer in time."""


@dataclass(slots=True)
class Person:
    """A `Watcher`; sends no request."""

    asker: Asker
    left: Callable[[], float]
    """Seconds that the run's budget leaves."""
    components: Callable[[], Mapping[str, Component]]
    sent: int = 0
    cut_off: bool = False
    learned: dict[str, tuple[Markers, ...]] = field(default_factory=dict)
    outside: dict[str, tuple[Markers, ...]] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def found(self) -> Measurement:
        """Slow: else nobody would look."""
        return _all_alike(AS_FOUND, SLOW_SECONDS)

    def stop(self) -> None:
        """End ``see`` with a `ProbeError`."""
        self.stopped.set()

    def age(self, count: int, most: float) -> Aged:  # noqa: ARG002  of a `Watcher`
        """Nothing: a person sends what they like."""
        return Aged(0, 0.0)

    def see(self, ask: Ask) -> Measurement:
        """Ask.

        Raises:
            ProbeError: the question was withdrawn.
            Spent: the person has had enough, or is not there.
        """
        patience = min(PATIENCE_SECONDS, max(self.left(), 1.0))
        known = self.components()
        flipped = tuple(
            f"{component} {known[component].flipped_word}" for component in sorted(ask.configuration.flipped)
        )
        answer = self.asker(Question(ask, flipped, patience, self.stopped.is_set))
        if self.stopped.is_set():
            raise ProbeError("the question was withdrawn")
        match answer:
            case Answer.FAST:
                return _all_alike(ask.configuration, FAST_SECONDS)
            case Answer.SLOW:
                return _all_alike(ask.configuration, SLOW_SECONDS)
            case Answer.BROKEN:
                return Measurement(ask.configuration, broken="it does not work, says who looked")
            case Answer.SKIP:
                return Measurement(ask.configuration, broken="skipped by who looked")
            case Answer.QUIT:
                raise Spent("ended by who looked")
            case None:
                raise Spent(f"nobody answered within {in_words(patience)}")


def _all_alike(configuration: Configuration, seconds: float) -> Measurement:
    return Measurement(configuration, (Request("by hand", seconds),) * _ALIKE)
