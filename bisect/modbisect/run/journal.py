"""The append-only record of a run on the controller: one JSON line an event, on disk before the next step."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from modbisect import state
from modbisect.errors import UsageError
from modbisect.playbook.text import shown
from modbisect.run.events import Began, Curing, Event, TrialBegan

_EVENT: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="type")], config=ConfigDict(ser_json_inf_nan="constants")
)


_TYPE = re.compile(rb'"type":"([a-z-]+)"}$')
"""An event's last field."""
_SHORT = 8
"""Letters of an id that a person is shown."""
_NEAREST = 3


def runs_folder() -> Path:
    """Where runs are kept."""
    return state.folder() / "runs"


class Journal:
    """One run's journal; an `Observer`.

    Raises:
        UsageError: it cannot be written. No host has been touched then.
    """

    def __init__(self, run: str, folder: Path | None = None) -> None:
        self.path = (folder or runs_folder()) / run / "journal.jsonl"
        try:
            state.make(self.path.parent)
            _refuse_others(self.path.parent)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write the journal {self.path}: {error.strerror}",
                state="no host was touched",
                advice="make room or set XDG_STATE_HOME to a folder that can be written",
            ) from error

        with suppress(OSError):  # where a file system knows no locks, a run under way looks like one that was killed
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._lost = ""
        """Why nothing can be written any more; a line that was cut short must stay the last."""

    def __call__(self, event: Event) -> None:
        """Append an event and wait until it is on disk.

        Raises:
            UsageError: it cannot be written; no trial begins without it, and nothing else is held up.
        """
        if not self._lost:
            try:
                self._append(event)
            except OSError as error:
                self._lost = f"cannot write the journal {self.path}: {error.strerror}"
        if self._lost and isinstance(event, Began | TrialBegan | Curing):
            raise UsageError(self._lost, advice="make room, and start or resume the run")

    def _append(self, event: Event) -> None:
        _append(self._fd, event)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _append(fd: int, event: Event) -> None:
    line = _EVENT.dump_json(event)
    stamp = json.dumps(datetime.now(UTC).isoformat(timespec="milliseconds"))
    left = b'{"at":' + stamp.encode() + b"," + line[1:] + b"\n"
    while left:
        left = left[os.write(fd, left) :]
    os.fsync(fd)


def add(run: str, event: Event, folder: Path | None = None) -> bool:
    """Append to the journal of a run that has ended; False where it is not kept here.

    Args:
        run: its whole id.
        event: what has become of it since.
        folder: where runs are kept.

    Raises:
        UsageError: others could have written it, or it cannot be written.
    """
    path = (folder or runs_folder()) / run / "journal.jsonl"
    if not run or not path.exists():
        return False
    try:
        _refuse_others(path.parent)
        if why := state.unsafe(path):
            raise _refused(why)
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        try:
            _append(fd, event)
        finally:
            os.close(fd)
    except OSError as error:
        raise UsageError(f"cannot write the journal {path}: {error.strerror}", advice="make room") from error
    return True


def read(run: str, folder: Path | None = None, only: Collection[str] = ()) -> Iterator[Event]:
    """The events of a run; a last line that was cut short is left out.

    Args:
        run: its id, the beginning of one, or ``last``.
        folder: where runs are kept.
        only: types of events; the lines of others are passed over unread. All where it is empty.

    Raises:
        UsageError: there is no such run, others could have written its journal, or it is damaged before the last
            line.
    """
    for _, event in _told(run, folder, only):
        yield event


def timed(run: str, folder: Path | None = None) -> Iterator[tuple[datetime, Event]]:
    """The events of a run as `read` gives them, each with when it was written (UTC).

    Raises:
        UsageError: as `read` does, and where a line does not say when.
    """
    for at, event in _told(run, folder):
        try:
            yield datetime.fromisoformat(at), event
        except ValueError as error:
            raise UsageError("a line of this journal does not say when it was written") from error


def _told(run: str, folder: Path | None, only: Collection[str] = ()) -> Iterator[tuple[str, Event]]:
    path = find(run, folder) / "journal.jsonl"
    try:
        lines = _own_bytes(path).split(b"\n")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        kind = _TYPE.search(line)
        if not line.strip() or (only and kind and kind[1].decode() not in only):
            continue
        try:
            fields = json.loads(line)
            at = str(fields.pop("at", ""))
            yield at, _EVENT.validate_python(fields)
        except (ValueError, TypeError, AttributeError, RecursionError, ValidationError) as error:
            if number >= len(lines) - 1 and not lines[-1]:
                raise _damaged(path, number) from error
            if number < len(lines):
                raise _damaged(path, number) from error


def _own_bytes(path: Path) -> bytes:
    """What is in a journal: it decides what a resumed run does to a host, so that nobody else may have written it."""
    _refuse_others(path.parent)
    if why := state.unsafe(path):
        raise _refused(why)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if why := state.unsafe(path, os.fstat(file.fileno())):
            raise _refused(why)
        return file.read()


def _refuse_others(run: Path) -> None:
    """Refuse a run's folder that others could write to, or turn under our hand."""
    for folder in (run.parent.parent, run.parent, run):
        if why := state.unsafe(folder):
            raise _refused(why)


def _refused(why: str) -> UsageError:
    return UsageError(
        f"a journal must be the user's own, and {why}",
        state="no host was touched",
        advice="see who wrote there; if all is well, take it over with chown and 'chmod go-w'",
    )


def _damaged(path: Path, number: int) -> UsageError:
    return UsageError(f"{path}:{number}: not a line of a journal", advice="the lines before it are still good")


def under_way(run: Path) -> bool:
    """Whether a run's process, whose folder this is, still writes its journal."""
    try:
        fd = os.open(run / "journal.jsonl", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def runs(folder: Path | None = None) -> list[Path]:
    """The folders of all runs that are kept, the latest first."""
    kept = (folder or runs_folder()).glob("*/journal.jsonl")
    return [path.parent for path in sorted(kept, key=lambda path: path.lstat().st_mtime)[::-1]]


def find(run: str, folder: Path | None = None) -> Path:
    """The folder of a run.

    Raises:
        UsageError: no run, or several, begin with that id.
    """
    kept = runs(folder)
    if not kept:
        raise UsageError(f"no runs are kept in {folder or runs_folder()}", advice="start one with 'modbisect run'")
    if run == "last":
        return kept[0]
    matching = [path for path in kept if path.name.startswith(run)]
    if len(matching) == 1:
        return matching[0]
    names = {path.name[:_SHORT]: path for path in reversed(matching or kept)}
    nearest = [names[name] for name in get_close_matches(run[:_SHORT], names, _NEAREST)]
    said = "; ".join(map(_label, nearest or (matching or kept)[:_NEAREST]))
    raise UsageError(
        f"{'several runs begin' if matching else 'no run begins'} with {shown(run)}",
        advice=f"{'the nearest' if nearest else 'the latest'}: {said}; 'modbisect runs' lists all",
    )


def _label(run: Path) -> str:
    """What a person knows a run by."""
    try:
        began = next(read(run.name, run.parent), None)
    except UsageError:
        began = None
    about = f" ({began.host}, {began.playbook}, {began.started[:16]})" if isinstance(began, Began) else ""
    return run.name[:_SHORT] + about
