"""Kind ``php-ini``: single settings of PHP, switched by an ini file of ours that is read last.

Where the server's configuration or a pool sets one as well, which no ini file can change, that line is cut.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modbisect.kinds import access, apache, php
from modbisect.kinds.found import Found, Line, once
from modbisect.kinds.kind import Kind, Step
from modbisect.kinds.rules import DropInRule, EditRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

DROP_IN = "zzzz-modbisect.ini"
"""Sorts behind the files of conf.d, so its settings win; what a file behind it sets is pinned."""


@dataclass(frozen=True, slots=True)
class _Setting:
    healthy: str
    what: str
    guards: bool
    """Whether it guards access."""


def _known() -> dict[str, _Setting]:
    rows = (Path(__file__).parent / "php_settings.txt").read_text().splitlines()
    fields = (row.split(" | ") for row in rows if not row.startswith("#"))
    return {name.lstrip("*"): _Setting(healthy.strip(), what, name[0] == "*") for name, healthy, what in fields}


_KNOWN = _known()
_COMPILES = _COMPRESSES = 0.9
_COMPRESS = frozenset(("zlib.output_compression", "zlib.output_compression_level", "zlib.output_handler"))
_KEEPS_PAGES = frozenset(
    f"opcache.{name}"
    for name in (
        *("enable", "max_accelerated_files", "memory_consumption", "interned_strings_buffer", "max_file_size"),
        *("blacklist_filename", "file_cache_only", "max_wasted_percentage"),
    )
)
"""Without which pages are compiled anew."""
_OFF_WORDS = {"", "0", "off", "no", "false", "none"}
_MODULES = "mbstring memcached mysqli mysqlnd opcache pgsql redis soap tidy uploadprogress xdebug"
_MODULE_OF = {"apc": "apcu", **{name: name for name in _MODULES.split()}}
"""By the first word of a setting, the module without which it means nothing."""
_ACCELERATORS = {"opcache", "apcu"}
"""Modules without which a site is slower anyway."""
_BESIDE = {"session.save_handler": ("session.save_path",)}
"""What means something else under another value of a setting, and goes back with it."""
_NAMES = "|".join(re.escape(name) for name in _KNOWN)
_USER_INI = "/.user.ini"
_CUT = (
    EditRule(
        "cut",
        "php-ini",
        r"(/etc/apache2/(apache2|(conf|mods|sites)-available/[A-Za-z0-9_.+-]+)"
        rf"|{apache.HTTPD}/conf(/extra|\.d)?/[A-Za-z0-9_.+-]+)\.conf",
        rf'[ \t]*php_(admin_)?(value|flag)[ \t]+"?({_NAMES})"?[ \t].*',
    ),
    EditRule(
        "cut",
        "php-ini",
        rf"({php.POOLS})/[A-Za-z0-9_.+-]+\.conf",
        rf"[ \t]*php_(admin_)?(value|flag)\[({_NAMES})\][ \t]*=.*",
    ),
    EditRule("cut", "php-ini", rf"(/[A-Za-z0-9_.+-]+)+{re.escape(_USER_INI)}", rf"[ \t]*({_NAMES})[ \t]*=.*"),
)
_SET = "set"
"""Of a value that is more than plain letters the survey says no more."""
_LOADS_TOO, _SPLIT = "access control:", "its settings are suspects themselves, for it guards access by"
_SIZE = re.compile(r"(\d+)([kmg])", re.IGNORECASE)


class PhpIni(Kind):
    """A setting that stands otherwise than a fast server wants it, and that no module already stands for."""

    name = "php-ini"
    noun = "PHP setting"
    survey = "php"
    packages = ("php*",)
    configuration = php.CONFIGURATION
    needs_leave = False

    def components(self, found: Found) -> list[Component]:
        """Known settings that the serving PHP has otherwise."""
        # Switching off the module that sets it is the same thing.
        switched = {path for path in _links(found) if not guarding(found).get(path, "").startswith(_SPLIT)}
        return [
            setting
            for setting in self._otherwise(found)
            if effective(found)[setting.name].path not in switched or _module(setting.name) in _ACCELERATORS
        ]

    def inside(self, found: Found, path: str) -> list[Component]:
        """Those of an ini file that a module of PHP stands for; named after file and setting."""
        if path not in links_that_set(found):
            return []
        own = (setting for setting in self._otherwise(found) if effective(found)[setting.name].path == path)
        return [
            replace(setting, id=self.id(name), name=name) for setting in own for name in (f"{path}:{setting.name}",)
        ]

    def _otherwise(self, found: Found) -> list[Component]:
        settings = []
        wrong = _wrong(found)
        taken_along = {name for owner, names in _BESIDE.items() if owner in wrong for name in names}
        for name in sorted(wrong - taken_along):
            known, line, module = _KNOWN[name], effective(found)[name], _module(name)
            if module and module not in php.enabled(found):
                continue
            pinned = access.SWITCHED if known.guards else ""
            if elsewhere := [path for path, _ in overrides(found).get(name, ()) if not _may_be_cut(path)]:
                pinned = f"set in {elsewhere[0]} as well, where an ini file cannot change it"
            if php.is_behind(line.path, php.folders(found), DROP_IN):
                pinned = f"{php.BEHIND} {line.path}"
            value = "is set" if line.text == _SET else f"= {line.text or 'empty'}"
            detail = f"{name} {value} in {line.path}:{line.number}; {known.what}"
            # A handler is what a module of its name brings: without that one the setting is an error.
            needs = frozenset({f"php-module:{line.text}"} if line.text in php.enabled(found) else ())
            on = not _is_off(line.text)
            settings.append(Component(self.id(name), self.name, name, on, pinned, needs, detail=detail))
        return php.pinned_where_unread(found, settings)

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """One file with a line for each, and the lines cut that it cannot reach."""
        lines = sorted({line for component in flipped for line in flipped_lines(_setting(component))})
        steps = [Step(f"{folder}/{DROP_IN}", "file", "\n".join(lines) + "\n") for folder in php.folders(found) if lines]
        cut: dict[str, list[int]] = defaultdict(list)
        for name in {name for component in flipped for name in _going_back(_setting(component))}:
            for path, number in overrides(found).get(name, ()):
                cut[path].append(number)
        return steps + [Step(path, "cut", ",".join(map(str, sorted(numbers)))) for path, numbers in cut.items()]

    def folders(self, found: Found) -> tuple[str, ...]:
        """The serving PHP's."""
        return php.folders(found)

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:
        """What sets one beside the ini files."""
        names = (name for component in components for name in _going_back(_setting(component)))
        return tuple(path for name in names for path, _ in overrides(found).get(name, ()) if _may_be_cut(path))

    def units(self, found: Found) -> tuple[str, ...]:
        """What holds the serving PHP."""
        return php.units(found)

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """The file that sets it."""
        return (effective(found)[_setting(component)].path,)

    def rules(self) -> tuple[Rule, ...]:
        """One file, and in it the lines that flip a setting: an ini file can name any code to run."""
        lines = tuple(f'{re.escape(name)} = "{re.escape(setting.healthy)}"' for name, setting in _KNOWN.items())
        folder = f"{php.FOLDER}|{php.PLAIN}"
        return (DropInRule(self.name, folder, DROP_IN, lines), *_CUT, *php.UNITS)

    def claim(self, component: Component, moment: Moment) -> float:
        """Pages are compiled anew where nothing keeps them; what they write is compressed where a setting says so."""
        compiling = bool(moment.frames) and not moment.frames[0].function
        if compiling and _setting(component) in _KEEPS_PAGES:
            return _COMPILES
        # A page that writes and is in there has not asked for it: a function that did would be the innermost.
        writing = bool(moment.frames and moment.frames[0].file and moment.objects)
        compressing = writing and moment.objects[0].rpartition("/")[2].startswith("libz.so")
        return _COMPRESSES if compressing and _setting(component) in _COMPRESS else 0.0

    def remedy(self, found: Found, component: Component) -> str:
        """No command: the files and the lines."""
        name = _setting(component)
        cut = [f"in {path} remove line {number}" for path, number in overrides(found).get(name, ())]
        path = effective(found)[name].path
        write = [] if cut else [f"in {path} write: {' and '.join(flipped_lines(name))}"]
        return f"# {'; '.join(cut + write)}"


def _setting(component: Component) -> str:
    """Its name, also where that of its file stands before it."""
    return component.name.rpartition(":")[2]


def _module(name: str) -> str:
    """That without which a setting means nothing; empty where there is none."""
    return _MODULE_OF.get(name.partition(".")[0], "")


@once
def effective(found: Found) -> dict[str, Line]:
    """For each known setting that is set for the serving PHP: where, and its value."""
    sapi = php.serving(found)
    if sapi is None:
        return {}
    main, folder = sapi.main, f"{sapi.folder}/"
    in_order = sorted(
        (line for line in found.lines("php-settings") if line.path == main or line.path.startswith(folder)),
        key=lambda line: (line.path != main, line.path),
    )
    settings = {}
    for line in (*in_order, *_overriding(found)):
        name, _, value = line.text.partition("=")
        if name.strip() in _KNOWN:
            settings[name.strip()] = Line(line.path, _unquote(value), line.number)
    return settings


def _wrong(found: Found) -> set[str]:
    return {name for name, line in effective(found).items() if not _same(line.text, _KNOWN[name].healthy)}


@once
def links_that_set(found: Found) -> frozenset[str]:
    """Those of the serving PHP's ini files, switched by a link, that load nothing and set several things otherwise."""
    several = {path for path, lines in _otherwise_by_file(found).items() if len(lines) > 1}
    return frozenset(path for path in several - guarding(found).keys() if not _loads(found, path))


def only_setting(found: Found, path: str) -> str:
    """What one of these files sets otherwise, where it is a single thing: no second search could tell more."""
    lines = [] if _loads(found, path) else _otherwise_by_file(found).get(path, [])
    return f"sets {lines[0]} in {path}:{effective(found)[lines[0]].number}" if len(lines) == 1 else ""


@once
def _otherwise_by_file(found: Found) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {path: [] for path in _links(found)}
    for name in sorted(_wrong(found)):
        files.get(effective(found)[name].path, []).append(name)
    return files


def _loads(found: Found, path: str) -> bool:
    return _links(found).get(path, path) in php.extensions(found)


def _links(found: Found) -> dict[str, str]:
    """By the path in the serving PHP's folder, where it leads to."""
    return {entry.path: entry.target for entry in php.enabled(found).values() if entry.type == "l"}


@once
def guarding(found: Found) -> dict[str, str]:
    """By ini file, why it is not to be switched as a whole: that would open the site."""
    said = ((line, line.text.partition("=")) for line in found.lines("php-settings"))
    return {
        line.path: f"{_LOADS_TOO if _loads(found, line.path) else _SPLIT} {name.strip()} in {line.path}:{line.number}"
        for line, (name, _, value) in said
        if (known := _KNOWN.get(name.strip())) and known.guards and not _same(_unquote(value), known.healthy)
    }


@once
def overrides(found: Found) -> dict[str, tuple[tuple[str, int], ...]]:
    """For each known setting the files and lines that set it past all ini files."""
    lines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in _overriding(found):
        lines[line.text.partition("=")[0].strip()].append((line.path, line.number))
    return {name: tuple(dict.fromkeys(places)) for name, places in lines.items() if name in _KNOWN}


def _overriding(found: Found) -> tuple[Line, ...]:
    """What is said to the serving PHP past its ini files: by Apache to its module; to an FPM by a pool, by folders."""
    sapi = php.serving(found)
    if sapi and sapi.name == "fpm":
        pools = f"{sapi.pools}/"
        return tuple(line for line in found.lines("php-overrides") if line.path.startswith(pools) or _of_a_folder(line))
    return tuple(line for line in found.lines("php-overrides") if not (_of_fpm(line) or _of_a_folder(line)))


def _of_fpm(line: Line) -> bool:
    return re.match(f"({php.POOLS})/", line.path) is not None


def _of_a_folder(line: Line) -> bool:
    return line.path.endswith(_USER_INI)


def _may_be_cut(path: str) -> bool:
    return any(re.fullmatch(rule.path, path) for rule in _CUT)


def flipped_lines(name: str) -> list[str]:
    """The ini lines that flip a setting."""
    return [f'{each} = "{_KNOWN[each].healthy}"' for each in _going_back(name)]


def _going_back(name: str) -> tuple[str, ...]:
    return (name, *_BESIDE.get(name, ()))


def _is_off(value: str) -> bool:
    return value.lower() in _OFF_WORDS


def _same(value: str, healthy: str) -> bool:
    if healthy == "4096k":  # any cache but none
        return not _is_off(value)
    return _plain(value) == _plain(healthy)


def _plain(value: str) -> str:
    """Words of yes and no as numbers, and sizes in bytes."""
    if _is_off(value):
        return ""
    if value.lower() in ("on", "yes", "true"):
        return "1"
    if match := _SIZE.fullmatch(value):
        return str(int(match[1]) << 10 * (" kmg".index(match[2].lower())))
    return value


def _unquote(value: str) -> str:
    value = value.strip()
    if value[:1] == '"':
        return value[1:].partition('"')[0]
    return value.partition(";")[0].strip()
