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
        by_id = {one.id: one for one in self.components}
        excluded: dict[tuple[ComponentId, bool], set[tuple[ComponentId, bool]]] = {}
        for first, first_on, second, second_on in _rules(self.components):
            if first not in by_id or second not in by_id or first == second:
                continue
            one = (first, by_id[first].on != first_on)
            other = (second, by_id[second].on != second_on)
            # A rule that production itself breaks binds nobody.
            if one[1] or other[1]:
                excluded.setdefault(one, set()).add(other)
                excluded.setdefault(other, set()).add(one)
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_excluded", {key: frozenset(value) for key, value in excluded.items()})

    def depending(self, more: Mapping[ComponentId, Iterable[ComponentId]]) -> Feasible:
        """The same, with dependencies that nobody has declared; those of what is off as found bind nobody."""
        by_id = self._by_id
        learned = {
            one: {other for other in others if by_id[one].on and by_id[other].on} for one, others in more.items()
        }
        return Feasible(
            tuple(replace(one, depends=one.depends | learned.get(one.id, set())) for one in self.components)
        )

    def is_on(self, one: ComponentId) -> bool:
        """The production state."""
        return self._by_id[one].on

    def is_vital(self, one: ComponentId) -> bool:
        """Whether most sites need it."""
        return self._by_id[one].vital

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
            one = queue.pop()
            if one in flips:
                continue
            if self._by_id[one].pinned:
                return frozenset(flips), f"needed by pinned {one} ({self._by_id[one].pinned})"
            flips.add(one)
            for other, flipped in self._excluded.get((one, True), ()):
                if not flipped:
                    queue.append(other)
        for one in sorted(flips):
            for other, flipped in sorted(self._excluded.get((one, True), ())):
                if flipped and other in flips:
                    return frozenset(flips), f"{one} and {other} cannot both be flipped"
        return frozenset(flips), ""

    def hold(self, kept: Iterable[ComponentId], within: Flips) -> Flips:
        """The smallest superset of ``kept`` that can stay as found while the others of ``within`` are flipped.

        The dual of closing; ``within`` is consistent, so there always is one.
        """
        held: set[ComponentId] = set()
        queue = sorted(kept)
        while queue:
            one = queue.pop()
            if one in held or one not in within:
                continue
            held.add(one)
            queue.extend(other for other, flipped in self._excluded.get((one, False), ()) if flipped)
        return frozenset(held)

    def widen(self, flips: Flips, more: Iterable[ComponentId]) -> Flips:
        """``flips`` and as many of ``more`` as go with them, in their order."""
        for one in more:
            flips = self.close(flips | {one}) or flips
        return flips

    def generators(self, held: Flips, within: Flips) -> Flips:
        """The members of a held set that are not there for another member's sake."""
        kept = held
        for one in sorted(held):
            if one in self.hold(kept - {one}, within):
                kept -= {one}
        return kept

    def ordered(self, ids: Iterable[ComponentId]) -> tuple[ComponentId, ...]:
        """What most sites need last; dependents before what they depend on; what is switched off before what is on.

        So the closure of the first few reaches into the others as little as can be. Else as given, which is in order
        of suspicion.
        """
        given = list(ids)
        size = {one: len(self._spread([one])[0]) for one in given}
        return tuple(sorted(given, key=lambda one: (self._by_id[one].vital, not self._by_id[one].on, size[one])))


def _rules(components: Iterable[Component]) -> Iterator[tuple[ComponentId, bool, ComponentId, bool]]:
    """(component, on, other, on): the states that exclude each other."""
    for one in components:
        for other in one.depends:
            yield one.id, True, other, False
        for other in one.conflicts:
            yield one.id, True, other, True
