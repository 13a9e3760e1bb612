"""Kind ``app-setting``: a statement of an application's own configuration, as ``$conf['cachetime'] = -1;``.

Without it the application's default counts. The statements are listed for a file that a run is told to look into; until
then the file stands for them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modbisect.kinds import php
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import ALLOW, FOR_ITS_LINES, NOT_HELD, Kind, Step
from modbisect.kinds.rules import EditRule, Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component

_SHAPES = tuple(
    tuple(line.split("\t"))
    for line in Path(__file__).with_suffix(".sh").read_text().split("END_OF_shapes")[1].splitlines()
    if "\t" in line
)
"""Name, pattern of paths, pattern of lines: in the shell file, which tells of no other."""
((_, _, GUARDS),) = (shape for shape in _SHAPES if shape[0] == "guards")
"""Pattern of lines, in lower case, that may guard access, or keep a copy of a site from acting on others."""
_AT_WORK = 0.5
_OF_A_FILE = re.compile(r"rc$|\.[a-z]+$")
_COMMON = re.compile(
    "etc|usr|var|srv|opt|home|share|lib|www|html|public|app|conf|config|settings|sites|local|default|web"
)
"""No application's name."""
_WHY = {
    "guards": "it may guard access, or keep the site from acting on others",
    "more": "it has lines that the guard does not cut",
}
_VITAL = "the application is not itself without it"
_NAMES = re.compile(
    "base|charset|collate|collation|database|databases|datadir|db|dbname|dbtype|dir|directory|dirs|driver|dsn|host|"
    "hostname|hosts|key|keys|name|password|path|paths|port|prefix|root|schema|scheme|server|servers|socket|table|uri|"
    "uris|url|urls|user|username|version|installed|middleware|wsgi|asgi|templates"
)
"""Words of a setting's name that say where the application has what it is made of."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, slots=True)
class _File:
    """A file of settings."""

    why: str
    """Why no line of it may be cut; empty where some may."""
    units: tuple[str, ...]
    """What has to be restarted for it, beside the web server."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """A statement."""

    name: str
    lines: tuple[int, ...]
    why: str


class AppSetting(Kind):
    """A setting of an application."""

    name = "app-setting"
    noun = "application setting"
    survey = "app_setting"
    packages = ()
    needs_leave = False
    rests = True

    def components(self, found: Found) -> list[Component]:
        """Each file, for its lines."""
        return [
            Component(
                self.id(path), self.name, path, on=True, pinned=file.why or FOR_ITS_LINES, detail=" ".join(file.units)
            )
            for path, file in _files(found).items()
        ]

    def is_for_lines(self, component: Component) -> bool:
        """The file."""
        return ":" not in component.name

    def opens(self, name: str) -> str:
        """The file itself."""
        return name if name.startswith("/") and ":" not in name else ""

    def inside(self, found: Found, path: str) -> list[Component]:
        """Every statement of the file; named after file and line."""
        file = _files(found).get(path)
        return [
            Component(
                self.id(f"{path}:{first}"),
                self.name,
                f"{path}:{first}",
                on=True,
                pinned=file.why or setting.why,
                detail=setting.name,
            )
            for first, setting in _settings(found).get(path, {}).items()
            if file
        ]

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """Their lines cut."""
        lines: dict[str, list[int]] = defaultdict(list)
        for component in flipped:
            path, _, first = component.name.rpartition(":")
            lines[path] += _settings(found)[path][int(first)].lines
        return [Step(path, "cut", ",".join(map(str, sorted(numbers)))) for path, numbers in lines.items()]

    def folders(self, found: Found) -> tuple[str, ...]:  # noqa: ARG002
        """None: files are edited where they are."""
        return ()

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:  # noqa: ARG002
        """Those that they stand in."""
        return tuple(dict.fromkeys(each.name.rpartition(":")[0] for each in components if ":" in each.name))

    def units(self, found: Found) -> tuple[str, ...]:
        """What keeps compiled code in its memory, and the application's own server."""
        files = [file for file in _files(found).values() if not file.why]
        own = (unit for file in files for unit in file.units)
        return tuple(dict.fromkeys((*php.units(found), *own))) if files else ()

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """The file."""
        return (component.name.partition(":")[0],)

    def at(self, found: Found, component: Component) -> tuple[tuple[str, int], ...]:
        """Its lines; the file that stands for them is none."""
        path, _, first = component.name.partition(":")
        return tuple((path, line) for line in _settings(found)[path][int(first)].lines) if first else ()

    def claim(self, component: Component, moment: Moment) -> float:
        """What is at work is the application's, or called by it; which of its settings is to blame, nothing shows."""
        if not self.is_for_lines(component):
            return 0.0
        *folders, name = component.name.split("/")[1:]
        own = [_OF_A_FILE.sub("", name)] if folders == ["etc"] else []
        words = {word for word in (*folders, *own) if not _COMMON.fullmatch(word)}
        paths = (*(frame.file for frame in moment.frames), *moment.objects, *moment.wait.split(" "))
        by_its_server = component.detail and moment.by and "php" not in moment.by
        return _AT_WORK if by_its_server or any(words & set(path.split("/")) for path in paths) else 0.0

    def rules(self) -> tuple[Rule, ...]:
        """Statements of such files, and none that may guard access; of other files by root's word on the host."""
        cuts = (EditRule("cut", self.name, path, line, GUARDS) for name, path, line in _SHAPES if name != "guards")
        return (*cuts, *php.UNITS)

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: the file and the lines."""
        path, _, first = component.name.partition(":")
        if not first:
            return f"# look through {path}, and take away what is to blame"
        lines = _settings(found)[path][int(first)].lines
        said = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
        return f"# in {path} remove {said} ({component.detail})"


def _is_vital(name: str) -> bool:
    return any(
        _NAMES.fullmatch(word.lower()) for word in _WORD.findall((name.partition(".")[2] or name).replace("DB", "_DB_"))
    )


def _rows(found: Found, word: str, count: int) -> Iterator[list[str]]:
    rows = (line.split("\t") for line in found.sections["app-settings"])
    return (row[1:] for row in rows if row[0] == word and len(row) == count)


@once
def _files(found: Found) -> dict[str, _File]:
    """By path."""
    return {
        path: _File(
            NOT_HELD if held == "held" else ALLOW.format(leave) if leave != "-" else "",
            tuple(units.removeprefix("-").split()),
        )
        for path, held, leave, units in _rows(found, "file", 5)
    }


@once
def _settings(found: Found) -> dict[str, dict[int, _Setting]]:
    """By file and first line."""
    files: dict[str, dict[int, _Setting]] = defaultdict(dict)
    for path, numbers, name, said in _rows(found, "set", 5):
        lines = tuple(map(int, numbers.split(",")))
        why = _WHY.get(said, "") or (_VITAL if _is_vital(name) else "")
        files[path][lines[0]] = _Setting(name, lines, why)
    return files
