"""The folder where runs and their like are kept: the user's own, and closed to others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs

from modbisect.errors import UsageError

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def folder() -> Path:
    """Where modbisect keeps what lasts longer than a command.

    Raises:
        UsageError: the user has no home.
    """
    try:
        place = platformdirs.user_state_path("modbisect")
    except RuntimeError:
        place = Path("~")
    if not place.is_absolute():  # an unknown home is left as "~" by older platformdirs
        raise UsageError(
            f"user id {os.getuid()} has no home on this machine, so there is no place for what is kept of runs",
            state="no host was touched",
            advice="set HOME, or XDG_STATE_HOME, to a folder of this user's own",
        )
    return place


def make(path: Path) -> None:
    """Make a folder, and those above it that are not there, for the user alone, whatever the umask.

    Raises:
        OSError: it cannot be made.
    """
    if not path.parent.exists():
        make(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)


def unsafe(path: Path, seen: os.stat_result | None = None) -> str:
    """Why others could have written a file or a folder, in words; empty where they could not.

    Args:
        path: it; a link is not followed.
        seen: what it is, of a file that is open.

    Raises:
        OSError: it is not there.
    """
    about = seen or path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return f"{path} is a link"
    if about.st_uid != os.geteuid():
        return f"{path} belongs to another user (uid {about.st_uid})"
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        return f"{path} is neither file nor folder"
    if about.st_mode & _OTHERS:
        return f"others may write {path} (mode {stat.S_IMODE(about.st_mode):03o})"
    return ""
