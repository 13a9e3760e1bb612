"""What the server's own configuration needs, found by testing copies: nothing is restarted, nothing on disk changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from modbisect import kinds
from modbisect.host.survey import ConfigTest
from modbisect.kinds import Found, Step
from modbisect.model import Component, ComponentId, Configuration
from modbisect.search import Feasible

_IN_FILE = re.compile(r"(?:of|in) (/\S+?):")
_LOADED = re.compile(r"Cannot load (\S+)")
_ROUNDS = 6

Tester = Callable[[Mapping[str, Sequence[Step]]], Mapping[str, ConfigTest]]


def learn(components: Sequence[Component], facts: Found, test: Tester) -> tuple[Component, ...]:
    """Flip each suspect that a configuration test tells about alone, with what it drags along, on a copy.

    A failure names the file that cannot do without it: its owner then depends on the component; where the file has no
    owner that can be switched, the component is pinned. Repeated until nothing fails any more.
    """
    known = {component.id: component for component in components}
    waiting = [c.id for c in components if not c.pinned and kinds.is_tested(c)]
    for _ in range(_ROUNDS):
        feasible = Feasible(tuple(known.values()))
        wanted = {suspect: flips for suspect in waiting if (flips := feasible.close({suspect})) is not None}
        if not wanted:
            break
        configurations = {suspect: Configuration(frozenset(flips)) for suspect, flips in wanted.items()}
        tests = test({suspect: kinds.plan_tested(facts, known.values(), of) for suspect, of in configurations.items()})
        failed = {suspect: tests[suspect].text for suspect in wanted if suspect in tests and not tests[suspect].ok}
        for suspect, text in failed.items():
            owner = _owner(text, known, wanted[suspect])
            if owner is None or not known[suspect].on:
                known[suspect] = replace(known[suspect], pinned=f"the configuration test fails: {_short(text)}")
            else:
                known[owner] = replace(known[owner], depends=known[owner].depends | {suspect})
        waiting = [suspect for suspect in failed if not known[suspect].pinned]
    for suspect in waiting:
        known[suspect] = replace(known[suspect], pinned="the configuration test fails without it")
    return tuple(known[component.id] for component in components)


def _owner(text: str, known: Mapping[ComponentId, Component], flipped: Iterable[ComponentId]) -> ComponentId | None:
    """Who cannot do without it: the module that cannot be loaded, or what the file belongs to that fails."""
    objects = set(_LOADED.findall(text))
    loading = (component.id for component in known.values() if objects & component.loads)
    owner = next(loading, "") or kinds.owner((_IN_FILE.findall(text) or [""])[-1])
    return owner if owner in known and known[owner].on and owner not in flipped else None


def _short(text: str) -> str:
    return text.rpartition("Syntax error on ")[2][:200]
