"""What the run and the probe process say to each other: one JSON line each way for every window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder
from msgspec.json import encode as in_json

from modbisect.model import Aged, Ageing, Enough, Probe, Request
from modbisect.probe.oracle import Markers, Oracle

JUDGING_SECONDS = 15.0
"""Processor time for what lies outside a window's own seconds: the cold request, and judging the last answers."""


@dataclass(frozen=True, slots=True)
class Window:
    """Asks for one window: the requests made after one restart. Times are seconds."""

    probe: Probe
    oracle: Oracle
    requests: int
    """How many to measure."""
    warm_up: int
    """How many to make first and throw away; fewer when they take long."""
    cap: float | None
    """A request is cut off here and counts as at least that slow; None: at the probe's timeout."""
    cold_cap: float | None
    """The same for the first request after the restart."""
    seconds: float
    """No request starts later than this after the first correct response; one is always measured."""
    settle: float
    """For so long after the restart a server that takes no connection may still be starting."""
    enough: Enough | None = None
    """Fewer requests will do when they are as clear as this."""
    age: Ageing | None = None
    """What comes between the first request and the warm-up."""
    within: float | None = None
    """All of it is over so many seconds after its start, whatever requests are cut off for that."""

    @property
    def most_work(self) -> float:
        """Seconds of processor time after which the probe process is ended by its own timer.

        Waiting takes none: what the site sends can use it up only as an answer that unpacks without end, or that
        brings a regular expression of the playbook to its knees.
        """
        return self.seconds + JUDGING_SECONDS + (self.age.most if self.age else 0.0)


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What a window saw."""

    cold: Request | None
    """The first correct, or cut off, response after the restart; where none was, the last one with its fault."""
    requests: tuple[Request, ...]
    """The measured ones in the order they ended; ``cold`` itself when that was cut off."""
    broken: str = ""
    """Why this is not the site: then no time in here is the site's. Empty when it is."""
    unsteady: bool = False
    """The first and the last third of the window differ."""
    client_limited: bool = False
    """The probe itself was busy, so the site may be faster than it looks."""
    warnings: tuple[str, ...] = ()
    markers: Markers | None = None
    """What the correct responses looked like; None when there was none."""
    aged: Aged | None = None
    """What came of the ageing."""


_T = TypeVar("_T")
_WINDOW = Decoder(Window)
_RESULT = Decoder(WindowResult)


def encode(message: Window | WindowResult) -> bytes:
    """A message as one JSON line. Numbers in it must be finite."""
    return in_json(message) + b"\n"


def window(line: bytes) -> Window:
    """The window a line asks for.

    Raises:
        ValueError: It does not; what it says, maybe a secret, is not repeated.
    """
    return _decode(_WINDOW, line)


def result(line: bytes) -> WindowResult:
    """The result a line tells.

    Raises:
        ValueError: It does not.
    """
    return _decode(_RESULT, line)


def _decode(decoder: Decoder[_T], line: bytes) -> _T:
    try:
        return decoder.decode(line)
    except ValidationError as error:  # of a value it tells the type, or quotes it in single quotes
        raise ValueError(re.sub(r"'[^']*'", "a value", str(error))) from None
    except DecodeError:
        raise ValueError("the line is no JSON") from None
