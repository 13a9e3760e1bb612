"""In which order to suspect: the latest change first, what most sites need last. Never whom to accuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
            one,
            vital=kind.is_vital(one) or one.id in found.used,
            saves=one.on and one.name in kind.saves,
        ): _changed(kind, one, found)
        for one, kind in components.items()
    }
    times = [when for when in known.values() if when]
    usual = median(times) if times else 0.0
    late = {one for one, when in known.items() if when > usual + _LATELY}
    if len(late) * _FEW > len(known):
        late = set()  # what most have in common tells nothing
    weighed = {one: replace(one, suspicion=_SUSPICION) if one in late else one for one in known}
    return tuple(weighed[one] for one in sorted(known, key=lambda one: -known[one]))


def _changed(kind: Kind, component: Component, found: Found) -> float:
    """Unix time at which it was last switched or edited; 0 where nobody knows."""
    times = [entry.changed for path in kind.traces(found, component) if (entry := found.entries.get(path))]
    return max(times, default=0.0)
