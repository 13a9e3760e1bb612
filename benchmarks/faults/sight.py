"""A lab host seen from the box, past its network and without a process of its own: all that a trial asks of it."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from ground import SMALL, Ground

from modbisect import lab
from modbisect.host.helper import GUARD

CURRENT = "/var/lib/modbisect/cur"
RUN = "/run/modbisect"
_STAY = {"lock", "last", "last-journal"}
"""What may stay in /run/modbisect."""
_LEFT = (
    "/var/lib/modbisect",
    "/run/motd.d",
    "/etc/motd.d",
    "/etc/cron.d/modbisect",
)
_NAMES = (
    ("/etc/systemd/system", "modbisect"),
    ("/etc/systemd/system/multi-user.target.wants", "modbisect"),
    ("/run/systemd/transient", "modbisect"),
    ("/run/systemd/system", "modbisect"),
    ("/run", "modbisect-scratch"),
)
_POLL_SECONDS = 0.02
_LIBRARY = re.compile(r"(/usr)?(/local)?/lib[0-9a-z]*(/[a-z0-9_]+-linux-[a-z0-9]+)?/[^/]+")


class Dirty(Exception):
    """The host, or what was said of it, is not as it must be."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One running host, since one boot."""

    name: str
    address: str
    root: Path
    """Its root folder; absolute links in it lead astray, and none is followed."""
    ground: Ground

    @classmethod
    def of(cls, name: str, ground: Ground = SMALL) -> Sight:
        """The host as it runs now."""
        (host,) = (one for one in lab.hosts() if one.name == name)
        return cls(name, host.address, Path(f"/proc/{host.pid}/root"), ground)

    def path(self, inside: str) -> Path:
        """Where a path of the host lies for the box."""
        return self.root / inside.lstrip("/")

    def text(self, inside: str) -> str:
        """A file of the host; empty when it is not there."""
        try:
            return self.path(inside).read_text(errors="replace")
        except OSError:
            return ""

    def state(self) -> str:
        """The guard's state; NONE when no run is open."""
        return self.text(f"{CURRENT}/state").strip() or ("SNAP" if self.path(CURRENT).exists() else "NONE")

    def files(self) -> frozenset[tuple[str, ...]]:
        """Path, type and mode, owner, size, time, target and content of what a run must leave as it was."""
        own = self.path("/etc").lstat()
        return frozenset(
            [
                ("/etc", str(own.st_mtime_ns)),
                *(row for folder in self.ground.kept for row in self._tree(self.path(folder))),
            ]
        )

    def _tree(self, folder: Path) -> Iterator[tuple[str, ...]]:
        yield self.row(folder)
        if not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._tree(Path(entry.path))
                else:
                    yield self.row(Path(entry.path))

    def row(self, path: Path | str) -> tuple[str, ...]:
        """One path, as the host has it; empty when it has none."""
        if isinstance(path, str):
            path = self.path(path)
        if not os.path.lexists(path):
            return ()
        own = path.lstat()
        what = ""
        if path.is_symlink():
            what = str(path.readlink())
        elif path.is_file():
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        size = 0 if path.is_dir() and not path.is_symlink() else own.st_size
        inside = f"/{path.relative_to(self.root)}"
        return inside, f"{own.st_mode:o}", f"{own.st_uid}:{own.st_gid}", str(size), str(own.st_mtime_ns), what

    def modules(self) -> frozenset[str]:
        """The modules and extensions in the live servers' parents; none while they are down.

        A library that they bring along may get another name at any time, and lies directly in a folder of libraries.
        """
        pids = [self.text(path).strip() for path in self.ground.pids]
        lines = [line for pid in pids if pid.isdigit() for line in self.text(f"/proc/{pid}/maps").splitlines()]
        return frozenset(line.split()[5] for line in lines if ".so" in line and not _LIBRARY.fullmatch(line.split()[5]))

    def server(self) -> str:
        """Which server runs: its parent's pid and start; empty while it is down."""
        pid = self.text(self.ground.pids[0]).strip() if self.ground.pids else ""
        words = self.text(f"/proc/{pid}/stat").rpartition(") ")[2].split() if pid.isdigit() else []
        return f"{pid} since {words[19]}" if words else ""

    def page(self) -> bytes:
        """The site's answer; nothing when there is none."""
        connection = HTTPConnection(self.address, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read(4096)
        except (OSError, HTTPException):
            return b""
        finally:
            connection.close()

    def processes(self, word: str = "modbisect") -> dict[int, str]:
        """Processes of the host that have a word in their command line, by the host's own numbers."""
        found = {}
        for folder in self.path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    if word in line:
                        found[int(folder.name)] = line
        return found

    def traces(self) -> list[str]:
        """Files, units and timers of a run that are still there."""
        run = self.path("/run/modbisect")
        left = [path for path in _LEFT if os.path.lexists(self.path(path))]
        left += [f"/run/modbisect/{one.name}" for one in run.iterdir() if one.name not in _STAY] if run.is_dir() else []
        for folder, own in _NAMES:
            left += [f"{folder}/{one.name}" for one in self.path(folder).glob(f"{own}*")]
        return left + [
            f"{folder}/.modbisect"
            for folder in self.ground.switched
            if os.path.lexists(self.path(f"{folder}/.modbisect"))
        ]

    # --- acting on it --------------------------------------------------------------------------

    def call(self, *argv: str, stdin: bytes = b"", timeout: float = 60) -> tuple[int, str]:
        """Status and all output of a command run as root, not over SSH."""
        done = lab.execute(self.name, argv, input=stdin, timeout=timeout)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()

    def sh(self, script: str, *argv: str) -> str:
        """Output of a script that must work."""
        status, text = self.call("sh", "-c", script, "sh", *argv)
        if status != 0:
            raise Dirty(f"{script.strip().splitlines()[0]}: {status}: {text}")
        return text

    def guard(self, *argv: str, stdin: bytes = b"", timeout: float = 60) -> tuple[int, str]:
        """Call the guard as root."""
        return self.call(GUARD, *argv, stdin=stdin, timeout=timeout)

    def watches(self) -> list[str]:
        """Timers and paths that start the guard, by their units' names."""
        units = self.path("/run/systemd/transient").glob("modbisect-guard*")
        return sorted(one.name for one in units if one.suffix in (".timer", ".path"))


def wait(true: Callable[[], object], seconds: float) -> bool:
    """Wait until it is true; False when it is not within that time."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True
