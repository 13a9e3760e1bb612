"""What Ansible's programs say on standard error, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from modbisect.harmless import harmless, one_line

_LIMIT = 400
_MAX_NOTES = 20
_WIDTH = 79
"""Up to version 2.18 Ansible folds warnings at this column where there is no terminal."""

_BEGINS = re.compile(r"\s?\[(WARNING|ERROR)\]: +(?P<new>.*)|ERROR[!:] (?P<old>.*)")
_READ = re.compile(r"Parsed (.+) inventory source with (\S+) plugin")
_DECLINED = re.compile(r".* declined parsing .* as it did not pass its verify_file\(\) method")
_FAILED = re.compile(r"(?:\* )?Failed to parse (?:inventory with '(\S+)' plugin|.+? with (\S+) plugin): (.*)")
_SOURCE = re.compile(r"Completely failed to parse inventory source (.*)")
_EXCERPT = re.compile(r"The offending line appears to be|, but may be elsewhere in the file")
"""Behind it Ansible quotes the file, and there may be secrets in its lines."""
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):(?:.*\s(?=[\w.]*(?:Error|Exception|Exit)\b: )|.*)")
"""It quotes lines of a program; what it ends with is what matters."""
_STDERR = "Standard error from inventory script:"


@dataclass(frozen=True, slots=True)
class Said:
    """What there is to say, each on one line and harmless."""

    errors: tuple[str, ...] = ()
    """The last is what ended it, where it has failed; others are what a program says that has not."""
    source: str = ""
    """The source that no plugin could read."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """What each plugin said that could not read it."""
    read_by: Mapping[str, str] = field(default_factory=dict)
    """The plugin that has read a source, by path."""
    notes: tuple[str, ...] = ()
    """Other warnings, twenty at most."""


def read_said(stderr: str) -> Said:
    """The standard error of ``ansible-inventory`` with ``-vvv``, or of ``ansible-vault``."""
    lines = harmless(stderr).splitlines()
    read_by = {read[1]: read[2] for line in lines if (read := _READ.fullmatch(line))}
    source = ""
    errors: list[str] = []
    failures: dict[str, str] = {}
    notes: list[str] = []
    for kind, text in _blocks(lines):
        if failed := _FAILED.fullmatch(text):
            failures[(failed[1] or failed[2]).rpartition(".")[2]] = failed[3].removeprefix(
                "Failed to parse inventory: "
            )
        elif unread := _SOURCE.fullmatch(text):
            source = unread[1]
        elif kind == "WARNING":
            notes.append(text)
        else:
            errors.append(text)
    return Said(tuple(errors), source, failures, read_by, tuple(dict.fromkeys(notes))[:_MAX_NOTES])


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Each warning and error: its kind, and its words on one line."""
    blocks: list[tuple[re.Match[str], list[str]]] = []
    for line in lines:
        if begins := _BEGINS.fullmatch(line):
            blocks.append((begins, []))
        elif blocks and not _READ.fullmatch(line) and not _DECLINED.fullmatch(line):
            blocks[-1][1].append(line)
    for begins, rest in blocks:
        words = [begins["new"] or begins["old"] or ""]
        if begins["new"] is None:
            words += rest
        elif _STDERR in rest:
            words += ["It said:", *[line for line in rest if line.strip()][-1:]]
        else:
            words += _folded([begins.string, *rest])
        text = _TRACEBACK.sub("", one_line(_EXCERPT.split(" ".join(words))[0]))
        yield begins[1] or "ERROR", text if len(text) <= _LIMIT else f"{text[: _LIMIT // 2]} ... {text[-_LIMIT // 2 :]}"


def _folded(lines: list[str]) -> Iterator[str]:
    """What goes on in the next lines, because it did not fit into one."""
    for line, following in pairwise(lines):
        word = following.partition(" ")[0]
        if not word or len(line) > _WIDTH or len(line) + 1 + len(word) <= _WIDTH:
            return
        yield following
