"""What a kind of component is: the class that every kind derives from, and the shapes that most of them share."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from modbisect.kinds.found import Found, Line
from modbisect.kinds.rules import Rule
from modbisect.kinds.seen import Moment
from modbisect.model import Component, ComponentId

_ALONE = ("absent", "aside")
"""The path says it all."""


@dataclass(frozen=True, slots=True)
class Step:
    """One deviation from the state as found: what a path shall be."""

    path: str
    kind: str
    """``absent``, ``link`` or ``file``; of a file that stays the host's ``cut``, ``tail``, ``word`` or ``aside``."""
    content: str = ""
    """The link's target, the file's text, or the numbers of the lines that are edited, parted by commas."""

    def line(self) -> str:
        """As the guard reads it."""
        content = base64.b64encode(self.content.encode()).decode() if self.kind == "file" else self.content
        return "\t".join([self.kind, self.path] + ([content] if self.kind not in _ALONE else []))

    def __str__(self) -> str:
        if self.kind == "absent":
            return f"remove {self.path}"
        if self.kind == "aside":
            return f"take away {self.path}"
        if self.kind == "tail":
            return f"cut all behind line {self.content} of {self.path}"
        if self.kind in ("cut", "word"):
            what = "cut" if self.kind == "cut" else "turn the last word of"
            return f"{what} line {self.content.replace(',', ', ')} of {self.path}"
        return f"{self.kind} {self.path} -> {self.content.strip()}"


_STRONGER = ("cut", "tail", "aside")
"""Of two edits of one file the later here leaves nothing for the other to do."""


def merged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """One for each path, ordered by it: kinds may edit the same file, and the guard makes of it one file."""
    by_path: dict[str, Step] = {}
    for step in steps:
        other = by_path.setdefault(step.path, step)
        if step.kind == other.kind == "cut":
            numbers = sorted({int(number) for each in (step, other) for number in each.content.split(",")})
            by_path[step.path] = replace(step, content=",".join(map(str, numbers)))
        elif step != other:
            by_path[step.path] = max(step, other, key=lambda each: _STRONGER.index(each.kind))
    return tuple(sorted(by_path.values(), key=lambda step: step.path))


class Kind(ABC):
    """A sort of thing that can be switched.

    To be a kind, a class needs a `name` and a `noun`, and to answer: which components a host has, which steps switch
    them, in which folders these steps write, by which rules the guard accepts them, which units must be restarted for
    them, and how a person switches one for good. What it says beyond that has a default. It is pure: all that it knows
    of a host is in `Found`.
    """

    name: ClassVar[str]
    """In front of each component's name: ``apache-module`` in ``apache-module:rewrite``."""
    noun: ClassVar[str]
    """For reports, in the singular."""
    survey: ClassVar[str]
    """The shell file beside the kind's own that reads what it needs of a host, without ``.sh``; kinds may share one.

    It prints sections (``section NAME`` begins one) that the kind reads in `Found.sections`, and writes nothing.
    """
    packages: ClassVar[tuple[str, ...]]
    """Patterns of the Debian packages whose versions decide what its components do."""
    configuration: ClassVar[tuple[str, ...]] = ()
    """Patterns, as a shell's, of the files that what was seen in a look is searched in."""
    vital: ClassVar[frozenset[str]] = frozenset()
    """Names that most sites need: suspected last."""
    saves: ClassVar[frozenset[str]] = frozenset()
    """Names that save time on most sites: suspected last, and alone."""
    accelerates: ClassVar[frozenset[str]] = frozenset()
    """Names that may be to blame for being off."""
    only_costs: ClassVar[frozenset[str]] = frozenset()
    """Names that are never to blame for being off."""
    own_files: ClassVar[tuple[str, ...]] = ()
    """Files to look into where nobody is to blame, though no component stands for them."""
    needs_leave: ClassVar[bool] = True
    """Whether one that was off may be switched on only where its package does so, or root on the host allows it."""
    rests: ClassVar[bool] = False
    """Whether its units, where they are nobody else's, are restarted only by a trial that switches something of it."""
    tested: ClassVar[bool] = False
    """Whether the server's configuration test, on a copy, tells what it breaks."""

    @classmethod
    def survey_package(cls) -> str:
        """The package in whose folder its `survey` lies."""
        (owner, *_) = (each for each in cls.__mro__ if "survey" in vars(each))
        return owner.__module__.rpartition(".")[0]

    def is_vital(self, component: Component) -> bool:
        """Whether most sites need it. A wrong answer costs a run some restarts, and is no verdict."""
        return component.name in self.vital

    def id(self, name: str) -> ComponentId:
        """The component of that name."""
        return f"{self.name}:{name}"

    @abstractmethod
    def components(self, found: Found) -> list[Component]:
        """All of the host, pinned where switching one would break the server or cannot be done."""

    @abstractmethod
    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """What the state with these of its components flipped has otherwise than the state as found."""

    @abstractmethod
    def folders(self, found: Found) -> tuple[str, ...]:
        """Where its steps write."""

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:  # noqa: ARG002
        """Files outside of these folders that steps of these, its components, edit."""
        return ()

    def inside(self, found: Found, path: str) -> list[Component]:  # noqa: ARG002
        """What a file is made of, where the kind is about the lines of files like it."""
        return []

    def is_for_lines(self, component: Component) -> bool:  # noqa: ARG002
        """Whether it is a file that nobody switches, and stands for its lines until they are listed."""
        return False

    def told_in(self, found: Found, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """The files that tell it what to do, where it does nothing by itself."""
        return ()

    def brought(self, found: Found, path: str) -> tuple[str, ...]:  # noqa: ARG002
        """The files that are read because a file says so."""
        return ()

    def opens(self, name: str) -> str:  # noqa: ARG002
        """The file to look into where a component of that name is to blame; empty where there is none."""
        return ""

    @abstractmethod
    def units(self, found: Found) -> tuple[str, ...]:
        """The systemd units to restart for it."""

    @abstractmethod
    def rules(self) -> tuple[Rule, ...]:
        """By which the guard on the host accepts its steps."""

    @abstractmethod
    def remedy(self, found: Found, component: Component) -> str:
        """The command that switches a component over for good, or a comment that says what to write where."""

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """Files whose times tell when it was last switched or edited."""
        return ()

    def at(self, found: Found, component: Component) -> tuple[tuple[str, int], ...]:  # noqa: ARG002
        """File and number of each line that it is, where it is nothing but lines."""
        return ()

    def brings(self, found: Found, component: Component) -> frozenset[str]:  # noqa: ARG002
        """The host's files that take effect with it."""
        return frozenset()

    def effective(self, found: Found, component: Component) -> frozenset[str]:
        """Of what it brings, the files that are in effect as found."""
        return self.brings(found, component) if component.on else frozenset()

    def condition(self, component: Component) -> str:  # noqa: ARG002
        """Its name in a condition of the server's configuration (``<IfModule>``); empty where there is none."""
        return ""

    def is_access_control(self, component: Component) -> bool:  # noqa: ARG002
        """Whether it does nothing else than to decide who may have what."""
        return False

    def owner(self, path: str) -> str:  # noqa: ARG002
        """The name of its component that an enabled file belongs to; empty for another's."""
        return ""

    def claim(self, component: Component, moment: Moment) -> float:  # noqa: ARG002
        """How far what a slow request was seen at speaks against a component, 0 to 1.

        Beside what every kind has: its own shared objects on the stack, and files that its configuration names.
        """
        return 0.0

    def own_objects(self, found: Found, component: Component) -> frozenset[str]:  # noqa: ARG002
        """Shared objects that are its very own, which the live server must have loaded while it is on."""
        return frozenset()


ALLOW = "root has to allow it by the line '{}' in /etc/modbisect/allow on the host"
"""Why something stays that root's file may open, with that line."""
FOR_ITS_LINES = "its lines are tried one by one where nobody else is to blame"
"""Why a file stays that stands for its lines."""
NOT_HELD = "whoever owns it could not put it back by his own rights"
"""Why a file of another user stays, that the guard could not hold."""


class OwnLines(Kind):
    """The shape of lines that stay in files of the host's: a component is all lines that set it, and they are cut."""

    @abstractmethod
    def lines(self, found: Found) -> Mapping[str, Sequence[Line]]:
        """By the component's name the lines that set it, in the order in which they are read."""

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """All lines of each are cut."""
        numbers: dict[str, list[int]] = {}
        for line in (line for component in flipped for line in self.lines(found)[component.name]):
            numbers.setdefault(line.path, []).append(line.number)
        return [Step(path, "cut", ",".join(map(str, sorted(those)))) for path, those in numbers.items()]

    def folders(self, found: Found) -> tuple[str, ...]:  # noqa: ARG002
        """None: the files are edited where they are."""
        return ()

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:
        """Those that set them."""
        return tuple(dict.fromkeys(line.path for each in components for line in self.lines(found)[each.name]))

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """The files that set it."""
        return self.files(found, [component])


class Aside(Kind):
    """The shape of whole files: a component is named by its file's path, and the file is taken away."""

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:  # noqa: ARG002
        """It is taken away."""
        return [Step(component.name, "aside") for component in flipped]

    def folders(self, found: Found) -> tuple[str, ...]:  # noqa: ARG002
        """None: each is edited where it is."""
        return ()

    def files(self, found: Found, components: Sequence[Component]) -> tuple[str, ...]:  # noqa: ARG002
        """Each."""
        return tuple(component.name for component in components)

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:  # noqa: ARG002
        """The file itself."""
        return (component.name,)

    def opens(self, name: str) -> str:
        """The file itself."""
        return name if name.startswith("/") else ""


class Linked(Kind):
    """The shape of a link farm: a component is on where its links are there, each to a file that stays."""

    @abstractmethod
    def links(self, found: Found, component: Component) -> tuple[tuple[str, str], ...]:
        """The links that make a component up when it is on: path and target."""

    @abstractmethod
    def home(self, target: str) -> str:
        """The absolute path of a link's target."""

    def steps(self, found: Found, flipped: Sequence[Component]) -> list[Step]:
        """Its links gone, or there."""
        steps = []
        for component in flipped:
            for path, target in self.links(found, component):
                if not component.on:
                    steps.append(Step(path, "link", target))
                elif path in found.entries:
                    steps.append(Step(path, "absent"))
        return steps

    def traces(self, found: Found, component: Component) -> tuple[str, ...]:
        """The links, and what they lead to."""
        return tuple(path for link, target in self.links(found, component) for path in (link, self.home(target)))

    def brings(self, found: Found, component: Component) -> frozenset[str]:
        """What its links lead to."""
        return frozenset(self.home(target) for _, target in self.links(found, component))

    def effective(self, found: Found, component: Component) -> frozenset[str]:
        """What the links lead to that are there."""
        return frozenset(self.home(target) for path, target in self.links(found, component) if path in found.entries)
