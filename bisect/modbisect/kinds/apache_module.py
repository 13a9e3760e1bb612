"""Kind ``apache-module``: what a2enmod and a2dismod switch, and what a line ``LoadModule`` loads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from modbisect.kinds.apache import (
    HANDS_OUT_SOURCE,
    HTTPD,
    ROOT,
    UNIT,
    Apaches,
    Farm,
    in_farms,
    module_of,
    serves_by_fpm,
)
from modbisect.kinds.apache_directive import files_with
from modbisect.kinds.found import Found, Line, once
from modbisect.kinds.kind import Kind, OwnLines
from modbisect.kinds.placed import Placed
from modbisect.kinds.rules import EditRule, Rule
from modbisect.model import Component

_ESSENTIAL = {
    "dir": "without it a folder's listing is served instead of its page",
    "mime": "without it responses lose their content types",
    "unixd": "the server does not start without it",
    "systemd": "systemd does not see the server start without it",
}
_ACCESS = re.compile(
    r"auth(n|z|nz)?_.*|access_compat|allowmethods|ssl|remoteip|suexec|allowhandlers|security[23]?|evasive|qos"
)
_UNDECLARED = {"heartmonitor": ("slotmem_shm",)}
"""What a module looks up behind the configuration test; the server ends without it (hm_post_config in httpd)."""
_NEEDS = {
    "proxy_balancer": ("proxy", "slotmem_shm"),
    "proxy_hcheck": ("proxy", "watchdog"),
    "proxy_http2": ("proxy", "http2"),
    "heartmonitor": ("slotmem_shm", "watchdog"),
    "lbmethod_heartbeat": ("proxy_balancer", "heartmonitor"),
    "authnz_ldap": ("ldap",),
}
_NEED = {"proxy_": "proxy", "lbmethod_": "proxy_balancer", "cache_": "cache", "session_": "session", "dav_": "dav"}
"""By the beginning of a name: what such a module looks up in the other one. Debian's files say so themselves."""
_LOAD_MODULE = re.compile(r"LoadModule\s+\S+\s+\"?(?:\S*/)?([^\s\"/]+\.so[^\s\"/]*)")


class _Module(Apaches):
    """A module, however it is switched."""

    name = "apache-module"
    noun = "Apache module"
    vital = frozenset({"alias", "headers", "proxy", "proxy_http", "rewrite"})
    saves = frozenset({"cache", "cache_disk", "cache_socache", "file_cache"})
    only_costs = frozenset(
        {"security2", "evasive", "qos", "dump_io", "log_forensic", "log_debug", "ratelimit", "perl"},
    )

    def told_in(self, found: Found, component: Component) -> tuple[str, ...]:
        """By its directives."""
        return files_with(found, component.name.rstrip("0123456789"))

    def opens(self, name: str) -> str:  # noqa: ARG002
        """None: it is to blame as a whole."""
        return ""

    def pin(self, found: Found, name: str) -> str:
        """The process model, what hands PHP its pages, and what no server does without."""
        if name.startswith("mpm_"):
            return "the server's process model"
        if re.fullmatch(r"php[0-9.]*", name) or (name in ("proxy", "proxy_fcgi") and serves_by_fpm(found)):
            return HANDS_OUT_SOURCE
        return _ESSENTIAL.get(name, "")

    def condition(self, component: Component) -> str:
        """As ``<IfModule>`` names it."""
        return component.name

    def is_access_control(self, component: Component) -> bool:
        """Authentication, authorization, encryption, filters of requests."""
        return _ACCESS.fullmatch(component.name) is not None

    def own_objects(self, found: Found, component: Component) -> frozenset[str]:
        """``mod_NAME.so``, unless the server has it built in."""
        builtin = component.name in found.sections.get("builtin", ())
        return frozenset() if builtin else component.loads & {found.mapped(f"mod_{component.name}.so")}


class _Links(_Module, Farm):
    """Its ``.load`` and, where there is one, its ``.conf``."""

    word = "mods"
    suffix = ".load"
    tool = "mod"

    def components(self, found: Found) -> list[Component]:
        """Every one, with what its ``.load`` says of others."""
        return [
            replace(
                component,
                depends=self._named(found, component, "Depends") | self._undeclared(found, component),
                conflicts=self._named(found, component, "Conflicts"),
                loads=frozenset(
                    found.mapped(match[1])
                    for line in _headers(found).get(component.name, ())
                    if (match := _LOAD_MODULE.match(line.text))
                ),
            )
            for component in super().components(found)
        ]

    def _named(self, found: Found, component: Component, header: str) -> frozenset[str]:
        texts = (line.text for line in _headers(found).get(component.name, ()))
        said = (re.match(rf"#\s*{header}:\s*(.*)", text) for text in texts)
        return frozenset(self.id(name) for match in said if match for name in match[1].split())

    def _undeclared(self, found: Found, component: Component) -> frozenset[str]:
        names = _UNDECLARED.get(component.name, ())
        return frozenset(self.id(name) for name in names if f"{ROOT}/mods-available/{name}.load" in found.entries)

    def suffixes(self, found: Found, name: str) -> tuple[str, ...]:
        """A ``.conf`` belongs to the module also where only its link is left."""
        has_conf = any(f"{ROOT}/mods-{folder}/{name}.conf" in found.entries for folder in ("available", "enabled"))
        return (".load", ".conf") if has_conf else (".load",)

    def rules(self) -> tuple[Rule, ...]:
        """Never a ``.load`` without its ``.conf``."""
        load = self.rule(".load", with_suffix=".conf", off="a2dismod -q -f {stem}", on="a2enmod -q {stem}")
        return (load, self.rule(".conf"), UNIT)


class _Lines(_Module, OwnLines):
    """The lines that load it."""

    def components(self, found: Found) -> list[Component]:
        """Every one that is loaded."""
        lines = _loading(found)
        return [
            Component(
                self.id(name),
                self.name,
                name,
                on=True,
                pinned=self.pin(found, name),
                depends=frozenset(self.id(other) for other in _needed_by(name) if other in lines),
                loads=frozenset(found.mapped(match[1]) for line in those if (match := _LOAD_MODULE.match(line.text))),
                detail=f"{those[-1].path}:{those[-1].number}",
            )
            for name, those in sorted(lines.items())
        ]

    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """Those of the files that the server reads."""
        return _loading(found)

    def at(self, found: Found, component: Component) -> tuple[tuple[str, int], ...]:
        """Its lines: what else stands in such a file is not the module's."""
        return tuple((line.path, line.number) for line in _loading(found)[component.name])

    def rules(self) -> tuple[Rule, ...]:
        """Lines that load a module, and nothing else."""
        path = rf"{HTTPD}/conf(\.d|\.modules\.d)?/[A-Za-z0-9_.+-]+\.conf"
        return (EditRule("cut", self.name, path, r"[ \t]*LoadModule[ \t].*"), UNIT)

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: the file and the line."""
        return "# " + "; ".join(f"in {line.path} remove line {line.number}" for line in _loading(found)[component.name])


class ApacheModule(Placed, _Module):
    """A module."""

    ways = (_Links(), _Lines())

    def way(self, found: Found) -> Kind:
        """By links in Debian's farms, else by lines."""
        return self.ways[0] if in_farms(found) else self.ways[1]


@once
def _headers(found: Found) -> dict[str, list[Line]]:
    """By module, the lines of its ``.load`` that say something."""
    headers: dict[str, list[Line]] = {}
    for line in found.lines("load-headers"):
        folder, _, file = line.path.rpartition("/")
        if folder == f"{ROOT}/mods-available":
            headers.setdefault(file.removesuffix(".load"), []).append(line)
    return headers


@once
def _loading(found: Found) -> dict[str, list[Line]]:
    """By module, the lines that load it."""
    lines: dict[str, list[Line]] = {}
    for line in found.lines("httpd-modules"):
        lines.setdefault(module_of(line), []).append(line)
    return lines


def _needed_by(name: str) -> tuple[str, ...]:
    begins = (other for start, other in _NEED.items() if name.startswith(start))
    return _NEEDS.get(name) or tuple(begins)
