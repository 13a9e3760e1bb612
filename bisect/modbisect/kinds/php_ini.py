"""Kind ``php-ini``: single settings of PHP, switched by an ini file of ours that is read last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.kinds import apache, php
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import Kind, Step
from modbisect.kinds.rules import DropInRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

DROP_IN = "zz-modbisect.ini"
"""Sorts behind every other file of conf.d, so its settings win."""


@dataclass(frozen=True, slots=True)
class _Setting:
    healthy: str
    what: str


_KNOWN = {
    "auto_prepend_file": _Setting("", "runs a PHP file before every page"),
    "auto_append_file": _Setting("", "runs a PHP file after every page"),
    "opcache.enable": _Setting("1", "keeps compiled pages"),
    "xdebug.mode": _Setting("off", "debugger and profiler"),
    "realpath_cache_size": _Setting("4096k", "remembers where files are"),
    "zlib.output_compression": _Setting("0", "compresses in PHP"),
    "output_handler": _Setting("", "runs a function over every page"),
    "apc.enabled": _Setting("1", "shared cache of the application"),
}
_COMPILES = 0.9
_OFF_WORDS = {"", "0", "off", "no", "false", "none"}
_MODULE_OF = {"xdebug": "xdebug", "opcache": "opcache", "apc": "apcu"}
"""By the first word of a setting, the module without which it means nothing."""


class PhpIni(Kind):
    """A setting that stands otherwise than a fast server wants it, and that no module already stands for."""

    name = "php-ini"
    noun = "PHP setting"
    survey = "php"
    packages = ("php*",)
    configuration = php.CONFIGURATION
    needs_leave = False

    def components(self, found: Found) -> list[Component]:
        """Known settings that some ini file of the serving PHP sets."""
        switched = {entry.path for entry in php.enabled(found).values() if entry.type == "l"}
        settings = []
        for name, (path, value) in sorted(effective(found).items()):
            known = _KNOWN[name]
            module = _MODULE_OF.get(name.partition(".")[0])
            if _same(value, known.healthy) or (module and module not in php.enabled(found)):
                continue
            if path in switched and _is_off(known.healthy):
                continue  # switching off the module that sets it is the same thing
            overruled = re.compile(rf"php_(admin_)?(value|flag)\s+{re.escape(name)}\s")
            pinned = ""
            if any(overruled.match(line.text) for line in apache.handlers(found)):
                pinned = "set in Apache's configuration as well, where an ini file cannot change it"
            detail = f"{name} = {value or 'empty'} in {path}; {known.what}"
            settings.append(Component(self.id(name), self.name, name, not _is_off(value), pinned, detail=detail))
        return php.pinned_where_unread(found, settings)

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """One file with a line for each."""
        lines = sorted(flipped_line(component) for component in flipped)
        return [Step(f"{folder}/{DROP_IN}", "file", "\n".join(lines) + "\n") for folder in php.folders(found) if lines]

    def folders(self, found: Found) -> tuple[str, ...]:
        """The serving PHP's."""
        return php.folders(found)

    def units(self, found: Found) -> tuple[str, ...]:
        """What holds the serving PHP."""
        return php.units(found)

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """The file that sets it."""
        return (effective(found)[component.name][0],)

    def rules(self) -> tuple[Rule, ...]:
        """One file, and in it the lines that flip a setting: an ini file can name any code to run."""
        lines = tuple(f'{re.escape(name)} = "{re.escape(setting.healthy)}"' for name, setting in _KNOWN.items())
        return (DropInRule(self.name, php.FOLDER, DROP_IN, lines), *php.UNITS)

    def claim(self, component: Component, moment: Moment) -> float:
        """Pages are compiled anew where nothing keeps them."""
        compiling = bool(moment.frames) and not moment.frames[0].function
        return _COMPILES if compiling and component.name == "opcache.enable" else 0.0

    def remedy(self, found: Found, component: Component) -> str:
        """No command: the file and the line."""
        path, _ = effective(found)[component.name]
        return f"# in {path} write: {flipped_line(component)}"


@once
def effective(found: Found) -> dict[str, tuple[str, str]]:
    """For each known setting that some ini file of the serving PHP sets: the file that wins, and its value."""
    sapi = php.serving(found)
    if sapi is None:
        return {}
    main = f"/etc/php/{sapi.version}/{sapi.name}/php.ini"
    in_order = sorted(
        (line for line in found.lines("php-settings") if line.path == main or line.path.startswith(sapi.folder + "/")),
        key=lambda line: (line.path != main, line.path),
    )
    settings = {}
    for line in in_order:
        name, _, value = line.text.partition("=")
        if name.strip() in _KNOWN:
            settings[name.strip()] = (line.path, _unquote(value))
    return settings


def flipped_line(component: Component) -> str:
    """The ini line that flips a setting."""
    return f'{component.name} = "{_KNOWN[component.name].healthy}"'


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


def _unquote(value: str) -> str:
    value = value.strip()
    if value[:1] == '"':
        return value[1:].partition('"')[0]
    return value.partition(";")[0].strip()
