"""Which sets of flips have consistent states: dependencies, conflicts, pins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from modbisect.model import Component, ComponentId
from modbisect.search.problem import Flips


@dataclass(frozen=True, slots=True)
class Feasible:
    """Answers questions about sets of flips; every rule is a pair of states that exclude each other."""

    components: tuple[Component, ...]
    _by_id: dict[ComponentId, Component] = field(init=False, repr=False)
    _excluded: dict[tuple[ComponentId, bool], frozenset[tuple[ComponentId, bool]]] = field(init=False, repr=False)
    """(component, is it flipped) to the like of others that cannot be at the same time."""

    def __post_init__(self) -> None:
        by_id = {component.id: component for component in self.components}
        excluded: dict[tuple[ComponentId, bool], set[tuple[ComponentId, bool]]] = {}
        for first, first_on, second, second_on in _rules(self.components):
            if first not in by_id or second not in by_id or first == second:
                continue
            assignment = (first, by_id[first].on != first_on)
            other = (second, by_id[second].on != second_on)
            # A rule that production itself breaks binds nobody.
            if assignment[1] or other[1]:
                excluded.setdefault(assignment, set()).add(other)
                excluded.setdefault(other, set()).add(assignment)
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_excluded", {key: frozenset(value) for key, value in excluded.items()})

    def depending(self, more: Mapping[ComponentId, Iterable[ComponentId]]) -> Feasible:
        """The same, with dependencies that nobody has declared; those of what is off as found bind nobody."""
        by_id = self._by_id
        learned = {
            component: {other for other in others if by_id[component].on and by_id[other].on}
            for component, others in more.items()
        }
        return Feasible(
            tuple(
                replace(component, depends=component.depends | learned.get(component.id, set()))
                for component in self.components
            )
        )

    def is_on(self, component: ComponentId) -> bool:
        """The production state."""
        return self._by_id[component].on

    def is_vital(self, component: ComponentId) -> bool:
        """Whether most sites need it."""
        return self._by_id[component].vital

    def close(self, wanted: Iterable[ComponentId]) -> Flips | None:
        """The smallest consistent superset of the wanted flips; None when there is none."""
        flips, blocked = self._spread(wanted)
        return None if blocked else flips

    def blocked(self, wanted: Iterable[ComponentId]) -> str:
        """Why the wanted flips cannot be; empty when they can."""
        return self._spread(wanted)[1]

    def _spread(self, wanted: Iterable[ComponentId]) -> tuple[Flips, str]:
        flips: set[ComponentId] = set()
        queue = sorted(wanted)
        while queue:
            component = queue.pop()
            if component in flips:
                continue
            if self._by_id[component].pinned:
                return frozenset(flips), f"needed by pinned {component} ({self._by_id[component].pinned})"
            flips.add(component)
            for other, flipped in self._excluded.get((component, True), ()):
                if not flipped:
                    queue.append(other)
        for component in sorted(flips):
            for other, flipped in sorted(self._excluded.get((component, True), ())):
                if flipped and other in flips:
                    return frozenset(flips), f"{component} and {other} cannot both be flipped"
        return frozenset(flips), ""

    def hold(self, kept: Iterable[ComponentId], within: Flips) -> Flips:
        """The smallest superset of ``kept`` that can stay as found while the others of ``within`` are flipped.

        The dual of closing; ``within`` is consistent, so there always is one.
        """
        held: set[ComponentId] = set()
        queue = sorted(kept)
        while queue:
            component = queue.pop()
            if component in held or component not in within:
                continue
            held.add(component)
            queue.extend(other for other, flipped in self._excluded.get((component, False), ()) if flipped)
        return frozenset(held)

    def widen(self, flips: Flips, more: Iterable[ComponentId]) -> Flips:
        """``flips`` and as many of ``more`` as go with them, in their order."""
        more = list(more)
        if everything := self.close(flips.union(more)):
            return everything
        for component in more:
            flips = self.close(flips | {component}) or flips
        return flips

    def generators(self, held: Flips, within: Flips) -> Flips:
        """The members of a held set that are not there for another member's sake."""
        kept = held
        for component in sorted(held):
            if component in self.hold(kept - {component}, within):
                kept -= {component}
        return kept

    def ordered(self, ids: Iterable[ComponentId]) -> tuple[ComponentId, ...]:
        """What most sites need last; dependents before what they depend on; what is switched off before what is on.

        So the closure of the first few reaches into the others as little as can be. Else as given, which is in order
        of suspicion.
        """
        given = list(ids)
        size = {component: len(self._spread([component])[0]) for component in given}
        return tuple(
            sorted(
                given,
                key=lambda component: (self._by_id[component].vital, not self._by_id[component].on, size[component]),
            )
        )


def _rules(components: Iterable[Component]) -> Iterator[tuple[ComponentId, bool, ComponentId, bool]]:
    """(component, on, other, on): the states that exclude each other."""
    for component in components:
        for other in component.depends:
            yield component.id, True, other, False
        for other in component.conflicts:
            yield component.id, True, other, True
