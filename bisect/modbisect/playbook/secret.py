"""Secrets: files hold references to them, and only who makes the request resolves one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from modbisect.errors import UsageError
from modbisect.playbook.text import shown

REFERENCE_PATTERN = r"^(?:env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:[/~].*)$"
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:[/~][^\r\n]*")
_MAX_BYTES = 16 << 10

PROMPT = "prompt"
"""The reference to a secret that a person types."""


def check_reference(text: str) -> str:
    """``text`` when it is ``env:NAME`` or ``file:/PATH``; the ValueError keeps quiet about the text."""
    if not _REFERENCE.fullmatch(text):
        raise ValueError(
            'a secret must not stand in a file; name an environment variable ("env:NAME") '
            'or a file by its whole path ("file:/PATH")',
        )
    return text


def resolve_secret(reference: str, ask: Callable[[], str] | None = None) -> str:
    """The secret that ``env:NAME``, ``file:PATH`` or ``prompt`` refers to; call it as late as possible.

    A file's line end is no part of it. ``ask`` prompts a person; leave it out where no terminal is.

    Raises:
        UsageError: The variable or file is missing, unreadable or empty, or nobody can be asked.
    """
    scheme, _, name = reference.partition(":")
    if reference == PROMPT:
        if ask is None:
            raise UsageError(
                "a password must be typed, and there is no terminal",
                advice='use "env:NAME" or "file:/PATH" in place of "prompt"',
            )
        secret = ask()
    elif scheme == "env":
        secret = os.environ.get(name, "")
    elif scheme == "file":
        secret = _read(Path(name))
    else:
        raise UsageError("a secret was given, not a reference to one", advice='use "env:NAME" or "file:/PATH"')
    if not secret:
        raise UsageError(f"the secret {shown(reference)} is empty or not set", advice="set it and start again")
    return secret


def _read(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        text = raw.decode()
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"the secret in {shown(str(path))} cannot be read: {reason}", advice="correct its file or its path"
        ) from None
    if len(raw) > _MAX_BYTES:
        raise UsageError(
            f"the secret in {shown(str(path))} is larger than {_MAX_BYTES >> 10} KiB",
            advice="name a file with nothing else in it",
        )
    return text.removesuffix("\n").removesuffix("\r")
