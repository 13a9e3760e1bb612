"""Text made fit for Markdown. Pure."""

from __future__ import annotations

import re

from modbisect.harmless import one_line

_MARKUP = re.compile(r"[\\`*\[\]|~#$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=]")
_NUMBERED = re.compile(r"^([0-9]+)(?=[.)](?:\s|$))")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """One line that Markdown shows as it is, in a paragraph, a list or a cell of a table."""
    marked = _MARKUP.sub(r"\\\g<0>", one_line(text))
    return _NUMBERED.sub(r"\1\\", marked).translate(_HTML)


def fenced(lines: tuple[str, ...]) -> str:
    """Commands as a block of code; its fence is longer than any run of backticks inside."""
    shown = [one_line(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}sh", *shown, fence])
