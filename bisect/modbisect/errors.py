"""Every error a user can meet: what happened, the exit code, and what to do now."""

from __future__ import annotations

import errno
from enum import IntEnum

from modbisect.harmless import one_line


class Exit(IntEnum):
    """The exit codes, one meaning each."""

    OK = 0
    """Nothing is slow, nothing to report."""
    FOUND = 1
    """A culprit or a regression was found."""
    USAGE = 2
    """The command line, the playbook or the inventory is wrong."""
    INCONCLUSIVE = 3
    """Inconclusive: what it may cost is spent, the site was away for too long, the maintenance window closed; or
    'modbisect incident' has ranked the suspects where nothing may be switched."""
    REFUSED = 4
    """Refused, or the host cannot be reached; nothing was changed."""
    NOT_RESTORED = 5
    """The host could not be shown to be as found: a person must look."""
    CLEARED = 6
    """It is slow, and everything that could be tested is cleared: the cause is not among what can be switched here."""
    UNFORESEEN = 70
    """Something unforeseen went wrong; the error says in which state the host is, and where the details are."""
    UNWRITTEN = 74
    """Standard output does not take the answer, as on a full disk; 'modbisect report' prints that of a run."""
    INTERRUPTED = 130
    """Interrupted at the terminal (SIGINT); the host was restored."""
    TERMINATED = 143
    """Asked to end (SIGTERM), or its terminal went away (SIGHUP); the host was restored."""


class ModbisectError(Exception):
    """Base of every error meant for a person.

    ``what`` says what happened, ``host`` where, ``state`` what state the host is in now,
    ``advice`` what to do about it.
    """

    exit: Exit = Exit.REFUSED

    def __init__(self, what: str, *, host: str = "", state: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.host = host
        self.state = state
        self.advice = advice

    def __str__(self) -> str:
        where = f"{self.host}: " if self.host else ""
        lines = [f"{where}{self.what}"]
        if self.state:
            lines.append(f"state: {self.state}")
        if self.advice:
            lines.append(f"to do: {self.advice}")
        return "\n".join(lines)


class UsageError(ModbisectError):
    """The command line, the playbook or the inventory is wrong; no host was touched."""

    exit = Exit.USAGE


class Refused(ModbisectError):
    """A check before the first change said no; nothing was changed."""

    exit = Exit.REFUSED


class NothingInside(Refused):
    """The files to look into hold nothing that could be switched on this host, or no server reads them."""


class Unreachable(Refused):
    """The host cannot be reached, or is not the host we know; nothing was changed."""


class Fenced(ModbisectError):
    """The guard no longer takes orders from this run: it has restored, or is restoring, the host."""

    exit = Exit.INCONCLUSIVE


class LinkLost(ModbisectError):
    """The connection broke while a command was under way: its outcome is unknown."""

    exit = Exit.INCONCLUSIVE


class NotRestored(ModbisectError):
    """The host could not be shown to be as found: a person must look."""

    exit = Exit.NOT_RESTORED


class Interrupted(ModbisectError):
    """A signal ended the run; the host was restored."""

    exit = Exit.INTERRUPTED


class ProbeError(ModbisectError):
    """The probe itself failed, so nothing was measured."""

    exit = Exit.INCONCLUSIVE


class Unwritten(ModbisectError):
    """Standard output did not take the answer."""

    exit = Exit.UNWRITTEN


class Unforeseen(ModbisectError):
    """Something went wrong that no part of modbisect had thought of."""

    exit = Exit.UNFORESEEN


def in_words(error: BaseException) -> ModbisectError:
    """Any exception as one for a person; `Unforeseen` unless it has a plain cause outside of modbisect."""
    match error:
        case ModbisectError():
            return error
        case MemoryError():
            return Unforeseen("there is no memory left", advice="free some, or raise the limit;")
        case RecursionError():
            return Unforeseen("something is nested too deeply to be worked through")
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return UsageError(f"the disk is full: {error}", advice="make room, and try again")
        case FileNotFoundError() if "temporary directory" in str(error):  # as tempfile words it
            return UsageError(
                "there is no folder for temporary files",
                advice="set TMPDIR to a folder that can be written and has room",
            )
        case _:
            try:
                said = one_line(str(error), limit=300)
            except Exception:  # noqa: BLE001  # its words are its own code
                said = ""
            return Unforeseen(f"something unforeseen went wrong: {type(error).__name__}{said and ': '}{said}")
