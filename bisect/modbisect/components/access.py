"""Access control where it hides: in confs, sites and settings that hold its directives, in modules that these hang on.

Whoever takes such a component away, or adds it, may open what it protects; so all of them stay as found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from modbisect.components import apache, php
from modbisect.components.facts import Facts, Guarding
from modbisect.model import Component, Kind

_SWITCHED = "access control: switching it could open the site"
_MAIN = f"{apache.ROOT}/apache2.conf"
_GRANTS = ("Require all granted", "Allow from all")
"""What such a line opens is shut without it: where it is on it protects nothing, where it is off it would open."""


def protects(reason: str) -> bool:
    """Whether a component is pinned for the access control that it is, or holds."""
    return reason.startswith("access control")


def pinned(components: Iterable[Component], facts: Facts) -> list[Component]:
    """Pin what access control is made of, with the file and the line."""
    guards = list(_counting(facts))
    return [one if one.pinned else replace(one, pinned=_why(one, guards, facts)) for one in components]


def _counting(facts: Facts) -> Iterator[Guarding]:
    """Without what decides nothing: variables that no access rule asks for."""
    passive = ("SetEnvIf", "Define ", *_GRANTS)
    rules = [one for one in facts.guards if _on(one.top, facts) and not one.directive.startswith(passive)]
    by_environment = any(one.directive.endswith(" env") for one in rules)
    asked = {condition.removeprefix("define.") for one in rules for condition in one.conditions}
    for one in facts.guards:
        word, _, name = one.directive.partition(" ")
        if (word != "SetEnvIf" or by_environment) and (word != "Define" or name in asked):
            yield one


def _why(one: Component, guards: Iterable[Guarding], facts: Facts) -> str:
    if one.kind is Kind.APACHE_MODULE and apache.is_access_control(one.name):
        return _SWITCHED
    tops = _tops(one, facts)
    for guard in guards:
        if guard.top in tops and (not one.on or guard.directive not in _GRANTS):
            return f"access control: {_said(guard)}"
        if (
            one.kind is Kind.APACHE_MODULE
            and one.name in guard.conditions
            and guard.directive not in _GRANTS
            and _on(guard.top, facts)
        ):
            return f"access control: {_said(guard)} counts by it"
    return ""


def _said(guard: Guarding) -> str:
    if guard.directive.lower().startswith("include"):
        return f"it may hide behind the Include in {guard.where}"
    return f"{guard.directive} in {guard.where}"


def _tops(one: Component, facts: Facts) -> frozenset[str]:
    """The files that a component brings."""
    if one.kind is Kind.PHP_INI:
        return frozenset()
    if one.kind is Kind.PHP_MODULE:
        return frozenset(target for _, target in php.links(facts, one))
    return frozenset(f"{apache.ROOT}/{target.removeprefix('../')}" for _, target in apache.links(facts, one))


def _on(top: str, facts: Facts) -> bool:
    return top == _MAIN or top.replace("-available/", "-enabled/") in facts.entries
