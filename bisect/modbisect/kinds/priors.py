"""In which order to suspect: the latest change first, what most sites need last. Never whom to accuse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

from modbisect.kinds.changes import Change, by_packages, day
from modbisect.kinds.found import Found
from modbisect.kinds.kind import Kind
from modbisect.model import Component

_LONG_AGO = 1.0
"""Unix time."""
_LATELY = 24 * 3600.0
"""Seconds after the usual component was last changed."""
_FEW = 5
"""At most one in so many."""
_SUSPICION = 4.0


def ordered(components: Mapping[Component, Kind], found: Found) -> tuple[Component, ...]:
    """The latest change first; the few changed lately are suspected.

    What most sites need, or this site's own files speak of, is marked, and what most gain by.
    """
    known = {component: _changed(kind, component, found) for component, kind in components.items()}
    late = _late(known) | _late(_times(_packages(components, found)))
    weighed = {
        component: replace(
            component,
            vital=kind.is_vital(component) or component.id in found.used,
            saves=component.on and component.name in kind.saves,
            suspicion=_SUSPICION if component in late else component.suspicion,
        )
        for component, kind in components.items()
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
    packages = _packages(components, found)
    by_package = _late(_times(packages))
    own = set(found.sections["unpackaged"])
    said = {}
    for component, kind in components.items():
        reasons = []
        if component in late or known[component] >= since:
            reasons.append(f"changed {day(known[component])}")
        if (change := packages[component]) and (component in by_package or change.at >= since):
            reasons.append(f"package {change}")
        if component.on and own.intersection(kind.traces(found, component)):
            reasons.append("of no package")
        if component.id in found.disabled_by_admin and not component.on:
            reasons.append("switched off by a person")
        if reasons:
            said[component] = ", ".join(reasons)

    def latest(component: Component) -> float:
        change = packages[component]
        return max(known[component], change.at if change else 0.0)

    return dict(sorted(said.items(), key=lambda item: (-latest(item[0]), item[0].id)))


def _packages(components: Mapping[Component, Kind], found: Found) -> dict[Component, Change | None]:
    """Of each component the last change of a package that brings one of its files."""
    latest: dict[str, Change] = {}
    for change in reversed(by_packages(found)):
        latest |= dict.fromkeys(change.files, change)
        latest |= {file.rpartition("/")[2]: change for file in change.files if file.endswith(".so")}
    told = {}
    for component, kind in components.items():
        those = (latest.get(file) for file in (*kind.traces(found, component), *component.loads))
        told[component] = max((each for each in those if each), key=lambda change: change.at, default=None)
    return told


def _times(packages: Mapping[Component, Change | None]) -> dict[Component, float]:
    """What no log has is older than all that one has."""
    return {component: change.at if change else _LONG_AGO for component, change in packages.items()}


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
