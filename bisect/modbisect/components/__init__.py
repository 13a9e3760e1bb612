"""Components: what the survey's facts say can be switched, and what switching means. Pure.

One file a kind. Everything that changes a host goes through `plan`, which is also what a dry run prints.
"""

from __future__ import annotations

import base64
import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from modbisect.components import access, apache, php, priors
from modbisect.components.facts import Facts, parse
from modbisect.model import Component, ComponentId, Configuration, Kind

__all__ = [
    "Facts",
    "Step",
    "discover",
    "missing_or_extra",
    "opened",
    "parse",
    "plan",
    "select",
    "units",
    "unmoved",
    "write_set",
]

_ACCELERATORS = frozenset({"php-module:opcache", "php-module:apcu"})
# Switched on these only ever cost; one that a person switched off is no suspect for being off.
_NEVER_CURES = frozenset(
    {
        *(f"php-module:{name}" for name in ("xdebug", "pcov", "tideways", "spx", "excimer")),
        *(
            f"apache-module:{name}"
            for name in (
                "security2",
                "evasive",
                "qos",
                "dump_io",
                "log_forensic",
                "log_debug",
                "ratelimit",
                "perl",
            )
        ),
    }
)

_NOT_BY_DEFAULT = "off, and not by its package's default: /etc/modbisect/allow on the host may allow it: on {}"


@dataclass(frozen=True, slots=True)
class Step:
    """One deviation from the state as found: what a path shall be."""

    path: str
    kind: str
    """``absent``, ``link`` or ``file``."""
    content: str = ""
    """The link's target, or the file's text."""

    def line(self) -> str:
        """As the guard reads it."""
        content = base64.b64encode(self.content.encode()).decode() if self.kind == "file" else self.content
        return "\t".join([self.kind, self.path] + ([content] if self.kind != "absent" else []))

    def __str__(self) -> str:
        if self.kind == "absent":
            return f"remove {self.path}"
        return f"{self.kind} {self.path} -> {self.content.strip()}"


def discover(facts: Facts) -> tuple[Component, ...]:
    """All components of a host, the latest change first."""
    found = access.pinned(apache.components(facts) + php.components(facts), facts)
    return priors.ordered(found, facts)


def select(
    components: Iterable[Component],
    facts: Facts,
    *,
    include: Sequence[str] = ("*",),
    keep: Sequence[str] = (),
    off: str = "auto",
    allow_security: bool = False,
) -> tuple[Component, ...]:
    """Pin what is no suspect in this run.

    Args:
        components: what was discovered.
        facts: the same survey.
        include: patterns of components that may be flipped.
        keep: patterns of components that stay as found.
        off: which components that are off may be switched on: ``auto`` (known accelerators and those that a person
            switched off), ``all`` or ``none``.
        allow_security: whether access control may be switched.
    """
    chosen = []
    for component in components:
        pinned = component.pinned
        if allow_security and access.protects(pinned):
            pinned = ""
        if not pinned:
            if not _matches(component.id, include):
                pinned = "not included by the playbook"
            elif _matches(component.id, keep):
                pinned = "kept by the playbook"
            elif not component.on and not _may_switch_on(component, facts, off):
                pinned = "off as found"
            elif not component.on and component.kind is not Kind.PHP_INI and component.id not in facts.may_be_on:
                pinned = _NOT_BY_DEFAULT.format(component.id)
        chosen.append(replace(component, pinned=pinned))
    return tuple(chosen)


def opened(components: Iterable[Component], facts: Facts) -> tuple[Component, ...]:
    """Of the components selected, those that access control is made of and that may be flipped all the same.

    Their ``pinned`` says why they would have stayed.
    """
    protecting = {one.id: one for one in discover(facts) if access.protects(one.pinned)}
    return tuple(protecting[one.id] for one in components if not one.pinned and one.id in protecting)


def _matches(name: ComponentId, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _may_switch_on(component: Component, facts: Facts, off: str) -> bool:
    if off == "all" or component.kind is Kind.PHP_INI:
        return off != "none"
    by_hand = component.id in facts.disabled_by_admin and component.id not in _NEVER_CURES
    return off == "auto" and (component.id in _ACCELERATORS or by_hand)


def plan(facts: Facts, components: Iterable[Component], configuration: Configuration) -> tuple[Step, ...]:
    """The deviations from the state as found that make up a configuration, ordered by path."""
    steps = []
    ini = []
    for component in components:
        if component.id not in configuration.flipped:
            continue
        if component.kind is Kind.PHP_INI:
            ini.append(php.flipped_setting(component))
            continue
        module = php if component.kind is Kind.PHP_MODULE else apache
        for path, target in module.links(facts, component):
            if not component.on:
                steps.append(Step(path, "link", target))
            elif path in facts.entries:
                steps.append(Step(path, "absent"))
    sapi = php.serving(facts)
    if ini and sapi is not None:
        steps.append(Step(f"{sapi.folder}/{php.DROP_IN}", "file", "\n".join(sorted(ini)) + "\n"))
    return tuple(sorted(steps, key=lambda step: step.path))


def missing_or_extra(
    facts: Facts, components: Sequence[Component], configuration: Configuration, loaded: frozenset[str]
) -> str:
    """What the live process has loaded otherwise than the configuration says; empty when all is as wanted.

    Only shared objects of known components count, and of those that stay as found only the ones that were loaded as
    found.
    """
    wanted, unwanted = _objects(facts, components, configuration)
    missing = sorted(wanted - loaded)
    extra = sorted(unwanted & loaded)
    parts = [f"not loaded: {_some(missing)}"] if missing else []
    parts += [f"still loaded: {_some(extra)}"] if extra else []
    return "; ".join(parts)


def unmoved(
    facts: Facts, components: Sequence[Component], configuration: Configuration, loaded: frozenset[str]
) -> frozenset[ComponentId]:
    """Of the components that the configuration switches off, those that the live process has loaded all the same."""
    _, unwanted = _objects(facts, components, configuration)
    extra = unwanted & loaded
    return frozenset(one.id for one in components if one.on and one.id in configuration.flipped and one.loads & extra)


def _objects(
    facts: Facts, components: Sequence[Component], configuration: Configuration
) -> tuple[frozenset[str], frozenset[str]]:
    """The shared objects that the live process should have loaded, and those that it should not."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for component in components:
        flipped = component.id in configuration.flipped
        if component.on != flipped:
            wanted |= component.loads if flipped else component.loads & facts.loaded
        else:
            unwanted |= component.loads
    return frozenset(wanted), frozenset(unwanted - wanted)


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def write_set(facts: Facts) -> tuple[str, ...]:
    """The folders in which a run may change anything."""
    sapi = php.serving(facts)
    folders = [f"{apache.ROOT}/{word}-enabled" for word in ("mods", "conf", "sites")]
    return (*folders, *([sapi.folder] if sapi else []))


def units(facts: Facts) -> tuple[str, ...]:
    """The systemd units that a trial restarts."""
    sapi = php.serving(facts)
    return ("apache2.service", *([sapi.unit] if sapi and sapi.unit else []))
