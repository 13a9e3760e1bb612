"""Kind ``nginx-module``: modules that nginx loads by a link in ``modules-enabled``."""

from __future__ import annotations

import re

from modbisect.kinds import nginx
from modbisect.kinds.found import Found, is_safe_name, once
from modbisect.kinds.kind import Linked
from modbisect.kinds.rules import LinkRule, Rule
from modbisect.model import Component

_FOLDER = f"{nginx.ROOT}/modules-enabled"
_HOME = "/usr/share/nginx/modules-available"
_LOADS = re.compile(r"load_module\s+\"?(?:\S*/)?([A-Za-z0-9_.+-]+\.so)")
_NEEDS = {"mod-stream-": "mod-stream", "mod-http-lua": "mod-http-ndk", "mod-http-set-misc": "mod-http-ndk"}
"""By how its name begins, what a module is built on."""


class NginxModule(Linked):
    """A module that is built apart."""

    name = "nginx-module"
    noun = "nginx module"
    survey = "nginx"
    packages = ("nginx*", "libnginx-mod-*")
    configuration = nginx.CONFIGURATION
    tested = True

    def components(self, found: Found) -> list[Component]:
        """Every one that is on or could be."""
        if not nginx.serves(found):
            return []
        enabled, available = _enabled(found), found.names(_HOME, ".conf")
        listed = []
        for name in sorted(enabled.keys() | available.keys()):
            entry = found.entries.get(enabled.get(name, ""))
            pinned = ""
            if not is_safe_name(name):
                pinned = "its name is unusual"
            elif entry is not None and (entry.points_to != "f" or entry.target != f"{_HOME}/{name}.conf"):
                pinned = f"no link to {_HOME}/{name}.conf"
            needs = (need for start, need in _NEEDS.items() if name.startswith(start) and need in enabled)
            listed.append(
                Component(
                    self.id(name),
                    self.name,
                    name,
                    name in enabled,
                    pinned,
                    frozenset(map(self.id, needs)),
                    loads=frozenset(_objects(found).get(f"{_HOME}/{name}.conf", ())),
                )
            )
        return listed

    def links(self, found: Found, component: Component) -> tuple[tuple[str, str], ...]:
        """One, with a number that orders it."""
        path = _enabled(found).get(component.name, f"{_FOLDER}/50-{component.name}.conf")
        return ((path, f"{_HOME}/{component.name}.conf"),)

    def home(self, target: str) -> str:
        """Their targets are absolute."""
        return target

    def folders(self, found: Found) -> tuple[str, ...]:
        """Where its links are."""
        return (_FOLDER,) if nginx.serves(found) else ()

    def units(self, found: Found) -> tuple[str, ...]:
        """Those of nginx."""
        return nginx.units(found)

    def rules(self) -> tuple[Rule, ...]:
        """A link leads to the file of its name."""
        off = f"find {_FOLDER} -name [0-9][0-9]-{{stem}}.conf -delete"
        on = f"ln -s {_HOME}/{{stem}}.conf {_FOLDER}/50-{{stem}}.conf"
        return (
            LinkRule(self.name, _FOLDER, ".conf", f"{_HOME}/{{name}}", prefix="[0-9][0-9]-", off=off, on=on),
            nginx.UNIT,
        )

    def remedy(self, found: Found, component: Component) -> str:
        """Debian has no tool for it but the link itself."""
        ((path, target),) = self.links(found, component)
        return f"rm {path}" if component.on else f"ln -s {target} {path}"


@once
def _enabled(found: Found) -> dict[str, str]:
    """By name, the link."""
    return {
        name[3:]: entry.path for name, entry in found.names(_FOLDER, ".conf").items() if re.match("[0-9][0-9]-", name)
    }


@once
def _objects(found: Found) -> dict[str, set[str]]:
    """By file, the shared objects that it makes nginx load."""
    objects: dict[str, set[str]] = {}
    for line in found.lines("nginx-loads"):
        if match := _LOADS.match(line.text):
            objects.setdefault(line.path, set()).add(found.mapped(match[1]))
    return objects
