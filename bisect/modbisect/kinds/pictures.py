"""What of a host decides how fast its site is, as a picture to keep; and what has changed between two of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from modbisect.kinds.changes import day
from modbisect.kinds.found import Entry, Found
from modbisect.model import Component

Picture: TypeAlias = Mapping[str, str]
"""By a component's id or a file's path, what it is."""
_TIME = re.compile(r"changed (\d{1,12})(?:$| )")


def picture(found: Found, components: Iterable[Component]) -> dict[str, str]:
    """Every component with its state, and every file of the configuration with its time and where it leads."""
    shown = {path: _file(entry) for path, entry in found.entries.items() if entry.type != "d"}
    return shown | {each.id: f"{'on' if each.on else 'off'}{each.detail and f', {each.detail}'}" for each in components}


def _file(entry: Entry) -> str:
    return f"changed {entry.changed:.0f}{entry.target and f' -> {entry.target}'}"


def differences(before: Picture, after: Picture) -> tuple[str, ...]:
    """One sentence for each component and file that is not as it was, components first."""
    return tuple(sorted(_differences(before, after), key=lambda said: (said.startswith("/"), said)))


def _differences(before: Picture, after: Picture) -> Iterator[str]:
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if now is None:
            yield f"{name} is gone"
        elif was is None:
            yield f"{name} is new{_when(now) if name.startswith('/') else f': {now}'}"
        elif name.startswith("/"):
            yield f"{name} was changed{_when(now)}"
        else:
            yield f"{name} is {now}; it was {was}"


def _when(now: str) -> str:
    seconds = _TIME.match(now)
    return f", its time is {day(float(seconds[1]))}" if seconds else ""
