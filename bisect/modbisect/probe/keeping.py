"""Why a cache on the way keeps nothing of an answer, by what the answer says. Pure.

RFC 9111, sections 3 and 5.2; that a cookie is set keeps most shared caches away beyond that, and `Vary` by what differs
from visitor to visitor makes a copy for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_CONTROL = re.compile(r"\b(no-store|private|no-cache|(?:s-maxage|max-age)=0)\b", re.IGNORECASE)
_VARIES = re.compile(r"\*|\bcookie\b|\buser-agent\b", re.IGNORECASE)
_NAME = re.compile(r"[^=;\s]{1,64}")


def unkept(headers: Iterable[str]) -> str:
    """What keeps it from being kept, as the end of a sentence about the answer; empty where nothing does."""
    return " and ".join(dict.fromkeys(_reasons(headers)))


def _reasons(headers: Iterable[str]) -> Iterator[str]:
    for header in headers:
        name, _, value = header.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "set-cookie" and (cookie := _NAME.match(value)):
            yield f"sets the cookie {cookie[0]}"
        elif name == "cache-control" and (said := _CONTROL.search(value)):
            yield f"says Cache-Control: {said[0].lower()}"
        elif name == "pragma" and "no-cache" in value.lower():
            yield "says Pragma: no-cache"
        elif name == "vary" and (varies := _VARIES.search(value)):
            yield f"varies by {varies[0]}"
