"""PHP's modules and settings, for the version and the SAPI that serve the site (Debian and Ubuntu)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from modbisect.components import apache
from modbisect.components.facts import Entry, Facts, is_safe_name
from modbisect.model import Component, Kind

DROP_IN = "zz-modbisect.ini"
"""Sorts behind every other file of conf.d, so its settings win."""


@dataclass(frozen=True, slots=True)
class Sapi:
    """The PHP that serves the site."""

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
        """The systemd unit to restart beside Apache; empty for mod_php."""
        return f"php{self.version}-fpm.service" if self.name == "fpm" else ""


def serving(facts: Facts) -> Sapi | None:
    """The PHP that serves the site, if any does."""
    if version := apache.serves_by_module(facts):
        return Sapi(version, "apache2")
    if version := apache.serves_by_fpm(facts):
        return Sapi(version, "fpm")
    return None


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


def components(facts: Facts) -> list[Component]:
    """PHP modules and settings of the SAPI that serves the site."""
    sapi = serving(facts)
    if sapi is None:
        return []
    modules = _modules(facts, sapi)
    unread = _unread(facts, sapi)
    return [replace(one, pinned=one.pinned or unread) for one in modules + _settings(facts, sapi, modules)]


def _unread(facts: Facts, sapi: Sapi) -> str:
    """Why nothing that is switched would reach the running PHP; empty where it would, or nobody knows."""
    folders = facts.php_scanned.get("apache2" if sapi.name == "apache2" else sapi.version)
    if folders is None or sapi.folder in folders:
        return ""
    reads = f"reads {', '.join(folders)} and not" if folders else "does not read"
    return f"the running PHP {reads} {sapi.folder}, so switching it changes nothing"


def _modules(facts: Facts, sapi: Sapi) -> list[Component]:
    enabled = _enabled(facts, sapi)
    available = facts.names(sapi.available, ".ini")
    headers: dict[str, set[str]] = {}
    for line in facts.php_headers:
        if match := re.match(r"(?:zend_)?extension\s*=\s*\"?(?:\S*/)?([^\s\"/;]+)", line.text):
            headers.setdefault(line.path, set()).add(facts.mapped(match[1].removesuffix(".so") + ".so"))
    found = []
    for name in sorted(enabled.keys() | available.keys()):
        entry = enabled.get(name)
        pinned = ""
        if not is_safe_name(name):
            pinned = "its name is unusual"
        elif entry is not None and entry.type != "l":
            pinned = f"a file, not a link: {entry.path}, which Debian's tools would not switch"
        elif entry is not None and entry.points_to != "f":
            pinned = "a link to nothing"
        depends = frozenset(f"{Kind.PHP_MODULE}:{other}" for other in _DEPENDS.get(name, ()) if other in available)
        loads = frozenset(headers.get(f"{sapi.available}/{name}.ini", ()))
        found.append(
            Component(
                f"{Kind.PHP_MODULE}:{name}",
                Kind.PHP_MODULE,
                name,
                entry is not None,
                pinned,
                depends,
                loads=loads,
                detail=f"PHP {sapi.version}, {sapi.name}",
            )
        )
    return found


def _enabled(facts: Facts, sapi: Sapi) -> dict[str, Entry]:
    """Modules in conf.d by the name of the ini file they lead to."""
    found = {}
    for name, entry in facts.names(sapi.folder, ".ini").items():
        target = entry.target.rpartition("/")[2].removesuffix(".ini")
        found[target or re.sub(r"^\d\d-", "", name)] = entry
    return found


@dataclass(frozen=True, slots=True)
class _Setting:
    healthy: str
    what: str


_KNOWN_SETTINGS = {
    "auto_prepend_file": _Setting("", "runs a PHP file before every page"),
    "auto_append_file": _Setting("", "runs a PHP file after every page"),
    "opcache.enable": _Setting("1", "keeps compiled pages"),
    "xdebug.mode": _Setting("off", "debugger and profiler"),
    "realpath_cache_size": _Setting("4096k", "remembers where files are"),
    "zlib.output_compression": _Setting("0", "compresses in PHP"),
    "output_handler": _Setting("", "runs a function over every page"),
    "apc.enabled": _Setting("1", "shared cache of the application"),
}
_OFF_WORDS = {"", "0", "off", "no", "false", "none"}


def _settings(facts: Facts, sapi: Sapi, modules: list[Component]) -> list[Component]:
    """Settings that stand otherwise than a fast server wants them, and that no module already stands for."""
    switched = {entry.path for entry in _enabled(facts, sapi).values() if entry.type == "l"}
    on = {module.name for module in modules if module.on}
    found = []
    for name, (path, value) in sorted(effective_settings(facts, sapi).items()):
        known = _KNOWN_SETTINGS[name]
        owner = name.partition(".")[0] if "." in name else ""
        if _same(value, known.healthy) or (owner in ("xdebug", "opcache", "apc") and not _has(owner, on)):
            continue
        if path in switched and _is_off(known.healthy):
            continue  # switching off the module that sets it is the same thing
        pinned = ""
        if any(re.match(rf"php_(admin_)?(value|flag)\s+{re.escape(name)}\s", h.text) for h in facts.handlers):
            pinned = "set in Apache's configuration as well, where an ini file cannot change it"
        found.append(
            Component(
                f"{Kind.PHP_INI}:{name}",
                Kind.PHP_INI,
                name,
                not _is_off(value),
                pinned,
                detail=f"{name} = {value or 'empty'} in {path}; {known.what}",
            )
        )
    return found


def _has(owner: str, on: set[str]) -> bool:
    return ("apcu" if owner == "apc" else owner) in on


def _is_off(value: str) -> bool:
    return value.lower() in _OFF_WORDS


def _same(value: str, healthy: str) -> bool:
    if healthy == "4096k":  # any cache but none
        return not _is_off(value)
    return (
        value.lower() == healthy
        or (_is_off(value) and _is_off(healthy))
        or (healthy == "1" and value.lower() in ("on", "yes", "true"))
    )


def effective_settings(facts: Facts, sapi: Sapi) -> dict[str, tuple[str, str]]:
    """For each known setting that some ini file sets: the file that wins, and its value."""
    main = f"/etc/php/{sapi.version}/{sapi.name}/php.ini"
    found = {}
    in_order = sorted(
        (line for line in facts.php_settings if line.path == main or line.path.startswith(sapi.folder + "/")),
        key=lambda line: (line.path != main, line.path),
    )
    for line in in_order:
        name, _, value = line.text.partition("=")
        if name.strip() in _KNOWN_SETTINGS:
            found[name.strip()] = (line.path, _unquote(value))
    return found


def _unquote(value: str) -> str:
    value = value.strip()
    if value[:1] == '"':
        return value[1:].partition('"')[0]
    return value.partition(";")[0].strip()


def links(facts: Facts, component: Component) -> tuple[tuple[str, str], ...]:
    """The link that makes up a PHP module when it is on: path and target."""
    sapi = serving(facts)
    if sapi is None:
        return ()
    entry = _enabled(facts, sapi).get(component.name)
    target = f"{sapi.available}/{component.name}.ini"
    if entry is not None:
        return ((entry.path, entry.target),)
    return ((f"{sapi.folder}/{_priority(facts, target)}-{component.name}.ini", target),)


def _priority(facts: Facts, path: str) -> str:
    for line in facts.php_headers:
        if line.path == path and (match := re.match(r";\s*priority\s*=\s*(\d{1,2})\b", line.text)):
            return match[1].zfill(2)
    return "20"


def flipped_setting(component: Component) -> str:
    """The ini line that flips a setting."""
    return f'{component.name} = "{_KNOWN_SETTINGS[component.name].healthy}"'
