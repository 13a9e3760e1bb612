"""What a host has, as the survey saw it, and all that follows from it, worked out once. Pure: text in, values out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

CONTAINER = "a container"
"""Said behind the name of a program that has other files than the host, or hands its port to one that has."""
_FOR_CONTAINERS = frozenset({"docker-proxy", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "conmon"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")


def is_safe_name(name: str) -> bool:
    """Whether a component's name may come near a command."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the server's configuration folders."""

    path: str
    type: str
    """``f``, ``l`` or ``d``, as find's %y."""
    points_to: str
    """Type of what a link leads to, as find's %Y; ``N`` for nothing."""
    changed: float
    """Unix time of its last change, of the link itself for a link."""
    target: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of interest in a configuration file."""

    path: str
    text: str
    number: int = 0


@dataclass(frozen=True)
class Found:
    """A host as the survey saw it."""

    role: str
    stop: bool
    main: str
    """The program that serves the site: ``apache2``, ``httpd`` or ``nginx``."""
    parent: int
    """Its process id; 0 when it is down."""
    port: int
    """Of the host, that the page in question is asked of; 0 where nobody said."""
    listeners: Mapping[int, frozenset[str]]
    """For each port, the programs that listen on it, a container's with a word on that; empty where nobody knows."""
    units: Mapping[str, str]
    loaded: frozenset[str]
    configtest_ok: bool
    configtest: str
    entries: Mapping[str, Entry]
    disabled_by_admin: frozenset[str]
    """``apache-module:x`` and so on: switched off by a person, says Debian's register."""
    objects: Mapping[str, str]
    """For the base name of each module's file that is a link: that of the file it leads to."""
    may_be_on: frozenset[str]
    """Components that the host's guard would switch on though they are off."""
    may_restart: frozenset[str]
    """Units beside the server's that root lets a run restart."""
    used: frozenset[str]
    """Components of which the application's own files speak; they may do without."""
    reachable: bool
    """Whether the server listens where others reach it, or nobody knows."""
    package_locks: tuple[str, ...]
    newer: tuple[tuple[float, float, str], ...]
    """Configuration that may be younger than what has read it: when it was changed, when it was read, its path."""
    guard_state: str
    guard_owner: str
    sections: Mapping[str, list[str]]
    """The survey's lines by section: what is of one kind alone is read there, by that kind."""
    _kept: dict[Callable[[Found], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def lines(self, section: str) -> tuple[Line, ...]:
        """A section that lists lines of files."""
        return _lines(self.sections.get(section, ()))

    def names(self, folder: str, suffix: str) -> dict[str, Entry]:
        """Base names without suffix of a folder's files, in order."""
        here = self._by_folder.get(folder, ())
        return {name.removesuffix(suffix): entry for name, entry in here if name.endswith(suffix)}

    @cached_property
    def _by_folder(self) -> dict[str, list[tuple[str, Entry]]]:
        """Base names and entries, in the order of their paths."""
        folders: dict[str, list[tuple[str, Entry]]] = {}
        for path, entry in sorted(self.entries.items()):
            head, _, name = path.rpartition("/")
            folders.setdefault(head, []).append((name, entry))
        return folders

    def listener(self, port: int) -> str:
        """Who answers on a port, for a person; empty where nobody does, or nobody knows."""
        return " and ".join(sorted(self.listeners.get(port, ())))

    @property
    def main_unit(self) -> str:
        """The systemd unit of the program that serves the site."""
        return f"{self.main}.service"

    def mapped(self, name: str) -> str:
        """The base name that the server's maps show for a module's file."""
        return self.objects.get(name, name)


class SurveyError(ValueError):
    """The survey's text is not what the script prints."""


_T = TypeVar("_T")


def once(work: Callable[[Found], _T]) -> Callable[[Found], _T]:
    """What follows from a host's facts, worked out when it is first asked for."""

    @wraps(work)
    def kept(found: Found) -> _T:
        if work not in found._kept:  # noqa: SLF001  # the other half of this
            found._kept[work] = work(found)  # noqa: SLF001
        result: _T = found._kept[work]  # noqa: SLF001
        return result

    return kept


def parse(text: str) -> Found:
    """Read the survey's text.

    Raises:
        SurveyError: it is incomplete, or a number in it is not finite.
    """
    sections = _sections(text)
    if "end" not in sections:
        raise SurveyError("the survey ended early")
    system = _pairs(sections["system"])
    server = sections["server"]
    values = _pairs(line for line in server if not line.startswith(("unit ", "child ", "listens ")))
    now, uptime, ticks = _float(system, "now"), _float(system, "uptime"), _float(system, "ticks") or 100.0

    def clock(started: str) -> float:
        return now - uptime + float(started) / ticks if started.isdecimal() else 0.0

    children = [clock(line.split()[1]) for line in server if re.fullmatch(r"child \d+", line)]
    oldest = min(children, default=clock(values.get("start", "")))

    def read_at(row: Sequence[str]) -> float:
        said = row[2] if len(row) > 2 else ""  # noqa: PLR2004  # as printed
        return float(said[1:]) if re.fullmatch(r"@[0-9]{1,12}(\.[0-9]*)?", said) else clock(said) or oldest

    return Found(
        role=system.get("role", "").strip(),
        stop=system.get("stop") == "yes",
        main=values.get("main", "apache2"),
        parent=int(_float(values, "parent")),
        port=int(_float(values, "port")),
        units={parts[1]: parts[2] for line in server if len(parts := line.split()) == 3 and parts[0] == "unit"},  # noqa: PLR2004
        loaded=frozenset(sections["loaded"]),
        listeners=_listeners(sections["listeners"]),
        configtest_ok=sections["configtest-status"] == ["0"],
        configtest="\n".join(sections["configtest"]),
        entries=_entries(sections["files"]),
        disabled_by_admin=_disabled(sections["markers"]),
        objects=dict(line.split("\t") for line in sections["objects"] if line.count("\t") == 1),
        may_be_on=frozenset(sections["may-be-on"]),
        may_restart=frozenset(sections["may-restart"]),
        used=frozenset(sections["used"]),
        reachable="listens others" in server or "listens loopback" not in server,
        package_locks=tuple(sections["package-lock"]),
        newer=tuple(
            (float(row[0]), read_at(row), row[1])
            for row in (line.split("\t") for line in sections["newer"])
            if len(row) > 1 and re.fullmatch(r"[0-9.]+", row[0])
        ),
        guard_state=_pairs(sections["guard"]).get("state", "NONE"),
        guard_owner=_pairs(sections["guard"]).get("owner", ""),
        sections=sections,
    )


class _Sections(dict[str, list[str]]):
    def __missing__(self, key: str) -> list[str]:
        return []


def _sections(text: str) -> _Sections:
    parsed = _Sections()
    current: list[str] = []
    for line in text.split("\n"):
        if line.startswith("@@ "):
            current = parsed.setdefault(line[3:].strip(), [])
        elif line.strip():
            current.append(line)
    return parsed


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition(" ") for line in lines)}


def _float(pairs: Mapping[str, str], key: str) -> float:
    try:
        number = float(pairs.get(key, "0"))
    except ValueError:
        return 0.0
    if not math.isfinite(number):
        raise SurveyError(f"{key} is not finite")
    return number


def _entries(lines: Iterable[str]) -> dict[str, Entry]:
    entries = {}
    for line in lines:
        fields = line.split("\t")
        if len(fields) == 5 and re.fullmatch(r"[0-9.]+", fields[3]):  # noqa: PLR2004  # as find was told to print
            path, kind, points_to, changed, target = fields
            entries[path] = Entry(path, kind, points_to, float(changed), target)
    return entries


def _lines(lines: Iterable[str]) -> tuple[Line, ...]:
    entries = []
    for line in lines:
        path, number, text = (*line.split(":", 2), "", "")[:3]
        if number.isdigit():
            entries.append(Line(path, text.strip(), int(number)))
    return tuple(entries)


def _listeners(lines: Iterable[str]) -> dict[int, frozenset[str]]:
    objects: dict[int, set[str]] = {}
    for line in lines:
        port, _, name = line.partition(" ")
        name, _, elsewhere = name.partition(" ")
        if re.fullmatch(r"[0-9]{1,5}", port) and name:
            where = f" in {CONTAINER}" if elsewhere else f" for {CONTAINER}" if name in _FOR_CONTAINERS else ""
            objects.setdefault(int(port), set()).add(name + where)
    return {port: frozenset(names) for port, names in objects.items()}


_MARKER = re.compile(
    r"(?:/var/lib/apache2/(?P<apache>module|conf|site)|/var/lib/php/modules/[^/]+/[^/]+)"
    r"/disabled_by_admin/(?P<name>[^/]+)"
)


def _disabled(lines: Iterable[str]) -> frozenset[str]:
    names = set()
    for line in lines:
        match = _MARKER.fullmatch(line.partition("\t")[2])
        if match:
            kind = f"apache-{match['apache']}" if match["apache"] else "php-module"
            names.add(f"{kind}:{match['name']}")
    return frozenset(names)
