"""A YAML file as nodes that know where they stand, and everything that is wrong with it.

Only the plain part of YAML is read: one document of mappings, lists and scalars. What two readers
of YAML may take for different things (tags, anchors, merge keys, ``1:30``, ``010``) is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import yaml
from yaml import MappingNode, Mark, Node, ScalarNode, SequenceNode

from modbisect.errors import UsageError
from modbisect.harmless import CONTROL
from modbisect.playbook.text import clean, shown

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Loc: TypeAlias = tuple[int | str, ...]
"""The way from a mapping to a value in it: keys and list indexes."""

MAX_BYTES = 64 << 10
MAX_DEPTH = 32
MAX_PROBLEMS = 20

_STANDARD = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong at a place in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    text: str


class Document:
    """One YAML file: its root node, and the problems found in it so far, or in files that belong to it."""

    def __init__(self, name: str, text: str, *, may_be_empty: bool = False) -> None:
        """Compose ``text``; ``name`` is the file's in messages.

        Raises:
            UsageError: It is no YAML at all, so there are no nodes to look at.
        """
        self.name = clean(name, limit=500)
        self._problems: set[Problem] = set()
        self.root = self._compose(text, may_be_empty=may_be_empty)

    @classmethod
    def read(cls, path: Path, max_bytes: int = MAX_BYTES, *, may_be_empty: bool = False) -> Document:
        """Compose the file at ``path``.

        Raises:
            UsageError: The file cannot be read, is too large, or is no YAML in UTF-8.
        """
        name = clean(str(path), limit=500)
        try:
            with path.open("rb") as file:
                raw = file.read(max_bytes + 1)
        except FileNotFoundError:
            raise UsageError(f"{name}: there is no such file", advice="name one that is there") from None
        except IsADirectoryError:
            raise UsageError(f"{name}: is a directory", advice="name one YAML file in it") from None
        except PermissionError:
            raise UsageError(f"{name}: may not be read by this user", advice="let this user read it") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"{name}: cannot be read: {clean(str(error))}", advice="name another") from None
        if len(raw) > max_bytes:
            raise UsageError(f"{name}: is larger than {max_bytes >> 10} KiB", advice="split it, or name another")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = raw[: error.start]
            line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
            raise UsageError(f"{name}:{line}:{column}: is not UTF-8; save the file as UTF-8") from None
        return cls(name, text, may_be_empty=may_be_empty)

    # --- problems --------------------------------------------------------------------------------

    def add(self, node: Node, text: str) -> None:
        """Note that something is wrong at ``node``."""
        self._problems.add(Problem(*place(node), text))

    def places(self) -> frozenset[tuple[str, int, int]]:
        """File, line and column of every problem noted so far."""
        return frozenset((problem.file, problem.line, problem.column) for problem in self._problems)

    def raise_problems(self) -> None:
        """End with one UsageError that tells every problem noted so far, if there is any."""
        if self._problems:
            lines = [f"{p.file}:{p.line}:{p.column}: {p.text}" for p in sorted(self._problems)]
            more = len(lines) - MAX_PROBLEMS
            if more > 0:
                lines[MAX_PROBLEMS:] = [f"{self.name}: and {more} more"]
            raise UsageError("\n".join(lines))

    # --- nodes -----------------------------------------------------------------------------------

    def items(self, node: Node) -> Iterator[tuple[str, Node, Node]]:
        """Key, key's node and value's node of a mapping; keys are text, as written (``off`` is "off")."""
        if not isinstance(node, MappingNode) or node.tag.startswith("!"):
            if not is_null(node):
                self.add(node, "must be a plain mapping: keys, each with a value")
            return
        seen: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag.startswith("!"):
                self.add(key, "a key must be plain text")
            elif key.tag == f"{_STANDARD}merge":
                self.add(key, "merge keys (<<) are not read here: write the keys out")
            elif key.value in seen:
                _, line, _ = place(seen[key.value])
                self.add(key, f"{shown(key.value)} stands here twice, first in line {line}; keep one")
            else:
                seen[key.value] = key
                yield key.value, key, value

    def plain(self, node: Node) -> Plain:
        """What stands at ``node`` as Python values; problems below it are noted."""
        if node.tag.startswith("!"):
            self.add(node, "YAML tags (!...) are not read here: write the plain value, in quotes")
            return None
        if isinstance(node, MappingNode):
            return {key: self.plain(value) for key, _, value in self.items(node)}
        if isinstance(node, SequenceNode):
            return [self.plain(item) for item in node.value]
        return self._scalar(node)

    def _scalar(self, node: Node) -> Plain:
        text: str = node.value
        match node.tag.removeprefix(_STANDARD):
            case "str":
                if CONTROL.search(text):
                    self.add(node, "holds a control character")
                return text
            case "null":
                self.add(node, "has no value; leave the key out, or give it one")
            case "bool":
                return text.lower() in {"true", "yes", "on"}
            case "int" if _WHOLE.fullmatch(text):
                return int(text)
            case "float" if _DECIMAL.fullmatch(text) and math.isfinite(float(text)):
                return float(text)
            case _:
                advice = f"if text is meant, quote it: {shown(text)}; else write a plain number"
                self.add(node, f"{clean(text)} is not the same to every reader of YAML; {advice}")
        return None

    def _compose(self, text: str, *, may_be_empty: bool) -> Node:
        bad = CONTROL.search(text)
        if bad:
            before = text[: bad.start()]
            line, column = before.count("\n") + 1, bad.start() - before.rfind("\n")
            raise UsageError(f"{self.name}:{line}:{column}: holds the control character U+{ord(bad[0]):04X}")
        composer = _Composer(text, self)
        try:
            root: Node | None = composer.get_single_node()
        except yaml.MarkedYAMLError as error:
            root = None
            mark = error.problem_mark or composer.get_mark()
            self._problems.add(Problem(self.name, mark.line + 1, mark.column + 1, _syntax(error)))
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML lets the number of an escape or a directive through to chr() and int().
            root = None
            mark = composer.get_mark()
            text = 'is not YAML: the number after a "\\" or "%" is out of range'
            self._problems.add(Problem(self.name, mark.line + 1, mark.column + 1, text))
        finally:
            composer.dispose()
        if root is None or is_null(root):
            self.raise_problems()
            if may_be_empty:
                here = composer.get_mark()
                return ScalarNode(f"{_STANDARD}null", "", here, here)
            raise UsageError(f"{self.name}: is empty", advice="write into it, or name another")
        return root


_WRITE_OUT = 'write the value out, or quote text that begins with "&" or "*"'


class _Composer(yaml.SafeLoader):
    """PyYAML's composer without anchors, aliases and endless depth; explicit tags begin with ``!``."""

    def __init__(self, text: str, document: Document) -> None:
        super().__init__(text)
        self.name = document.name  # the file's, in every mark
        self._document = document
        self._depth = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            start, end = cast("Mark", event.start_mark), cast("Mark", event.end_mark)
            node = ScalarNode(f"{_STANDARD}str", "", start, end)
            self._document.add(node, f"aliases are not read here: {_WRITE_OUT}")
            return node
        if self._depth == MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, _TOO_DEEP, event.start_mark)
        self._depth += 1
        composed = super().compose_node(parent, index)  # type: ignore[arg-type]  # the stub wants no root
        self._depth -= 1
        if composed is not None and event.anchor:
            self._document.add(composed, f"anchors are not read here: {_WRITE_OUT}")
        if composed is not None and event.tag:
            composed.tag = f"!{event.tag}"
        return composed


def place(node: Node) -> tuple[str, int, int]:
    """File, and line and column from 1, where ``node`` begins."""
    mark = node.start_mark
    return mark.name, mark.line + 1, mark.column + 1


def is_null(node: Node) -> bool:
    """Whether nothing (or ``null``) stands there."""
    return node.tag == f"{_STANDARD}null"


def find(node: Node, loc: Loc) -> Node:
    """The node at ``loc`` below ``node``, or the last one on the way that exists."""
    for step in loc:
        if isinstance(node, MappingNode):
            below = [value for key, value in node.value if key.value == step]
        elif isinstance(node, SequenceNode) and isinstance(step, int):
            below = node.value[step : step + 1]
        else:
            below = []
        if not below:
            break
        node = below[0]
    return node


def find_key(node: Node, loc: Loc) -> Node:
    """The node of the key that ends ``loc``, or the nearest one above it."""
    parent = find(node, loc[:-1])
    if isinstance(parent, MappingNode):
        return next((key for key, _ in parent.value if key.value == loc[-1]), parent)
    return parent


_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"
_INI = "an INI inventory becomes YAML with ansible-inventory --list --yaml"
_ADVICE = {
    _TOO_DEEP: _TOO_DEEP,
    "scanning an alias": 'text that begins with "*" needs quotes',
    "expected a single document": 'another document begins here; keep one a file (no second "---")',
    "expected '<document start>'": f"is not YAML: text after the end of the document; {_INI}",
    "but got '?'": 'is not YAML: text with a "?" needs quotes inside { } and [ ]',
    "'\\t'": "a tab cannot indent YAML; use spaces",
    "mapping values are not allowed": 'is not YAML: a second ": " in one line; quote text that holds ": "',
}
"""What to say when PyYAML's complaint holds these words."""


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's complaint in words that say what to do."""
    complaint = ", ".join(clean(part) for part in (error.context, error.problem) if part)
    return next((text for words, text in _ADVICE.items() if words in complaint), f"is not YAML: {complaint}")
