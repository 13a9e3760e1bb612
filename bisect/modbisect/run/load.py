"""What one window sends, and several probes' windows as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from modbisect.model import Ageing, Enough, Request
from modbisect.probe import WindowResult


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent to a probe's page in one window; a cap of None is the probe's own timeout."""

    requests: int = 0
    """In the window, behind a first one that is always sent."""
    warm_up: int = 0
    """Requests before the window that do not count."""
    cap: float | None = None
    """Seconds after which a request is cut off."""
    cold_cap: float | None = None
    """The same of the first."""
    enough: Enough | None = None
    """When fewer requests will do."""
    age: Ageing | None = None
    """What comes before the window."""


def added_up(name: str, results: Sequence[WindowResult], load: Load) -> WindowResult:
    """Windows of several probes as one; where a window had fewer requests than others, so has this."""
    colds = [result.cold for result in results]
    rounds = zip(*(result.requests for result in results), strict=False)
    return WindowResult(
        cold=_round(name, [request for request in colds if request], load.cold_cap) if all(colds) else None,
        requests=tuple(_round(name, each, load.cap) for each in rounds),
        unsteady=any(result.unsteady for result in results),
        client_limited=any(result.client_limited for result in results),
        aged=results[0].aged,
        warnings=tuple(dict.fromkeys(warning for result in results for warning in result.warnings)),
    )


def _round(name: str, requests: Sequence[Request], cap: float | None) -> Request:
    """One request of each probe in turn; cut off where one was, or all of them take longer than the cap."""
    limit = math.inf if cap is None else cap
    seconds = sum(request.seconds for request in requests)
    cut = seconds >= limit or any(request.censored for request in requests)
    return replace(requests[-1], probe=name, seconds=min(seconds, limit), censored=cut)
