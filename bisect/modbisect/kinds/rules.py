"""The rules by which the guard on the host accepts a kind's steps: a table, composed into the guard's script.

The controller picks among them by the steps it asks for, and brings none. Columns are parted by tabs; every pattern is
an extended regular expression that has to match the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_TAB = "\t"


@dataclass(frozen=True, slots=True)
class LinkRule:
    """The shape link: a name in a folder, and the one place that a link of this name may lead to."""

    kind: str
    folder: str
    """Pattern of the folder."""
    suffix: str
    """The end of every such name, as ``.conf``."""
    home: str
    """The target: ``{name}`` is the link's name without `prefix`, ``{4}`` the fourth part of the folder."""
    prefix: str = ""
    """Pattern of what stands in front of a link's name and orders it."""
    with_suffix: str = ""
    """The link of the same name that never comes without this one, as it may be what tames it."""
    off: str = ""
    """The command that switches it off for good, ``{stem}`` being its name without suffix."""
    on: str = ""

    def line(self) -> str:
        """A row of the table."""
        columns = (self.kind, self.folder, self.prefix, self.suffix, self.home, self.with_suffix, self.off, self.on)
        return _TAB.join(("link", *(column or "-" for column in columns)))


@dataclass(frozen=True, slots=True)
class DropInRule:
    """The shape drop-in: a file of ours, which holds nothing but lines that some pattern allows."""

    kind: str
    folder: str
    """Pattern of the folder."""
    file: str
    """The file's name."""
    allowed: tuple[str, ...]
    """Patterns of lines."""

    def line(self) -> str:
        """Rows of the table."""
        rows = [("drop-in", self.kind, self.folder, self.file), *(("allowed", pattern) for pattern in self.allowed)]
        return "\n".join(_TAB.join(row) for row in rows)


@dataclass(frozen=True, slots=True)
class EditRule:
    """The shapes cut, tail, word and aside: what may be done to a file that stays the host's.

    ``cut`` leaves lines out, ``tail`` all that stands behind one, ``word`` turns the last word of a line into its
    opposite (On and Off, 1 and 0, true and false, yes and no), ``aside`` takes the file away. A request names lines by
    their numbers; no content travels.
    """

    shape: Literal["cut", "tail", "word", "aside"]
    kind: str
    path: str
    """Pattern of the file."""
    line_pattern: str = ""
    """Pattern of the lines that may be cut or turned, or behind which a tail may go; none for ``aside``."""
    but: str = ""
    """Pattern of lines in lower case that stay all the same."""

    def line(self) -> str:
        """A row of the table."""
        return _TAB.join((self.shape, self.kind, self.path, self.line_pattern or "-", self.but or "-"))


@dataclass(frozen=True, slots=True)
class UnitRule:
    """A systemd unit that a run may restart."""

    pattern: str

    def line(self) -> str:
        """A row of the table."""
        return _TAB.join(("unit", self.pattern))


Rule = LinkRule | DropInRule | EditRule | UnitRule


def table(rules: tuple[Rule, ...]) -> str:
    """The text of the table."""
    return "".join(f"{row}\n" for row in dict.fromkeys(rule.line() for rule in rules))
