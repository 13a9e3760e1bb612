"""Kind ``nginx-module``: dynamic modules of an nginx in front, links in ``modules-enabled`` as packages make them."""

from __future__ import annotations

from modbisect.kinds.found import Found, is_safe_name
from modbisect.kinds.kind import Linked
from modbisect.kinds.rules import LinkRule, Rule, UnitRule
from modbisect.model import Component

_FOLDER, _HOME = "/etc/nginx/modules-enabled", "/usr/share/nginx/modules-available"
_UNIT = "nginx.service"


class NginxModule(Linked):
    """A module that nginx loads at its start."""

    name = "nginx-module"
    noun = "nginx module"
    survey = "nginx"
    packages = ("nginx*", "libnginx-mod-*")

    def components(self, found: Found) -> list[Component]:
        """Those that are on; whether one that is off may be wanted nobody knows."""
        modules = []
        for file, entry in found.names(_FOLDER, ".conf").items():
            stem = file[3:] if file[:2].isdecimal() and file[2:3] == "-" else file
            pinned = "" if is_safe_name(file) else "its name is unusual"
            if entry.target != f"{_HOME}/{stem}.conf":
                pinned = pinned or "not a link to a module of a package"
            modules.append(Component(self.id(file), self.name, file, on=True, pinned=pinned))
        return modules if found.units.get(_UNIT) == "active" else []

    def links(self, found: Found, component: Component) -> tuple[tuple[str, str], ...]:
        """One."""
        path = f"{_FOLDER}/{component.name}.conf"
        return ((path, found.entries[path].target),)

    def home(self, target: str) -> str:
        """Their targets are absolute."""
        return target

    def folders(self, found: Found) -> tuple[str, ...]:
        """Its own, where nginx runs."""
        return (_FOLDER,) if self.components(found) else ()

    def units(self, found: Found) -> tuple[str, ...]:
        """Its own, where nginx runs."""
        return (_UNIT,) if self.components(found) else ()

    def rules(self) -> tuple[Rule, ...]:
        """A link leads to the packages' file of its name."""
        off, on = "rm -f -- {path}", "ln -sT -- {home} {path}"
        link = LinkRule(self.name, _FOLDER, ".conf", f"{_HOME}/{{name}}", prefix="[0-9][0-9]-", off=off, on=on)
        return (link, UnitRule(r"nginx\.service"))

    def remedy(self, found: Found, component: Component) -> str:
        """Debian has no tool for it."""
        return f"rm {self.links(found, component)[0][0]}"
