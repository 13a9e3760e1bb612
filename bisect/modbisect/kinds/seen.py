"""What a look at the slow request saw: the sampler's text as values. Pure.

The text is of ``host/look``: a line a word. ``seen SECONDS|STATE|WAIT|OBJECTS|FRAMES|BY`` is what the request was at
for so long, objects and frames innermost first and parted by " < "; ``named WHAT|FILE|LINES`` is a file of the
configuration that names something seen, and the first lines that do; ``says WORD|FILE|LINES`` one that has a
directive; ``query COUNT|WORDS`` what the database was at, without values; ``wrote COUNT|LOG|WHAT|PLACE`` what a server
wrote into a log meanwhile. It ends with ``end``. A look at the servers' memory says ``seen KIB|M||OBJECT||`` of what
the data of an object fills, and in place of the busy seconds all KiB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from modbisect.harmless import one_line

QUEUED = "Q"
"""The state of a request that no process has accepted yet."""
KEPT = "K"
"""The same, while most of the server's processes wait for the next word of some client."""
HOLDS = "M"
"""No state: of memory that is an object's, KiB stand in place of seconds."""
HELD = "H"
"""Of one that the server has and nothing is at work for: it waits for a time that it has set itself."""
_FRAME = re.compile(r"(?P<function>\S+) (?:\[(?P<extension>[^\]]*)\]|(?P<file>/.*|phar://.*):(?P<line>\d+))")
_COMPILING = re.compile(r"compiling (?P<file>/.*):0")
_MOST_LINES = 2000
_DATABASE = ("mysqld", "mariadbd", ":3306")


class LookError(ValueError):
    """The look's text is not what the sampler prints."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A function of an interpreted program."""

    function: str
    """Empty while a file is being compiled."""
    file: str = ""
    """Empty for one of the interpreter's own."""
    line: int = 0
    extension: str = ""
    """What brings a function of the interpreter's own."""

    def __str__(self) -> str:
        if not self.function:
            return f"compiling {self.file}"
        return f"{self.function}, {self.file}:{self.line}" if self.file else self.function


@dataclass(frozen=True, slots=True)
class Moment:
    """What the request was at, and for how long in all."""

    seconds: float
    state: str
    """As in /proc/PID/stat, or `QUEUED`, `KEPT` or `HELD`."""
    wait: str
    """The system call and what it waits for: ``poll udp 192.0.2.1:53``; empty while it runs."""
    objects: tuple[str, ...]
    """Paths of the shared objects on its stack, innermost first, up to an interpreter."""
    frames: tuple[Frame, ...]
    """Innermost first; empty where no interpreter is at work."""
    by: str = ""
    """The connection by which the server had it done by another process: ``unix /run/php/php8.2-fpm.sock``."""

    @property
    def waits_for_database(self) -> bool:
        """Whether the other end is MariaDB or MySQL."""
        return any(word in self.wait for word in _DATABASE)


@dataclass(frozen=True, slots=True)
class Named:
    """A place in the configuration that speaks of something that was seen."""

    what: str
    """A path, or its folder, the other end of a connection, a module; or a directive."""
    file: str
    lines: tuple[int, ...] = ()
    """The first that do; none where the sampler did not say."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """What a server wrote meanwhile, whichever request it was about."""

    times: int
    log: str
    """The file's path."""
    what: str
    """The module and its level, a code, a setting that is used up; no other word of the line."""
    place: str = ""
    """File and line of a program, ``/srv/app.php:12``; empty where none is named."""

    def __str__(self) -> str:
        return f"{self.what}, {self.place}" if self.place else self.what


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of the requests within some seconds."""

    seconds: float
    busy: float
    """Of these, the seconds in which a request was at work."""
    samples: int
    cost: float
    """Seconds of the host's processor that looking took."""
    moments: tuple[Moment, ...]
    """The longest first."""
    named: tuple[Named, ...]
    """What was seen, by name."""
    says: tuple[Named, ...]
    """Directives that may stand for what was seen."""
    missing: Mapping[str, str]
    """What could not be looked at, and why."""
    queries: tuple[tuple[str, int], ...] = ()
    """What the database was at while it was waited for, without values, and how often that was seen."""
    wrote: tuple[Wrote, ...] = ()
    """What is new in the servers' logs of errors, the most frequent first."""

    @classmethod
    def read(cls, text: str) -> Look:
        """Read the sampler's text, what is no letter left out: words of a host end in terminals and reports.

        Raises:
            LookError: it is none, or incomplete.
        """
        lines = [one_line(line) for line in text.splitlines()]
        if not lines or lines[0] != "look 1" or lines[-1] != "end" or len(lines) > _MOST_LINES:
            raise LookError("the look's text is incomplete")
        pairs = [line.partition(" ")[::2] for line in lines]

        def number(word: str) -> float:
            text = next((value for key, value in pairs if key == word), "")
            if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
                raise LookError(f"{word} is no number")
            return float(text)

        return cls(
            seconds=number("seconds"),
            busy=number("busy"),
            samples=int(number("samples")),
            cost=number("cpu"),
            moments=tuple(_moment(value) for key, value in pairs if key == "seen"),
            named=tuple(_named(value) for key, value in pairs if key == "named"),
            says=tuple(_named(value) for key, value in pairs if key == "says"),
            queries=tuple(_query(value) for key, value in pairs if key == "query"),
            wrote=tuple(_wrote(value) for key, value in pairs if key == "wrote"),
            missing=dict(_two(value, " ") for key, value in pairs if key == "missing"),
        )


def _moment(text: str) -> Moment:
    fields = text.split("|")
    if len(fields) != 6 or not re.fullmatch(r"\d{1,9}\.\d{1,9}", fields[0]):  # noqa: PLR2004  # as its format says
        raise LookError(f"no moment: {text[:100]!r}")
    seconds, state, wait, objects, frames, by = fields
    return Moment(
        float(seconds),
        state,
        wait,
        tuple(objects.split(" < ")) if objects else (),
        tuple(_frame(frame) for frame in frames.split(" < ") if frame),
        by,
    )


def _frame(text: str) -> Frame:
    if match := _COMPILING.fullmatch(text):
        return Frame("", match["file"])
    if match := _FRAME.fullmatch(text):
        return Frame(match["function"], match["file"] or "", int(match["line"] or 0), match["extension"] or "")
    raise LookError(f"no frame: {text[:100]!r}")


def _query(text: str) -> tuple[str, int]:
    times, words = _two(text)
    if not re.fullmatch(r"\d{1,6}", times):
        raise LookError(f"no query: {text[:100]!r}")
    return words, int(times)


def _wrote(text: str) -> Wrote:
    fields = text.split("|")
    if len(fields) != 4 or not re.fullmatch(r"\d{1,6}", fields[0]):  # noqa: PLR2004  # as its format says
        raise LookError(f"no line of a log: {text[:100]!r}")
    return Wrote(int(fields[0]), *fields[1:])


def _named(text: str) -> Named:
    what, rest = _two(text)
    file, _, lines = rest.partition("|")
    if not re.fullmatch(r"[0-9,]{0,200}", lines):
        raise LookError(f"no place: {text[:100]!r}")
    return Named(what, file, tuple(int(line) for line in lines.split(",") if line))


def _two(text: str, between: str = "|") -> tuple[str, str]:
    what, bar, file = text.partition(between)
    if not bar:
        raise LookError(f"no pair: {text[:100]!r}")
    return what, file
