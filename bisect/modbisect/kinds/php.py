"""The PHP that serves the site: Debian's, several versions side by side, or the one of a host in a place of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from modbisect.kinds import apache, nginx
from modbisect.kinds.found import Entry, Found, Line, once
from modbisect.kinds.rules import UnitRule
from modbisect.model import Component

FOLDER = r"/etc/php/[0-9.]+/[a-z0-9]+/conf\.d"
"""Pattern of Debian's folders where modules and settings are switched."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the one PHP of a host has its files: a module is lines in one of them, and no link to Debian's."""

    folder: str
    """The folder of ini files."""
    main: str
    """The ini file that is read first."""
    pools: str
    """The folder of FPM's pools."""


PLACES = (
    Place("/etc/php.d", "/etc/php.ini", "/etc/php-fpm.d"),
    Place("/usr/local/etc/php/conf.d", "/usr/local/etc/php/php.ini", "/usr/local/etc/php-fpm.d"),
)
"""RHEL's and its kin's; that of Docker's images."""
PLAIN = "|".join(re.escape(place.folder) for place in PLACES)
"""Pattern of their folders."""
POOLS = "|".join([r"/etc/php/[0-9.]+/fpm/pool\.d", *(re.escape(place.pools) for place in PLACES)])
"""Pattern of the folders of FPM's pools."""
CONFIGURATION = (
    *("/etc/php/*/*/conf.d/*.ini", "/etc/php/*/*/php.ini", "/etc/php/*/fpm/pool.d/*.conf"),
    *(file for place in PLACES for file in (f"{place.folder}/*.ini", place.main, f"{place.pools}/*.conf")),
)
BEHIND = "read behind all that a trial could write, in"
UNITS = (apache.UNIT, nginx.UNIT, UnitRule(r"php[0-9.]*-fpm\.service"))


@dataclass(frozen=True, slots=True)
class Sapi:
    """A PHP of one version behind one server."""

    version: str
    """Empty where nobody knows."""
    name: str
    """``apache2``, ``httpd`` or ``fpm``."""
    place: Place | None = None
    """None for one of Debian's."""

    @property
    def folder(self) -> str:
        """Where its modules are switched."""
        return self.place.folder if self.place else f"/etc/php/{self.version}/{self.name}/conf.d"

    @property
    def available(self) -> str:
        """Where Debian has its modules' ini files."""
        return f"/etc/php/{self.version}/mods-available"

    @property
    def main(self) -> str:
        """Its ini file that is read first."""
        return self.place.main if self.place else f"/etc/php/{self.version}/{self.name}/php.ini"

    @property
    def pools(self) -> str:
        """The folder of its FPM's pools."""
        return self.place.pools if self.place else f"/etc/php/{self.version}/fpm/pool.d"

    @property
    def unit(self) -> str:
        """The systemd unit to restart beside the server's; empty for mod_php."""
        if self.name != "fpm":
            return ""
        return "php-fpm.service" if self.place else f"php{self.version}-fpm.service"


@once
def serving(found: Found) -> Sapi | None:
    """The PHP that serves the site, if any does."""
    module, fpm = apache.serves_by_module(found), apache.serves_by_fpm(found)
    if not (module or fpm):
        return None
    version, name = (module or fpm).removeprefix("php").removesuffix("-fpm"), found.main if module else "fpm"
    debians = Sapi(version, name)
    read = _read_by(found, debians)
    if read is None or debians.folder in read:
        place = None if "." in version else PLACES[0]
    else:
        place = next((place for place in PLACES if place.folder in read), None)
    if place is None:
        return debians
    said = (line.split() for line in found.sections["server"])
    return Sapi(version or next((words[1] for words in said if words[0] == "php"), ""), name, place)


def _read_by(found: Found, sapi: Sapi) -> list[str] | None:
    """The folders of ini files that the running PHP reads; None where nobody knows."""
    fields = (line.split("\t") for line in found.sections.get("php-scanned", ()))
    read_by = {name.removeprefix("php").removesuffix("-fpm"): folders for name, *folders in fields}
    return read_by.get(sapi.version if sapi.name == "fpm" else found.main)


def is_behind(path: str, folders: Iterable[str], name: str) -> bool:
    """Whether a file in one of these folders is read behind one of that name."""
    return any(path.startswith(f"{folder}/") and path.rpartition("/")[2] > name for folder in folders)


def folders(found: Found) -> tuple[str, ...]:
    """Where modules and settings of the serving PHP are switched."""
    sapi = serving(found)
    return (sapi.folder,) if sapi else ()


def units(found: Found) -> tuple[str, ...]:
    """What reads them anew: the server, whose mod_php may, and an FPM."""
    sapi = serving(found)
    return (found.main_unit, *([sapi.unit] if sapi and sapi.unit else []))


def pinned_where_unread(found: Found, components: list[Component]) -> list[Component]:
    """Nothing is a suspect of which the running PHP would not take notice."""
    unread = _unread(found)
    return [replace(component, pinned=component.pinned or unread) for component in components]


@once
def _unread(found: Found) -> str:
    """Why nothing that is switched would reach the running PHP; empty where it would, or nobody knows."""
    sapi = serving(found)
    read = _read_by(found, sapi) if sapi and not sapi.place else None
    if sapi is None or read is None or sapi.folder in read:
        return ""
    reads = f"reads {', '.join(read)} and not" if read else "does not read"
    return f"the running PHP {reads} {sapi.folder}, so switching it changes nothing"


@once
def enabled(found: Found) -> dict[str, Entry]:
    """The serving PHP's modules: in conf.d by the ini file that they lead to, of plain files by what these load."""
    sapi = serving(found)
    if sapi and sapi.place:
        loading = ((name, found.entries.get(lines[-1].path)) for name, lines in loaded_by_lines(found).items())
        return {name: entry for name, entry in loading if entry}
    modules: dict[str, Entry] = {}
    for name, entry in (found.names(sapi.folder, ".ini") if sapi else {}).items():
        target = entry.target.rpartition("/")[2].removesuffix(".ini")
        modules[target or without_priority(name)] = entry
    return modules


def without_priority(name: str) -> str:
    """An ini file's name in conf.d without the two digits that order it."""
    return name[3:] if name[:2].isdecimal() and name[2:3] == "-" else name


_EXTENSION = re.compile(r"(?:zend_)?extension\s*=\s*\"?(?:\S*/)?([^\s\"/;]+)")


@once
def extensions(found: Found) -> dict[str, set[str]]:
    """By ini file, the shared objects that it makes PHP load."""
    objects: dict[str, set[str]] = {}
    for line in found.lines("php-headers"):
        if match := _EXTENSION.match(line.text):
            objects.setdefault(line.path, set()).add(found.mapped(match[1].removesuffix(".so") + ".so"))
    return objects


@once
def loaded_by_lines(found: Found) -> dict[str, list[Line]]:
    """Where the serving PHP has a place of its own, by module the lines that load it."""
    lines: dict[str, list[Line]] = {}
    sapi = serving(found)
    folder = f"{sapi.folder}/" if sapi and sapi.place else "nowhere"
    for line in found.lines("php-headers"):
        if line.path.startswith(folder) and (match := _EXTENSION.match(line.text)):
            lines.setdefault(match[1].removesuffix(".so"), []).append(line)
    return lines
