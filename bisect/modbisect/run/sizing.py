"""What a page or an upload takes now, and how that grows with its size. Nothing on the host is touched."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from modbisect.model import Probe, Request, Upload
from modbisect.probe import Oracle, Window, WindowResult

_PARTS = (16, 4, 1)
"""Of the size that is asked for, by these."""
_LONGEST = 90.0
"""Seconds: a size that would take longer, if it grew as before, is not sent."""
_ENOUGH = 1.0
"""Seconds: an upload that takes so long shows the trouble without costing a run its time."""
_GROWS = 0.7
"""Exponent from which on time grows with the size."""


@dataclass(frozen=True, slots=True)
class Sized:
    """One request of a probe."""

    probe: Probe
    request: Request | None
    broken: str = ""
    """Why the answer is not correct."""

    @property
    def bytes(self) -> int:
        """Of the file that was sent."""
        return self.probe.upload.size if self.probe.upload else 0


def sizes(probe: Probe, ask: Callable[[Probe], WindowResult]) -> tuple[Sized, ...]:
    """One request; of an upload one at a sixteenth of its size, a quarter, and all of it, while that is short."""
    if not probe.upload:
        return (_sized(probe, ask),)
    seen: list[Sized] = []
    for part in _PARTS:
        size = max(1, probe.upload.size // part)
        if len(seen) > 1 and _ahead(seen, size) > _LONGEST:
            break
        seen.append(_sized(replace(probe, upload=replace(probe.upload, size=size)), ask))
        if seen[-1].broken:
            break
    return tuple(seen)


def exponent(seen: tuple[Sized, ...] | list[Sized]) -> float | None:
    """P of time ~ size^p between the last two sizes; None where they are not two that were answered.

    What a small upload takes is mostly what any request takes, so that the last two tell most.
    """
    answered = [(each.bytes, each.request.seconds) for each in seen if each.request and not each.broken and each.bytes]
    if len(answered) < 2 or answered[-1][0] == answered[-2][0]:  # noqa: PLR2004  # it takes two
        return None
    (small, quick), (large, slow) = answered[-2:]
    return math.log(slow / quick) / math.log(large / small)


def enough(seen: tuple[Sized, ...]) -> Upload | None:
    """The smallest upload that shows the trouble; None where all of it is needed."""
    for place, each in enumerate(seen[:-1]):
        grows = exponent(seen[place : place + 2])
        if each.request and each.request.seconds >= _ENOUGH and grows is not None and grows >= _GROWS:
            return each.probe.upload
    return None


def _sized(probe: Probe, ask: Callable[[Probe], WindowResult]) -> Sized:
    result = ask(probe)
    return Sized(probe, result.requests[-1] if result.requests else result.cold, result.broken)


def _ahead(seen: list[Sized], size: int) -> float:
    """Seconds that a size would take."""
    last = seen[-1]
    grows = exponent(seen)
    if grows is None or last.request is None:
        return 0.0
    return float(last.request.seconds * (size / last.bytes) ** max(grows, 0.0))


def once(probe: Probe) -> tuple[Window, float]:
    """A window of one request, and seconds after which it is given up."""
    window = Window(
        probe, Oracle(probe.expect), requests=1, warm_up=0, cap=None, cold_cap=None, seconds=1.0, settle=0.0
    )
    return window, 40.0 + 2 * probe.timeout
