"""The PHP that serves the site, as Debian and Ubuntu lay it out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from modbisect.kinds import apache, nginx
from modbisect.kinds.found import Entry, Found, once
from modbisect.kinds.rules import UnitRule
from modbisect.model import Component

FOLDER = r"/etc/php/[0-9.]+/[a-z0-9]+/conf\.d"
"""Pattern of the folders where modules and settings are switched."""
CONFIGURATION = ("/etc/php/*/*/conf.d/*.ini", "/etc/php/*/*/php.ini", "/etc/php/*/fpm/pool.d/*.conf")
UNITS = (apache.UNIT, nginx.UNIT, UnitRule(r"php[0-9.]+-fpm\.service"))


@dataclass(frozen=True, slots=True)
class Sapi:
    """A PHP of one version behind one server."""

    version: str
    name: str
    """``apache2`` or ``fpm``."""

    @property
    def folder(self) -> str:
        """Where its modules are switched."""
        return f"/etc/php/{self.version}/{self.name}/conf.d"

    @property
    def available(self) -> str:
        """Where its modules' ini files are."""
        return f"/etc/php/{self.version}/mods-available"

    @property
    def unit(self) -> str:
        """The systemd unit to restart beside the server's; empty for mod_php."""
        return f"php{self.version}-fpm.service" if self.name == "fpm" else ""


@once
def serving(found: Found) -> Sapi | None:
    """The PHP that serves the site, if any does."""
    if version := apache.serves_by_module(found):
        return Sapi(version, "apache2")
    if version := apache.serves_by_fpm(found):
        return Sapi(version, "fpm")
    return None


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
    fields = (line.split("\t") for line in found.sections.get("php-scanned", ()))
    read_by = {name: folders for name, *folders in fields}
    read = read_by.get("apache2" if sapi.name == "apache2" else sapi.version) if sapi else None
    if sapi is None or read is None or sapi.folder in read:
        return ""
    reads = f"reads {', '.join(read)} and not" if read else "does not read"
    return f"the running PHP {reads} {sapi.folder}, so switching it changes nothing"


@once
def enabled(found: Found) -> dict[str, Entry]:
    """Modules in the serving PHP's conf.d by the name of the ini file they lead to."""
    sapi = serving(found)
    modules: dict[str, Entry] = {}
    for name, entry in (found.names(sapi.folder, ".ini") if sapi else {}).items():
        target = entry.target.rpartition("/")[2].removesuffix(".ini")
        modules[target or without_priority(name)] = entry
    return modules


def without_priority(name: str) -> str:
    """An ini file's name in conf.d without the two digits that order it."""
    return name[3:] if name[:2].isdecimal() and name[2:3] == "-" else name
