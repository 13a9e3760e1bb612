"""Text from a file made fit for a message, and suggestions for misspelt words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from modbisect.harmless import harmless


def clean(text: str, limit: int = 60) -> str:
    """Text for a message: one line, bounded, harmless to a terminal."""
    text = harmless(text, "?").translate({9: " ", 10: " ", 13: " "})
    return f"{text[:limit]}..." if len(text) > limit else text


def shown(value: object) -> str:
    """A value for a message, as it would stand in a file; text in double quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{clean(value)}"' if isinstance(value, str) else clean(str(value))


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """``; did you mean "x"?`` for the nearest known word, or nothing when none is near (1 is equal)."""
    near = difflib.get_close_matches(word[:100].lower(), sorted(set(known)), n=1, cutoff=likeness)
    return f'; did you mean "{near[0]}"?' if near else ""
