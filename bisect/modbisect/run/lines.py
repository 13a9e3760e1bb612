"""Lines of files as suspects, where what a slow request was seen at speaks of them. Pure."""

from __future__ import annotations

from dataclasses import replace

from modbisect import kinds
from modbisect.kinds import Found, Look, suspicions
from modbisect.model import Component
from modbisect.playbook import Playbook

_WORTH_TELLING = 0.3
"""Share of the slow request's time."""
_LETS_COUNT = "the site needs it, or it only lets other lines count, which are suspects themselves"
_IN_LINES = "its lines are suspects themselves"


def with_lines(
    playbook: Playbook, facts: Found, components: tuple[Component, ...], seen: Look
) -> tuple[Component, ...]:
    """The components, and the lines of files that speak of what was seen, where those as a whole stay as found.

    A file whose line speaks for much of the time is left to its lines: the site may need what else it does.
    """
    reached = _lines_of(playbook, facts, *kinds.unreached(seen, facts, components))
    added = tuple(replace(each, pinned=each.pinned or _LETS_COUNT) if each.vital else each for each in reached)
    added += _lines_of(playbook, facts, *_stood_for(facts, (*components, *added), seen))
    said = {kinds.real(facts, named.file) for named in (*seen.named, *seen.says) if named.lines}
    for whole in components:
        (path,) = kinds.opened_by([whole.id]) or ("",)
        if whole.pinned or path not in said or not (lines := _lines_of(playbook, facts, path)):
            continue
        open_to_trial = {line.id for line in lines if not line.pinned}
        others = tuple(component for component in (*components, *added) if component.id != whole.id)
        shares = {one.component: one.share for one in suspicions(seen, facts, (*others, *lines))}
        if max((shares.get(line, 0.0) for line in open_to_trial), default=0.0) >= _WORTH_TELLING:
            components = tuple(replace(each, pinned=_IN_LINES) if each.id == whole.id else each for each in components)
            there = {each.id for each in (*components, *added)}
            added = (*added, *(line for line in lines if line.id not in there))
    return (*components, *added)


def _stood_for(facts: Found, components: tuple[Component, ...], seen: Look) -> tuple[str, ...]:
    ready = {component.id for component in components if component.pinned == kinds.FOR_ITS_LINES}
    return kinds.opened_by(one.component for one in kinds.stand_for(seen, facts, components) if one.component in ready)


def _lines_of(playbook: Playbook, facts: Found, *paths: str) -> tuple[Component, ...]:
    select = playbook.select
    into = kinds.brought(facts, paths)
    lines = tuple(component for component in kinds.discover(facts, into) if kinds.is_inside(component, into))
    return kinds.select(lines, facts, keep=select.keep, off=select.off, allow_security=select.allow_security)
