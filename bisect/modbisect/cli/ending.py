"""How the command ends, whatever happens: a sentence for a person, and an exit code with one meaning."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

from modbisect import state
from modbisect.cli.streams import NobodyReads, silence, tell
from modbisect.errors import Exit, ModbisectError, Unforeseen, Unwritten, in_words

_KEPT = 20
"""Files with the details of errors that are kept."""


def end(error: BaseException) -> int:
    """Tell a person of what ended the command; the exit code."""
    match error:
        case KeyboardInterrupt() | EOFError() | click.exceptions.Abort():
            tell("modbisect: interrupted; this command has no run under way")
            return Exit.INTERRUPTED
        case click.ClickException():
            try:
                error.show()
            except OSError:
                silence(sys.stderr)
            return Exit.USAGE
        case NobodyReads():
            silence(sys.stdout)
            return Exit.OK
        case _:
            return _tell(in_words(error), error)


def _tell(known: ModbisectError, error: BaseException) -> int:
    """Tell of an error, and where the details are of one that nobody has foreseen; its exit code."""
    if isinstance(known, Unwritten):
        silence(sys.stdout)
    if isinstance(known, Unforeseen):
        details = "".join(traceback.format_exception(error))
        try:
            place = f"in {_kept(details)}"
        except Exception as reason:  # noqa: BLE001  # nothing that fails here may hide what failed first
            why = str(reason).partition("\n")[0]
            tell(f"{details}modbisect: these details could not be kept: {why}")
            place = "above"
        known.advice = " ".join(filter(None, [known.advice, f"the details are {place}: please report them"]))
        known.state = known.state or "this command has no run under way"
    tell(f"modbisect: {known}")
    return known.exit


def _kept(details: str) -> Path:
    """Write the details of an error where only the user can read them."""
    folder = state.folder() / "errors"
    state.make(folder)
    if why := state.unsafe(folder.parent) or state.unsafe(folder):
        raise OSError(0, why)
    path = folder / f"{datetime.now(UTC).isoformat(timespec='microseconds')}-{os.getpid()}.txt"
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600),
        "w",
        encoding="utf-8",
        errors="backslashreplace",
    ) as file:
        file.write(details)
    for old in sorted(folder.glob("*.txt"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path
