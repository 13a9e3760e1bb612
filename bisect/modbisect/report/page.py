"""A page: one file that opens from disk, without a script and without a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from modbisect.harmless import one_line
from modbisect.report.blocks import Block, Table
from modbisect.report.drawing import Chart


@dataclass(frozen=True, slots=True)
class Folded:
    """What a reader opens who wants to know."""

    words: str
    table: Table


Part: TypeAlias = Block | Chart | Folded


def page(parts: Iterable[Part], *, verdict: str, source: str, mood: str) -> str:
    """A page of HTML, ending in a newline; no text from a host is more than text in it.

    A policy in its head forbids everything but its own style sheet, which it names by digest.

    Args:
        parts: what stands below the verdict.
        verdict: its heading, a sentence.
        source: what it is of, in a few words.
        mood: the class of the whole, which colours the verdict.
    """
    style = _beside("page.css")
    written = _template().render(
        style=Markup(style),  # noqa: S704  # our own
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        title=f"{source}: {verdict}",
        mood=mood,
        source=source,
        verdict=verdict,
        parts=list(parts),
        kind=lambda part: type(part).__name__,
    )
    return written + "\n"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_harmless)
    return environment.from_string(_beside("page.html.j2"))


def _beside(name: str) -> str:
    return (files("modbisect.report") / name).read_text(encoding="utf-8")


def _harmless(value: object) -> object:
    """What a page is made of, but for its own parts, holds no control character."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else one_line(value)
