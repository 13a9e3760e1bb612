"""In which order to suspect: the latest change first, what most sites need last. Never whom to accuse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from modbisect.kinds.found import Found
from modbisect.kinds.kind import Kind
from modbisect.model import Component

_LATELY = 24 * 3600.0
"""Seconds after the usual component was last changed."""
_FEW = 5
"""At most one in so many."""
_SUSPICION = 4.0


def ordered(components: Mapping[Component, Kind], found: Found) -> tuple[Component, ...]:
    """The latest change first; the few changed lately are suspected.

    What most sites need, or this site's own files speak of, is marked, and what most gain by.
    """
    known = {
        replace(
            component,
            vital=kind.is_vital(component) or component.id in found.used,
            saves=component.on and component.name in kind.saves,
        ): _changed(kind, component, found)
        for component, kind in components.items()
    }
    late = _late(known)
    weighed = {
        component: replace(component, suspicion=_SUSPICION) if component in late else component for component in known
    }
    return tuple(weighed[component] for component in sorted(known, key=lambda component: -known[component]))


def unusual(components: Mapping[Component, Kind], found: Found, since: float = math.inf) -> dict[Component, str]:
    """What sets components apart from the others, in words: changed lately, of no package, switched by hand.

    Args:
        components: all of the host.
        found: the same survey.
        since: Unix time from when on a change is told in any case.
    """
    known = {component: _changed(kind, component, found) for component, kind in components.items()}
    late = _late(known)
    own = set(found.sections["unpackaged"])
    said = {}
    for component, kind in components.items():
        reasons = []
        if component in late or known[component] >= since:
            reasons.append(f"changed {datetime.fromtimestamp(known[component], UTC):%Y-%m-%d %H:%M} UTC")
        if component.on and own.intersection(kind.traces(found, component)):
            reasons.append("of no package")
        if component.id in found.disabled_by_admin and not component.on:
            reasons.append("switched off by a person")
        if reasons:
            said[component] = ", ".join(reasons)
    return dict(sorted(said.items(), key=lambda item: (-known[item[0]], item[0].id)))


def _late(known: Mapping[Component, float]) -> set[Component]:
    """The few that were changed after most."""
    times = [when for when in known.values() if when]
    usual = median(times) if times else 0.0
    late = {component for component, when in known.items() if when > usual + _LATELY}
    return set() if len(late) * _FEW > len(known) else late  # what most have in common tells nothing


def _changed(kind: Kind, component: Component, found: Found) -> float:
    """Unix time at which it was last switched or edited; 0 where nobody knows."""
    times = [entry.changed for path in kind.traces(found, component) if (entry := found.entries.get(path))]
    return max(times, default=0.0)
