"""Text from outside, made harmless for a terminal, a report, a message: the one place where that is decided. Pure."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\x1b(?:\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]|.)?")
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 but tab and line ends, DEL, C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"  # line and paragraph separators, marks and overrides of direction
    "\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e007f]"  # lone surrogates, byte order marks, non-characters, tags
)
"""Characters that a file must not hold and a terminal must not see."""


def harmless(text: str, instead: str = "") -> str:
    """Without terminal escapes and control characters; tabs and ends of lines stay."""
    return CONTROL.sub(instead, _ESCAPE.sub(instead, text)).replace("\r", "")


def one_line(text: str, instead: str = "", limit: int = 0) -> str:
    """On one line, blanks drawn together, nothing but what prints; cut behind ``limit`` characters (0: never)."""
    letters = _ESCAPE.sub(instead, text)
    line = "".join(" " if letter.isspace() else letter if letter.isprintable() else instead for letter in letters)
    line = " ".join(line.split())
    return f"{line[: limit - 1]}\N{HORIZONTAL ELLIPSIS}" if limit and len(line) > limit else line
