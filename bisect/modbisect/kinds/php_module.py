"""Kind ``php-module``: what phpenmod and phpdismod switch, extension or not, and what a line of an ini file loads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from modbisect.kinds import access, php, php_ini
from modbisect.kinds.found import Found, Line, is_safe_name, once
from modbisect.kinds.kind import Kind, Linked, OwnLines
from modbisect.kinds.placed import Placed
from modbisect.kinds.rules import EditRule, LinkRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

_DEPENDS = {  # from the modules' own dependency tables (zend_module_dep) in PHP's sources
    "mysqli": ("mysqlnd",),
    "pdo_mysql": ("mysqlnd", "pdo"),
    "pdo_dblib": ("pdo",),
    "pdo_firebird": ("pdo",),
    "pdo_odbc": ("pdo",),
    "pdo_pgsql": ("pdo",),
    "pdo_sqlite": ("pdo",),
    "xmlreader": ("dom",),
    "xsl": ("dom",),
    "mailparse": ("mbstring",),
    "memcached": ("igbinary", "msgpack"),
    "redis": ("igbinary",),
}
_GUARDS = frozenset({"snuffleupagus", "suhosin"})
"""They keep pages from what they may not do."""
_COMPILES = 0.9
_INNERMOST = 0.3
"""The application has called it."""
_PRIORITY = re.compile(r";\s*priority\s*=\s*(\d{1,2})\b")


class _Module(Kind):
    """A module of the PHP that serves the site, however it is switched."""

    name = "php-module"
    noun = "PHP module"
    survey = "php"
    packages = ("php*",)
    configuration = php.CONFIGURATION
    vital = frozenset(
        {
            *("ctype", "curl", "dom", "fileinfo", "gd", "iconv", "intl", "json", "mbstring", "mysqli", "mysqlnd"),
            *("openssl", "pdo", "pdo_mysql", "pdo_pgsql", "pgsql", "simplexml", "tokenizer", "xml"),
        }
    )
    saves = frozenset({"apcu", "opcache"})
    accelerates = frozenset({"apcu", "opcache"})
    only_costs = frozenset({"xdebug", "pcov", "tideways", "spx", "excimer"})

    def units(self, found: Found) -> tuple[str, ...]:
        """What holds the serving PHP."""
        return php.units(found)

    def claim(self, component: Component, moment: Moment) -> float:
        """Compiling is what is missing where opcache is off; a function of PHP's own speaks of the module it is in."""
        if not moment.frames:
            return 0.0
        if not moment.frames[0].function:
            return _COMPILES if component.name == "opcache" and not component.on else 0.0
        return _INNERMOST if moment.frames[0].extension.lower() == component.name else 0.0


class _Links(_Module, Linked):
    """An ini file of ``mods-available``."""

    def components(self, found: Found) -> list[Component]:
        """Every one that is on or could be."""
        sapi = php.serving(found)
        if sapi is None:
            return []
        enabled, available = php.enabled(found), found.names(sapi.available, ".ini")
        modules = []
        for name in sorted(enabled.keys() | available.keys()):
            entry = enabled.get(name)
            pinned = ""
            if not is_safe_name(name):
                pinned = "its name is unusual"
            elif entry is not None and entry.type != "l":
                pinned = f"a file, not a link: {entry.path}, which Debian's tools would not switch"
            elif entry is not None and entry.points_to != "f":
                pinned = "a link to nothing"
            elif entry is not None:
                pinned = access.SWITCHED if name in _GUARDS else php_ini.guarding(found).get(entry.path, "")
            sets = php_ini.only_setting(found, entry.path) if entry else ""
            modules.append(
                Component(
                    self.id(name),
                    self.name,
                    name,
                    entry is not None,
                    pinned,
                    frozenset(self.id(other) for other in _DEPENDS.get(name, ()) if other in available),
                    loads=frozenset(php.extensions(found).get(f"{sapi.available}/{name}.ini", ())),
                    detail=f"PHP {sapi.version}, {sapi.name}{sets and f'; {sets}'}",
                )
            )
        return php.pinned_where_unread(found, modules)

    def links(self, found: Found, component: Component) -> tuple[tuple[str, str], ...]:
        """One, named with the priority that the ini file asks for."""
        sapi = php.serving(found)
        if sapi is None:
            return ()
        if entry := php.enabled(found).get(component.name):
            return ((entry.path, entry.target),)
        target = f"{sapi.available}/{component.name}.ini"
        return ((f"{sapi.folder}/{_priorities(found).get(target, '20')}-{component.name}.ini", target),)

    def told_in(self, found: Found, component: Component) -> tuple[str, ...]:
        """The ini file, where it loads nothing and only sets."""
        entry = php.enabled(found).get(component.name)
        return (entry.path,) if entry and entry.path in php_ini.links_that_set(found) else ()

    def home(self, target: str) -> str:
        """Their targets are absolute."""
        return target

    def folders(self, found: Found) -> tuple[str, ...]:
        """The serving PHP's."""
        return php.folders(found)

    def rules(self) -> tuple[Rule, ...]:
        """A link leads to the module's file for the same version of PHP."""
        home, which = "/etc/php/{4}/mods-available/{name}", "-v {4} -s {5} {stem}"
        off, on = f"phpdismod {which}", f"phpenmod {which}"
        return (LinkRule(self.name, php.FOLDER, ".ini", home, prefix="[0-9][0-9]-", off=off, on=on), *php.UNITS)

    def remedy(self, found: Found, component: Component) -> str:
        """By Debian's tool, for the serving PHP alone."""
        sapi = php.serving(found)
        word = "dis" if component.on else "en"
        return shlex.join([f"php{word}mod", "-v", sapi.version, "-s", sapi.name, component.name]) if sapi else ""


class _Lines(_Module, OwnLines):
    """Lines of plain ini files, which keep the module's settings."""

    def components(self, found: Found) -> list[Component]:
        """Every one that is loaded."""
        sapi, lines = php.serving(found), php.loaded_by_lines(found)
        if sapi is None:
            return []
        modules = [
            Component(
                self.id(name),
                self.name,
                name,
                on=True,
                pinned=(access.SWITCHED if name in _GUARDS else "") if is_safe_name(name) else "its name is unusual",
                depends=frozenset(self.id(other) for other in _DEPENDS.get(name, ()) if other in lines),
                loads=frozenset({found.mapped(f"{name}.so")}),
                detail=f"PHP {sapi.version}, {sapi.name}",
            )
            for name in sorted(lines)
        ]
        return php.pinned_where_unread(found, modules)

    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """Those that load it."""
        return php.loaded_by_lines(found)

    def rules(self) -> tuple[Rule, ...]:
        """Lines that load a module, and nothing else."""
        path = rf"({php.PLAIN})/[A-Za-z0-9_.+-]+\.ini"
        return (EditRule("cut", self.name, path, r"[ \t]*(zend_)?extension[ \t]*=.*"), *php.UNITS)

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: the file and the line."""
        lines = php.loaded_by_lines(found)[component.name]
        return "# " + "; ".join(f"in {line.path} remove line {line.number}" for line in lines)


class PhpModule(Placed, _Module):
    """A module of the PHP that serves the site."""

    ways = (_Links(), _Lines())

    def way(self, found: Found) -> Kind:
        """By links where it is Debian's, else by lines."""
        sapi = php.serving(found)
        return self.ways[1] if sapi and sapi.place else self.ways[0]


@once
def _priorities(found: Found) -> dict[str, str]:
    said = ((line.path, _PRIORITY.match(line.text)) for line in reversed(found.lines("php-headers")))
    return {path: match[1].zfill(2) for path, match in said if match}
