"""Apache's modules, confs and sites as Debian and Ubuntu lay them out: links in ``*-enabled``."""

from __future__ import annotations

import re

from modbisect.components.facts import Facts, is_safe_name
from modbisect.model import Component, ComponentId, Kind

ROOT = "/etc/apache2"

_FOLDERS = {
    Kind.APACHE_MODULE: ("mods", ".load"),
    Kind.APACHE_CONF: ("conf", ".conf"),
    Kind.APACHE_SITE: ("sites", ".conf"),
}

_ESSENTIAL = {
    "dir": "without it a folder's listing is served instead of its page",
    "mime": "without it responses lose their content types",
    "unixd": "the server does not start without it",
}
_ACCESS = re.compile(
    r"auth(n|z|nz)?_.*|access_compat|allowmethods|ssl|remoteip|suexec|allowhandlers|security[23]?|evasive|qos"
)
_UNDECLARED = {"heartmonitor": ("slotmem_shm",)}
"""What a module looks up behind the configuration test; the server ends without it (hm_post_config in httpd)."""
_HANDS_OUT_SOURCE = "without it the source of the PHP pages is served"


def components(facts: Facts) -> list[Component]:
    """Every Apache module, conf and site of the host."""
    return [component for kind in _FOLDERS for component in _of_kind(facts, kind)]


def _of_kind(facts: Facts, kind: Kind) -> list[Component]:
    word, suffix = _FOLDERS[kind]
    enabled = facts.names(f"{ROOT}/{word}-enabled", suffix)
    available = facts.names(f"{ROOT}/{word}-available", suffix)
    found = []
    for name in sorted(enabled.keys() | available.keys()):
        entry = enabled.get(name)
        pinned = ""
        if not is_safe_name(name):
            pinned = "its name is unusual"
        elif entry is not None and (entry.type != "l" or entry.points_to != "f"):
            pinned = "not a link to a file: Debian's tools would not switch it"
        elif entry is not None and not _leads_home(entry.target, f"{word}-available/{name}{suffix}"):
            pinned = f"a link to somewhere else: {entry.target}"
        elif kind is Kind.APACHE_MODULE:
            pinned = _why_pinned(name, facts)
        elif kind is Kind.APACHE_CONF and re.fullmatch(r"php[0-9.]*-fpm", name) and serves_by_fpm(facts):
            pinned = _HANDS_OUT_SOURCE
        depends, conflicts, loads = _headers(facts, name) if kind is Kind.APACHE_MODULE else _NO_HEADERS
        found.append(Component(f"{kind}:{name}", kind, name, entry is not None, pinned, depends, conflicts, loads))
    return found


def _leads_home(target: str, relative: str) -> bool:
    return target in (f"../{relative}", f"{ROOT}/{relative}")


def _why_pinned(name: str, facts: Facts) -> str:
    if name.startswith("mpm_"):
        return "the server's process model"
    if re.fullmatch(r"php[0-9.]*", name):
        return _HANDS_OUT_SOURCE
    if name in ("proxy", "proxy_fcgi") and serves_by_fpm(facts):
        return _HANDS_OUT_SOURCE
    return _ESSENTIAL.get(name, "")


def is_access_control(name: str) -> bool:
    """Whether a module does nothing else than to decide who may have what."""
    return _ACCESS.fullmatch(name) is not None


_Headers = tuple[frozenset[ComponentId], frozenset[ComponentId], frozenset[str]]
_NO_HEADERS: _Headers = (frozenset(), frozenset(), frozenset())


def _headers(facts: Facts, name: str) -> _Headers:
    found: dict[str, set[str]] = {"Depends": set(), "Conflicts": set()}
    loads = set()
    for line in facts.load_headers:
        if line.path != f"{ROOT}/mods-available/{name}.load":
            continue
        if match := re.match(r"#\s*(Depends|Conflicts):\s*(.*)", line.text):
            found[match[1]] |= {f"{Kind.APACHE_MODULE}:{other}" for other in match[2].split()}
        elif match := re.match(r"LoadModule\s+\S+\s+\"?(?:\S*/)?([^\s\"/]+\.so[^\s\"/]*)", line.text):
            loads.add(facts.mapped(match[1]))
    found["Depends"] |= {
        f"{Kind.APACHE_MODULE}:{other}"
        for other in _UNDECLARED.get(name, ())
        if f"{ROOT}/mods-available/{other}.load" in facts.entries
    }
    return frozenset(found["Depends"]), frozenset(found["Conflicts"]), frozenset(loads)


def serves_by_module(facts: Facts) -> str:
    """PHP version of the mod_php that is on, as ``8.2``; empty when none is."""
    for name in facts.names(f"{ROOT}/mods-enabled", ".load"):
        if match := re.fullmatch(r"php([0-9]+\.[0-9]+)", name):
            return match[1]
    return ""


def serves_by_fpm(facts: Facts) -> str:
    """PHP version of the FPM that serves the site, as ``8.2``; empty when none does.

    With several FPMs running, the one whose socket the server's configuration names.
    """
    if serves_by_module(facts) or "proxy_fcgi" not in facts.names(f"{ROOT}/mods-enabled", ".load"):
        return ""
    running = [
        match[1]
        for unit, state in facts.units.items()
        if state == "active" and (match := re.fullmatch(r"php([0-9.]+)-fpm\.service", unit))
    ]
    named = [version for version in running if any(f"php{version}-fpm" in line.text for line in facts.handlers)]
    return (named or running or [""])[0]


def links(facts: Facts, component: Component) -> tuple[tuple[str, str], ...]:
    """The links that make up a component when it is on: path and target."""
    word, suffix = _FOLDERS[component.kind]
    suffixes = [suffix]
    if component.kind is Kind.APACHE_MODULE:
        suffixes += [".conf"] if f"{ROOT}/mods-available/{component.name}.conf" in facts.entries else []
        # A link whose file is gone still belongs to the module.
        suffixes += [
            end
            for end in (".conf",)
            if end not in suffixes and f"{ROOT}/mods-enabled/{component.name}{end}" in facts.entries
        ]
    return tuple(
        (
            f"{ROOT}/{word}-enabled/{component.name}{end}",
            f"../{word}-available/{component.name}{end}",
        )
        for end in suffixes
    )
