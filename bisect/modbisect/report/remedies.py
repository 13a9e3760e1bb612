"""What switches a component for good, as Debian's own tools do it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from modbisect.components import Facts, php, units
from modbisect.model import Component, ComponentId, Kind

_APACHE = {Kind.APACHE_MODULE: "mod", Kind.APACHE_CONF: "conf", Kind.APACHE_SITE: "site"}


def remedies(facts: Facts, components: Iterable[Component]) -> dict[ComponentId, tuple[str, ...]]:
    """For each component the commands that switch it over from its production state, a restart last.

    A setting is no command: it is told as a comment that names the file and the line.
    """
    restart = shlex.join(["systemctl", "restart", *(unit.removesuffix(".service") for unit in units(facts))])
    return {one.id: (command, restart) for one in components if (command := _command(facts, one))}


def _command(facts: Facts, component: Component) -> str:
    word = "dis" if component.on else "en"
    if component.kind in _APACHE:
        return shlex.join([f"a2{word}{_APACHE[component.kind]}", component.name])
    sapi = php.serving(facts)
    if sapi is None:
        return ""
    if component.kind is Kind.PHP_MODULE:
        return shlex.join([f"php{word}mod", "-v", sapi.version, "-s", sapi.name, component.name])
    path, _ = php.effective_settings(facts, sapi)[component.name]
    return f"# in {path} write: {php.flipped_setting(component)}"
