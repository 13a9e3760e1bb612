"""The folders where components are switched, as a value: path to link or file."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Entry:
    """A link, or a small file."""

    target: str
    """Where a link leads; empty for a file."""
    changed: float
    """Unix time."""
    text: str = ""


Tree: TypeAlias = Mapping[str, Entry]

_WORDS = {("absent", 0), ("link", 1), ("file", 1)}


def requested(found: Tree, present: Tree, request: str, folders: Container[str]) -> Tree:
    """The tree as found with the deviations of a guard's request.

    Entries that are ``present`` already stay, with their times.

    Raises:
        ValueError: the request is cut short, or wants something else or somewhere else.
    """
    tree = dict(found)
    *lines, end = request.splitlines() or [""]
    if end != "end":
        raise ValueError("it has no end")
    for line in lines:
        match line.split("\t"):
            case ["reap"]:
                continue
            case [word, path, *content] if posixpath.dirname(path) in folders and (word, len(content)) in _WORDS:
                tree.pop(path, None)
                if content:
                    text = base64.b64decode(content[0]).decode() if word == "file" else ""
                    made = Entry(content[0] if word == "link" else "", time.time(), text)
                    there = present.get(path)
                    same = there is not None and (there.target, there.text) == (made.target, made.text)
                    tree[path] = there if there is not None and same else made
            case _:
                raise ValueError(f"line {line[:100]!r}")
    return tree


def differing(tree: Tree, other: Tree) -> set[str]:
    """Paths that are not the same in both."""
    return {path for path in tree.keys() | other.keys() if tree.get(path) != other.get(path)}


def replaced(tree: Tree, paths: Container[str], source: Tree) -> Tree:
    """The tree with these paths as they are in another."""
    kept = {path: entry for path, entry in tree.items() if path not in paths}
    return kept | {path: entry for path, entry in source.items() if path in paths}


def digest(tree: Tree) -> str:
    """A digest of every path, target, text and time."""
    return hashlib.sha256(repr(sorted(tree.items())).encode()).hexdigest()
