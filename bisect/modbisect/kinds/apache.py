"""Apache: as Debian and Ubuntu lay it out, three link farms below one folder; and as httpd, files in two folders."""

from __future__ import annotations

import re
import shlex
from typing import ClassVar

from modbisect.kinds.found import Found, Line, is_safe_name, once
from modbisect.kinds.kind import Kind, Linked
from modbisect.kinds.php_places import by_place
from modbisect.kinds.rules import LinkRule, Rule, UnitRule
from modbisect.model import Component

ROOT = "/etc/apache2"
MAIN = f"{ROOT}/apache2.conf"
HTTPDS = ("/etc/httpd", "/usr/local/apache2")
"""Roots of httpd: RHEL's and its kin's; that of Apache's own build and of Docker's image."""
HTTPD = f"({'|'.join(HTTPDS)})"
"""Pattern of these."""
MAINS = (MAIN, *(f"{root}/conf/httpd.conf" for root in HTTPDS))
UNIT = UnitRule(r"(apache2|httpd)\.service")
HANDS_OUT_SOURCE = "without it the source of the PHP pages is served"


class Apaches(Kind):
    """What Apache's modules, confs and sites have in common."""

    survey = "apache"
    packages = ("apache2*", "libapache2*")
    configuration = (
        *(f"{ROOT}/*.conf", f"{ROOT}/*-enabled/*"),
        *(f"{root}/{files}" for root in HTTPDS for files in ("conf/*.conf", "conf/extra/*.conf", "conf.d/*.conf")),
    )
    tested = True

    def units(self, found: Found) -> tuple[str, ...]:
        """Apache's."""
        return units(found)

    def pin(self, found: Found, name: str) -> str:  # noqa: ARG002
        """Why a component of that name stays on every host, or on this one; empty where it may go."""
        return ""


class Farm(Apaches, Linked):
    """What they have in common where they are switched by links: ``WORD-available`` and ``WORD-enabled``."""

    word: ClassVar[str]
    suffix: ClassVar[str] = ".conf"
    tool: ClassVar[str]
    """Debian's command is ``a2en`` or ``a2dis``, and this."""

    def components(self, found: Found) -> list[Component]:
        """Every one that is on or could be."""
        if not in_farms(found):
            return []
        enabled = found.names(f"{ROOT}/{self.word}-enabled", self.suffix)
        available = found.names(f"{ROOT}/{self.word}-available", self.suffix)
        return [self._component(found, name, on=name in enabled) for name in sorted(enabled.keys() | available.keys())]

    def _component(self, found: Found, name: str, *, on: bool) -> Component:
        entry = found.entries.get(f"{ROOT}/{self.word}-enabled/{name}{self.suffix}")
        home = f"{self.word}-available/{name}{self.suffix}"
        pinned = ""
        if not is_safe_name(name):
            pinned = "its name is unusual"
        elif entry is not None and (entry.type != "l" or entry.points_to != "f"):
            pinned = "not a link to a file: Debian's tools would not switch it"
        elif entry is not None and entry.target not in (f"../{home}", f"{ROOT}/{home}"):
            pinned = f"a link to somewhere else: {entry.target}"
        return Component(self.id(name), self.name, name, on, pinned or self.pin(found, name))

    def links(self, found: Found, component: Component) -> tuple[tuple[str, str], ...]:
        """One link a file."""
        return tuple(
            (f"{ROOT}/{self.word}-enabled/{component.name}{end}", f"../{self.word}-available/{component.name}{end}")
            for end in self.suffixes(found, component.name)
        )

    def suffixes(self, found: Found, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """The files that make it up."""
        return (self.suffix,)

    def home(self, target: str) -> str:
        """Their targets are relative to the farm."""
        return f"{ROOT}/{target.removeprefix('../')}"

    def folders(self, found: Found) -> tuple[str, ...]:
        """Where its links are."""
        return (f"{ROOT}/{self.word}-enabled",) if in_farms(found) else ()

    def rules(self) -> tuple[Rule, ...]:
        """A link leads to the file of its name in the farm."""
        return (self.rule(self.suffix, off=f"a2dis{self.tool} -q {{stem}}", on=f"a2en{self.tool} -q {{stem}}"), UNIT)

    def rule(self, suffix: str, *, with_suffix: str = "", off: str = "", on: str = "") -> LinkRule:
        """For one of the files that make a component up."""
        folder, home = f"{ROOT}/{self.word}-enabled", f"../{self.word}-available/{{name}}"
        return LinkRule(self.name, folder, suffix, home, with_suffix=with_suffix, off=off, on=on)

    def remedy(self, found: Found, component: Component) -> str:  # noqa: ARG002
        """By Debian's tool."""
        return shlex.join([f"a2{'dis' if component.on else 'en'}{self.tool}", component.name])

    def opens(self, name: str) -> str:
        """Its file of directives."""
        return f"{ROOT}/{self.word}-available/{name}.conf"

    def owner(self, path: str) -> str:
        """By the name of the link."""
        match = re.fullmatch(rf"{ROOT}/{self.word}-enabled/([^/]*)\.[^./]*", path)
        return match[1] if match else ""


def serves(found: Found) -> bool:
    """Whether it is Apache that serves the site."""
    return found.main in ("apache2", "httpd")


def in_farms(found: Found) -> bool:
    """Whether it is Apache, and its modules, confs and sites are switched by links."""
    return found.main == "apache2"


def units(found: Found) -> tuple[str, ...]:
    """What to restart for it: nothing where another server serves the site."""
    return (found.main_unit,) if serves(found) else ()


@once
def serves_by_module(found: Found) -> str:
    """The mod_php that is on, as ``php8.2`` or ``php``; empty when none is."""
    return "" if serving_page(found) else _own_php(found)


def _own_php(found: Found) -> str:
    on = sorted(name for name in modules(found) if re.fullmatch(r"php[0-9.]*", name)) if serves(found) else []
    return (on or [""])[0]


@once
def serves_by_fpm(found: Found) -> str:
    """The FPM that serves the site, as ``php8.2-fpm`` or ``php-fpm``; empty when none does.

    With several FPMs running, the one whose socket the server's configuration names.
    """
    if by_place := serving_page(found):
        return by_place
    if serves_by_module(found) or (serves(found) and "proxy_fcgi" not in modules(found)):
        return ""
    running = [
        match[1]
        for unit, state in found.units.items()
        if state == "active" and (match := re.fullmatch(r"(php[0-9.]*-fpm)\.service", unit))
    ]
    named = [name for name in running if any(name in line.text for line in handlers(found))]
    return (named or running or [""])[0]


@once
def serving_page(found: Found) -> str:
    """The running FPM that the page which is asked for is handed to, by Apache's configuration; empty where none is.

    So on a host with a PHP of Apache's own as well, or with several FPMs.
    """
    if not serves(found) or "proxy_fcgi" not in modules(found):
        return ""
    named = [
        fpm for fpm in by_place(found, own_php=bool(_own_php(found))) if found.units.get(f"{fpm}.service") == "active"
    ]
    return (named or [""])[0]


@once
def modules(found: Found) -> frozenset[str]:
    """Names of the modules that are on."""
    if in_farms(found):
        return frozenset(found.names(f"{ROOT}/mods-enabled", ".load"))
    return frozenset(module_of(line) for line in found.lines("httpd-modules"))


def module_of(line: Line) -> str:
    """The name of the module that a ``LoadModule`` loads, without the end that all have."""
    return line.text.split()[1].removesuffix("_module")


@once
def handlers(found: Found) -> tuple[Line, ...]:
    """Of each line that names a FastCGI process manager, the directive and that name."""
    return found.lines("handlers")
