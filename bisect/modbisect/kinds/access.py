"""Access control where it hides: in files that hold its directives, in modules that these hang on.

Whoever takes such a component away, or adds it, may open what it protects; so all of them stay as found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from modbisect.kinds.apache import MAINS
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import Kind
from modbisect.model import Component

SWITCHED = "access control: switching it could open the site"
"""Why what guards access stays."""
_GRANTS = ("Require all granted", "Allow from all")
"""What such a line opens is shut without it: where it is on it protects nothing, where it is off it would open."""


@dataclass(frozen=True, slots=True)
class Guarding:
    """A directive of access control, in a file that a component brings or that such a file includes."""

    top: str
    """The component's own file."""
    where: str
    """File and line, as ``/etc/apache2/conf-available/x.conf:3``."""
    conditions: frozenset[str]
    """Modules, lower case, without or with which it is passed over; ``define.X`` for a variable."""
    directive: str
    """Its name, and never a value that somebody has chosen."""


def guarded(component: Component) -> Component:
    """One that guards access by its name."""
    return replace(component, pinned=SWITCHED)


def protects(reason: str) -> bool:
    """Whether a component is pinned for the access control that it is, or holds."""
    return reason.startswith("access control")


def pinned(components: Sequence[tuple[Kind, Component]], found: Found) -> list[Component]:
    """Pin what access control is made of, with the file and the line."""
    in_effect = {*MAINS}.union(*(kind.effective(found, component) for kind, component in components))
    guards = list(_counting(found, in_effect))
    return [
        component if component.pinned else replace(component, pinned=_why(kind, component, guards, in_effect, found))
        for kind, component in components
    ]


@once
def guards(found: Found) -> tuple[Guarding, ...]:
    """Every directive of access control that the survey has found."""
    fields = (line.split("\t") for line in found.sections.get("access", ()))
    return tuple(
        Guarding(top, where, frozenset(conditions.split()[1:]), directive)
        for top, where, conditions, directive in (columns for columns in fields if len(columns) == 4)  # noqa: PLR2004  # as printed
    )


def _counting(found: Found, in_effect: set[str]) -> Iterator[Guarding]:
    """Without what decides nothing: variables that no access rule asks for."""
    passive = ("SetEnvIf", "Define ", *_GRANTS)
    rules = [rule for rule in guards(found) if rule.top in in_effect and not rule.directive.startswith(passive)]
    by_environment = any(rule.directive.endswith(" env") for rule in rules)
    asked = {condition.removeprefix("define.") for rule in rules for condition in rule.conditions}
    for guard in guards(found):
        word, _, name = guard.directive.partition(" ")
        if (word != "SetEnvIf" or by_environment) and (word != "Define" or name in asked):
            yield guard


def _why(kind: Kind, component: Component, guards: Iterable[Guarding], in_effect: set[str], found: Found) -> str:
    if kind.is_access_control(component):
        return SWITCHED
    tops, condition = kind.brings(found, component), kind.condition(component)
    for guard in guards:
        if guard.top in tops and (not component.on or guard.directive not in _GRANTS):
            return f"access control: {_said(guard)}"
        if condition in guard.conditions and guard.directive not in _GRANTS and guard.top in in_effect:
            return f"access control: {_said(guard)} counts by it"
    return ""


def _said(guard: Guarding) -> str:
    if guard.directive.lower().startswith("include"):
        return f"it may hide behind the Include in {guard.where}"
    return f"{guard.directive} in {guard.where}"
