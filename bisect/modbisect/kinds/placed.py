"""A kind that hosts lay out in several ways."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from modbisect.kinds.found import Found
from modbisect.kinds.kind import Kind, Step
from modbisect.kinds.rules import Rule
from modbisect.model import Component


class Placed(Kind):
    """Of its ways the one that a host has answers for it; each is a kind of the same name."""

    ways: ClassVar[tuple[Kind, ...]]

    @abstractmethod
    def way(self, found: Found) -> Kind:
        """That of a host."""

    def components(self, found: Found) -> list[Component]:
        """Those of its way."""
        return self.way(found).components(found)

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """Those of its way."""
        return self.way(found).steps(found, flipped)

    def folders(self, found: Found) -> tuple[str, ...]:
        """Those of its way."""
        return self.way(found).folders(found)

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:
        """Those of its way."""
        return self.way(found).files(found, components)

    def units(self, found: Found) -> tuple[str, ...]:
        """Those of its way."""
        return self.way(found).units(found)

    def rules(self) -> tuple[Rule, ...]:
        """Those of all ways."""
        return tuple(dict.fromkeys(rule for way in self.ways for rule in way.rules()))

    def remedy(self, found: Found, component: Component) -> str:
        """That of its way."""
        return self.way(found).remedy(found, component)

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """Those of its way."""
        return self.way(found).traces(found, component)

    def at(self, found: Found, component: Component) -> tuple[tuple[str, int], ...]:
        """As its way has it."""
        return self.way(found).at(found, component)

    def brings(self, found: Found, component: Component) -> frozenset[str]:
        """As its way has it."""
        return self.way(found).brings(found, component)

    def effective(self, found: Found, component: Component) -> frozenset[str]:
        """As its way has it."""
        return self.way(found).effective(found, component)

    def told_in(self, found: Found, component: Component) -> tuple[str, ...]:
        """As its way has it."""
        return self.way(found).told_in(found, component)

    def opens(self, name: str) -> str:
        """As a way has it whose names look like that."""
        return next((path for way in self.ways if (path := way.opens(name))), "")

    def owner(self, path: str) -> str:
        """As a way has it whose files look like that."""
        return next((name for way in self.ways if (name := way.owner(path))), "")
