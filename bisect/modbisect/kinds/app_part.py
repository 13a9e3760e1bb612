"""Kind ``app-part``: parts of an application that stand one a line in a file, or are files, as a playbook declares.

The playbook says where they stand; that such a file may be edited, root says on the host, in ``/etc/modbisect/allow``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from modbisect.kinds import php
from modbisect.kinds.found import Found, once
from modbisect.kinds.kind import ALLOW, NOT_HELD, Kind, Step
from modbisect.kinds.rules import Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component, Listing

_CALLED = 0.5


@dataclass(frozen=True, slots=True)
class Entry:
    """A part, and where it stands."""

    listing: str
    path: str
    line: int
    """0: the file itself."""
    name: str
    why: str
    """Why it stays; empty where it may go."""
    units: tuple[str, ...]


class AppPart(Kind):
    """A part of the application: an entry of a list."""

    name = "app-part"
    noun = "part of the application"
    survey = "app_part"
    packages = ()
    needs_leave = False

    def entries(self, found: Found) -> dict[str, Entry]:
        """By the component's name."""
        return declared(found)

    def components(self, found: Found) -> list[Component]:
        """Each, named after its list and itself."""
        return [
            Component(self.id(name), self.name, name, on=True, pinned=entry.why, detail=_where(entry))
            for name, entry in self.entries(found).items()
        ]

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """Their lines cut, or the files taken away."""
        lines: dict[str, list[int]] = defaultdict(list)
        for component in flipped:
            entry = self.entries(found)[component.name]
            lines[entry.path].append(entry.line)
        return [
            Step(path, "cut", ",".join(map(str, sorted(numbers)))) if all(numbers) else Step(path, "aside")
            for path, numbers in lines.items()
        ]

    def folders(self, found: Found) -> tuple[str, ...]:  # noqa: ARG002
        """None: each is edited where it is."""
        return ()

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:
        """Those that they stand in."""
        return tuple(dict.fromkeys(self.entries(found)[component.name].path for component in components))

    def units(self, found: Found) -> tuple[str, ...]:
        """What keeps compiled code in its memory, and what a list says that it is read by."""
        entries = self.entries(found).values()
        if not entries:
            return ()
        own = (unit for entry in entries if not entry.why for unit in entry.units)
        return tuple(dict.fromkeys((*php.units(found), *own)))

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """The file."""
        entry = self.entries(found).get(component.name)
        return (entry.path,) if entry else ()

    def ways(self, component: Component) -> list[str]:
        """What the path of its code holds."""
        return named_ways(component.name.partition("/")[2])

    def claim(self, component: Component, moment: Moment) -> float:
        """The code at work lies where its name leads to, or has called what is."""
        ways = self.ways(component)
        files = [frame.file for frame in moment.frames if frame.file]
        at = [place for place, file in enumerate(files) if any(way in file for way in ways)]
        return (1.0 if at[0] == 0 else _CALLED) if at else 0.0

    def rules(self) -> tuple[Rule, ...]:
        """None of its own: root's word on the host."""
        return php.UNITS

    def remedy(self, found: Found, component: Component) -> str:
        """By hand: the file and the line."""
        entry = self.entries(found)[component.name]
        return f"# take {entry.path} away" if not entry.line else f"# in {entry.path} remove line {entry.line}"


def kept(listings: Sequence[Listing]) -> tuple[str, ...]:
    """Patterns of the components that stay because their list says so."""
    return tuple(f"{AppPart.name}:{listing.name}/{name}" for listing in listings for name in listing.keep)


def _where(entry: Entry) -> str:
    return f"{entry.path}:{entry.line}" if entry.line else entry.path


def named_ways(name: str) -> list[str]:
    """What the path of a part's own code holds: of ``app.log.BodyLog``, ``/app/log.py`` or ``/app/log/``."""
    if name.startswith("/"):
        return [name]
    parts = name.replace("\\", "/").replace("::", "/").replace(".", "/").strip("/").split("/")
    if len(parts) == 1:
        return [f"/{parts[0]}/", f"/{parts[0]}."]
    module = "/".join(parts[:-1])
    return [f"/{module}.", f"/{module}/{parts[-1]}/", f"/{module}/{parts[-1]}."]


def read(found: Found, section: str) -> list[Entry]:
    """The entries that a section of the survey tells of."""
    entries = []
    for line in found.sections[section]:
        fields = line.split("\t")
        if len(fields) == 6 and fields[2].isdecimal():  # noqa: PLR2004  # as printed
            listing, path, number, name, said, units = fields
            why = "" if said == "-" else NOT_HELD if said == "held" else ALLOW.format(said)
            name = path if name == "-" else name
            entries.append(Entry(listing, path, int(number), name, why, tuple(units.split())))
    return entries


@once
def declared(found: Found) -> dict[str, Entry]:
    """By the component's name; what stands twice in a list has its line beside its name."""
    entries = read(found, "app-parts")
    often = Counter((entry.listing, entry.name) for entry in entries)
    return {
        f"{entry.listing}/{entry.name}" + (f":{entry.line}" if often[entry.listing, entry.name] > 1 else ""): entry
        for entry in entries
    }
