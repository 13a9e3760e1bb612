"""What can be switched on a host, and what switching means: loops over all kinds, with no word of any one of them."""

from __future__ import annotations

import fnmatch
import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from modbisect.kinds import access, front, priors
from modbisect.kinds.every import BY_NAME, KINDS
from modbisect.kinds.found import Found
from modbisect.kinds.kind import Step, merged
from modbisect.kinds.rules import table
from modbisect.model import Component, ComponentId, Configuration

BY_THE_PLAYBOOK = "by the playbook"
"""The end of the reason of whoever is no suspect because the playbook says so."""
_NOT_BY_DEFAULT = "off, and not by its package's default: /etc/modbisect/allow on the host may allow it: on {}"


def noun(kind: str) -> str:
    """What a kind is called in reports; its name where this version does not know it."""
    return BY_NAME[kind].noun if kind in BY_NAME else kind


def in_order(kinds: Iterable[str]) -> list[str]:
    """Names of kinds in the order of their list, those behind it that this version does not know."""
    return sorted(kinds, key=lambda name: list(BY_NAME).index(name) if name in BY_NAME else len(BY_NAME))


def discover(found: Found, into: Sequence[str] = ()) -> tuple[Component, ...]:
    """All components of a host, the latest change first; of the files to look into what they are made of, too."""
    listed = [(kind, component) for kind in KINDS for component in kind.components(found)]
    listed += [(kind, component) for path in into for kind in KINDS for component in kind.inside(found, path)]
    components = access.pinned(listed, found)
    return priors.ordered({component: BY_NAME[component.kind] for component in components}, found)


def unusual(components: Iterable[Component], found: Found, since: float = math.inf) -> dict[Component, str]:
    """What sets some components apart, the latest change first: see `priors.unusual`."""
    return priors.unusual({component: BY_NAME[component.kind] for component in components}, found, since)


def select(
    components: Iterable[Component],
    found: Found,
    *,
    include: Sequence[str] = ("*",),
    keep: Sequence[str] = (),
    off: str = "auto",
    allow_security: bool = False,
    together: Sequence[Sequence[str]] = (),
) -> tuple[Component, ...]:
    """Pin what is no suspect in this run.

    Args:
        components: what was discovered.
        found: the same survey.
        include: patterns of components that may be flipped.
        keep: patterns of components that stay as found.
        off: which components that are off may be switched on: ``auto`` (known accelerators and those that a person
            switched off), ``all`` or ``none``.
        allow_security: whether access control may be switched.
        together: patterns of components that are switched as one: of each group those that are on, and those that are
            off; one that is pinned pins the others.
    """
    chosen = []
    for component in components:
        pinned = component.pinned
        if allow_security and access.protects(pinned):
            pinned = ""
        if not pinned:
            if not _matches(component.id, include):
                pinned = f"not included {BY_THE_PLAYBOOK}"
            elif _matches(component.id, keep):
                pinned = f"kept {BY_THE_PLAYBOOK}"
            elif not component.on and not _may_switch_on(component, found, off):
                pinned = "off as found"
            elif not component.on and BY_NAME[component.kind].needs_leave and component.id not in found.may_be_on:
                pinned = _NOT_BY_DEFAULT.format(component.id)
        chosen.append(replace(component, pinned=pinned))
    for group in together:
        for on in (True, False):
            ids = frozenset(each.id for each in chosen if each.on is on and _matches(each.id, group))
            chosen = [
                replace(each, depends=each.depends | ids - {each.id}) if each.id in ids else each for each in chosen
            ]
    return tuple(chosen)


def opened(components: Iterable[Component], found: Found) -> tuple[Component, ...]:
    """Of the components selected, those that access control is made of and that may be flipped all the same.

    Their ``pinned`` says why they would have stayed.
    """
    parts = tuple(components)
    known = discover(found, sorted({part.name.rpartition(":")[0] for part in parts if ":" in part.name}))
    protecting = {component.id: component for component in known if access.protects(component.pinned)}
    return tuple(protecting[component.id] for component in parts if not component.pinned and component.id in protecting)


def _matches(name: ComponentId, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _may_switch_on(component: Component, found: Found, off: str) -> bool:
    kind = BY_NAME[component.kind]
    if off == "all" or not kind.needs_leave:
        return off != "none"
    by_hand = component.id in found.disabled_by_admin and component.name not in kind.only_costs
    return off == "auto" and (component.name in kind.accelerates or by_hand)


def plan(found: Found, components: Iterable[Component], configuration: Configuration) -> tuple[Step, ...]:
    """The deviations from the state as found that make up a configuration, ordered by path."""
    return _steps(found, components, configuration, [kind.name for kind in KINDS])


def plan_tested(found: Found, components: Iterable[Component], configuration: Configuration) -> tuple[Step, ...]:
    """Of these deviations those that a configuration test on a copy tells about."""
    return _steps(found, components, configuration, [kind.name for kind in KINDS if kind.tested])


def _steps(
    found: Found, components: Iterable[Component], configuration: Configuration, kinds: Sequence[str]
) -> tuple[Step, ...]:
    flipped: dict[str, list[Component]] = {kind: [] for kind in kinds}
    for component in components:
        if component.id in configuration.flipped and component.kind in flipped:
            flipped[component.kind].append(component)
    return merged(step for kind, those in flipped.items() for step in BY_NAME[kind].steps(found, those))


def is_tested(component: Component) -> bool:
    """Whether a configuration test on a copy tells what it breaks."""
    return BY_NAME[component.kind].tested


def owner(path: str) -> ComponentId:
    """The component that an enabled file belongs to; empty where it is nobody's."""
    return next((kind.id(name) for kind in KINDS if (name := kind.owner(path))), "")


def missing_or_extra(
    found: Found, components: Sequence[Component], configuration: Configuration, loaded: frozenset[str]
) -> str:
    """What the live process has loaded otherwise than the configuration says; empty when all is as wanted.

    Only shared objects of known components count, and of those that stay as found only the ones that were loaded as
    found.
    """
    wanted, unwanted = _objects(found, components, configuration)
    missing = sorted(wanted - loaded)
    extra = sorted(unwanted & loaded)
    parts = [f"not loaded: {_some(missing)}"] if missing else []
    parts += [f"still loaded: {_some(extra)}"] if extra else []
    return "; ".join(parts)


def never_loaded(found: Found, components: Iterable[Component]) -> list[str]:
    """Objects that belong to components that are on in the files, and that the live process has not: drift."""
    on = (component for component in components if component.on)
    return [
        name
        for component in on
        for name in sorted(BY_NAME[component.kind].own_objects(found, component) - found.loaded)
    ]


def unmoved(
    found: Found, components: Sequence[Component], configuration: Configuration, loaded: frozenset[str]
) -> frozenset[ComponentId]:
    """Of the components that the configuration switches off, those that the live process has loaded all the same."""
    _, unwanted = _objects(found, components, configuration)
    extra = unwanted & loaded
    return frozenset(
        component.id
        for component in components
        if component.on and component.id in configuration.flipped and component.loads & extra
    )


def _objects(
    found: Found, components: Sequence[Component], configuration: Configuration
) -> tuple[frozenset[str], frozenset[str]]:
    """The shared objects that the live process should have loaded, and those that it should not."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for component in components:
        flipped = component.id in configuration.flipped
        if component.on != flipped:
            wanted |= component.loads if flipped else component.loads & found.loaded
        else:
            unwanted |= component.loads
    return frozenset(wanted), frozenset(unwanted - wanted)


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def write_set(found: Found) -> tuple[str, ...]:
    """The folders in which a run may change anything."""
    return tuple(_each(folder for kind in KINDS for folder in kind.folders(found)))


def edited_files(found: Found, components: Iterable[Component]) -> tuple[str, ...]:
    """Files beside these folders that trials of the suspects among these may edit."""
    suspects = [component for component in components if not component.pinned]
    own = ((kind, [component for component in suspects if component.kind == kind.name]) for kind in KINDS)
    return tuple(_each(file for kind, those in own for file in kind.files(found, those)))


def opened_by(components: Iterable[ComponentId]) -> tuple[str, ...]:
    """The files to look into where these are to blame."""
    parts = ((BY_NAME.get(kind), name) for kind, _, name in (component.partition(":") for component in components))
    return tuple(_each(file for kind, name in parts if kind and (file := kind.opens(name))))


def told_in(found: Found, components: Iterable[Component]) -> tuple[str, ...]:
    """The files that tell these what to do."""
    return tuple(_each(file for each in components for file in BY_NAME[each.kind].told_in(found, each)))


def own_files() -> tuple[str, ...]:
    """Files to look into that no component stands for."""
    return tuple(_each(file for kind in KINDS for file in kind.own_files))


def brought(found: Found, paths: Sequence[str]) -> tuple[str, ...]:
    """Files to look into, with those that are read because they say so."""
    files, wanted = list(paths), list(paths)
    while wanted:
        path = wanted.pop(0)
        more = [file for kind in KINDS for file in kind.brought(found, path) if file not in files]
        files += more
        wanted += more
    return tuple(files)


def is_inside(component: Component, into: Sequence[str]) -> bool:
    """Whether it is a part of one of these files."""
    return any(component.name.startswith(f"{path}:") for path in into)


def units(found: Found) -> tuple[str, ...]:
    """The systemd units that a trial restarts: those of its kinds, then a cache in front of them."""
    return tuple(_each((*(unit for kind in KINDS for unit in kind.units(found)), *front.units(found))))


def resting(
    found: Found, components: Sequence[Component], before: Configuration, configuration: Configuration
) -> tuple[str, ...]:
    """Of these units those that need no restart between two configurations."""
    moved = {component.kind for component in components if component.id in before.flipped ^ configuration.flipped}
    awake = {unit for kind in KINDS if not kind.rests or kind.name in moved for unit in kind.units(found)}
    return tuple(unit for unit in units(found) if unit not in awake and unit not in front.units(found))


def survey_fragments() -> tuple[tuple[str, str], ...]:
    """Of the script that surveys a host, the parts that read what kinds need: package and name of each."""
    return tuple(dict.fromkeys((kind.survey_package(), kind.survey) for kind in KINDS))


def guard_rules() -> str:
    """The table by which the guard on the host accepts steps: one for all hosts and all runs."""
    return table(tuple(rule for kind in KINDS for rule in kind.rules()))


def configuration() -> tuple[str, ...]:
    """Patterns of the files in which what was seen in a look is searched."""
    return tuple(_each(pattern for kind in KINDS for pattern in kind.configuration))


def packages() -> tuple[str, ...]:
    """Patterns of the Debian packages whose versions decide what components do."""
    return tuple(_each(pattern for kind in KINDS for pattern in kind.packages))


def remedies(found: Found, components: Iterable[Component]) -> dict[ComponentId, tuple[str, ...]]:
    """For each component the commands that switch it over from its production state, a restart last."""
    restart = shlex.join(["systemctl", "restart", *(unit.removesuffix(".service") for unit in units(found))])
    said = ((component.id, BY_NAME[component.kind].remedy(found, component)) for component in components)
    return {name: (command, restart) for name, command in said if command}


def ways_back(found: Found, components: Iterable[Component]) -> dict[ComponentId, tuple[str, ...]]:
    """For each component whose remedy is a command that has an opposite: what takes the remedy back, a restart last."""
    each = {component.id: component for component in components}
    cured = remedies(found, each.values())
    back = remedies(found, [replace(component, on=not component.on) for component in each.values()])
    by_command = {name for name, lines in back.items() if not lines[0].startswith("#")}
    return {name: back[name] for name in back if name in by_command and back[name] != cured.get(name)}


def _each(values: Iterable[str]) -> Iterator[str]:
    """Without what has come before."""
    return iter(dict.fromkeys(values))
