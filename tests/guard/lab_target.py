"""A lab host as a target: everything that a run must leave as it found it, as text to compare."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from modbisect import lab
from modbisect.host import guard

GUARD = guard.GUARD
NO_WATCH = "systemctl stop modbisect-deputy.service modbisect-guard.timer"
"""Nobody restores by himself any more, but for the connection that keeps the lease."""

_STATE = ("/var/lib/apache2", "/var/lib/php")
_GENERATION = 'p=$(cat "/$1" 2>/dev/null) && echo "$p" && cut -d " " -f 22 "/proc/$p/stat" || echo down'
_PID_FILES = {
    "apache2": "run/apache2/apache2.pid",
    "httpd": "run/httpd/httpd.pid",
    "nginx": "run/nginx.pid",
    "prefix": "usr/local/apache2/logs/httpd.pid",
}
_PHP = ("/etc/php", "/etc/php.d", "/etc/php.ini", "/etc/php-fpm.d")
_LEFT = (
    *("/var/lib/modbisect", "/run/motd.d", "/etc/motd.d", "/etc/cron.d/modbisect"),
    *("/etc/systemd/system/modbisect*", "/etc/systemd/system/*/modbisect*", "/run/modbisect-scratch.*"),
)
"""What a run leaves nowhere."""
_UNITS = "systemctl list-units --no-legend 'modbisect*'; find /etc -name .modbisect"
_STAYS = {"lock", "last", "last-journal"}
"""In /run/modbisect."""


@dataclass(frozen=True, slots=True)
class Target:
    """One lab host and what can be seen of it from outside of any run."""

    host: lab.LabHost
    server: str = "apache2"

    @property
    def _pid(self) -> str:
        """What the server has written into its pid file."""
        return (self.root / _PID_FILES[self.server]).read_text().strip()

    def call(self, *argv: str, stdin: str = "") -> tuple[int, str]:
        """Exit status and all output of a command run as root, not over SSH."""
        done = lab.execute(self.host.name, argv, input=stdin.encode())
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def sh(self, script: str, *argv: str) -> str:
        """Output of a script that must work."""
        status, text = self.call("sh", "-c", script, "sh", *argv)
        assert status == 0, f"{script}: {text}"
        return text

    @property
    def root(self) -> Path:
        """Its root folder as the box sees it, past any process of the host: many tests look again and again."""
        (pid,) = (host.pid for host in lab.hosts() if host.name == self.host.name)
        return Path(f"/proc/{pid}/root")

    def files(self, *folders: str) -> frozenset[str]:
        """Paths, types, modes, owners, sizes, times, targets and contents, folders included."""
        root = self.root
        return frozenset(row for folder in folders for row in _tree(f"{root}{folder}", folder))

    def modules(self) -> frozenset[str]:
        """The shared objects in the live server's parent process."""
        self.settle()
        root = self.root
        maps = (root / "proc" / self._pid / "maps").read_text()
        rows = (line.split() for line in maps.splitlines())
        return frozenset(row[5] for row in rows if len(row) > 5 and ".so" in row[5])

    @contextmanager
    def replaced(self, program: str, script: str) -> Iterator[None]:
        """A shell script in the place of a program, which it finds as /root/really."""
        self.sh(
            """cp -a "$1" /root/really; printf '#!/bin/sh\n%s\n' "$2" >/root/instead; chmod 755 /root/instead
            mount --bind /root/instead "$1\"""",
            program,
            script,
        )
        try:
            yield
        finally:
            self.sh('umount -l "$1"; rm /root/really /root/instead', program)

    def settle(self) -> None:
        """Wait for a server that was started: systemctl returns before its pid file is there."""
        root = self.root

        def alive() -> bool:
            with suppress(OSError):
                return self._pid.isdigit() and (root / "proc" / self._pid / "maps").read_text() != ""
            return False

        wait_until(alive, 10, "the server has no process")

    def generation(self) -> str:
        """Changes with every restart of the server."""
        return self.sh(_GENERATION, _PID_FILES[self.server])

    def traces(self) -> str:
        """What a run has left behind outside of its write set; empty when nothing."""
        root = self.root
        left = [str(path.relative_to(root)) for pattern in _LEFT for path in root.glob(pattern.lstrip("/"))]
        with suppress(OSError):
            left += [path.name for path in (root / "run/modbisect").iterdir() if path.name not in _STAYS]
        if not left:
            with suppress(AssertionError):  # a look of the watch that was on its way as the run ended
                wait_until(lambda: "guard tick" not in self.sh(_UNITS), 10, "it does not end")
            left += self.sh(_UNITS).splitlines()
        return "\n".join(left)

    def page(self, path: str = "/") -> str:
        """The site's answer, as the host itself gets it."""
        return self.sh('curl -fsS -m 10 "http://localhost$1"', path)

    def kept(self) -> frozenset[str]:
        """What must be the same after a run: the server's files and systemd's, and the live modules."""
        return self.files(f"/etc/{self.server}", *_PHP, "/etc/systemd", *_STATE) | self.modules()

    def untouched(self) -> frozenset[str]:
        """What must be the same where nothing may be touched: all files, the server's process, no traces."""
        return self.files("/etc", *_STATE) | {self.generation(), self.traces()}

    def install_guard(self) -> None:
        """Bring the guard's script to the host, as a run does."""
        install = 'umask 077; mkdir -p "${1%/*}" && cat >"$1" && chmod 700 "$1"'
        lab.execute(self.host.name, ["sh", "-c", install, "sh", GUARD], input=guard.script())

    def guard(self, *argv: str, stdin: str = "") -> tuple[int, str]:
        """Call the guard as root: exit status and all output."""
        return self.call(GUARD, *argv, stdin=stdin)

    def state(self) -> str:
        """The guard's state; ENDED while a run's traces are being removed, NONE when there is nothing of any run."""
        base = self.root / "var/lib/modbisect"
        with suppress(OSError):
            return (base / "cur/state").read_text().strip()
        # The run may end between any two looks: what cannot be read is looked for, never the other way round.
        names = (name for folder, name in (("cur", "SNAP"), ("ended", "ENDED")) if (base / folder).exists())
        return next(names, "NONE")


_KINDS = {stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFLNK: "l"}


def _tree(path: str, inside: str) -> Iterator[str]:
    """A row for a path, and for each below it; none where it is not there."""
    try:
        own = os.lstat(path)
    except FileNotFoundError:
        return
    kind, what = _KINDS.get(stat.S_IFMT(own.st_mode), "?"), ""
    if kind == "l":
        what = os.readlink(path)  # noqa: PTH115  # as below
    elif kind == "f":
        what = _digest(path, own)
    # That of a folder is the file system's own business.
    mode, size = f"{stat.S_IMODE(own.st_mode):o}", "" if kind == "d" else str(own.st_size)
    yield "\t".join((inside, kind, mode, str(own.st_uid), str(own.st_gid), size, _time(own.st_mtime_ns), what))
    if kind == "d":
        for name in os.listdir(path):  # noqa: PTH208  # thousands of files, again and again
            yield from _tree(f"{path}/{name}", f"{inside}/{name}")


_digests: dict[tuple[int, ...], str] = {}
_SETTLED = 2 * 10**9
"""Nanoseconds after which one more change would show in a file's times, however coarse the kernel's clock is."""


def _digest(path: str, own: os.stat_result) -> str:
    """Of what is in a file; read but once, for nothing changes it without the time of its inode."""
    at = (own.st_dev, own.st_ino, own.st_size, own.st_mtime_ns, own.st_ctime_ns)
    if known := _digests.get(at):
        return known
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if time.time_ns() - own.st_ctime_ns > _SETTLED:
        _digests[at] = digest
    return digest


def _time(nanoseconds: int) -> str:
    """As find prints it."""
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}0"


def wait_until(true: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> float:
    """Seconds until it is true; it is asked again and again, and fails the test after ``seconds``."""
    began = time.monotonic()
    pause = 0.02
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what() if callable(what) else what}"
        time.sleep(pause)  # longer and longer: to ask costs the host's processor, which others wait for
        pause = min(0.3, 1.5 * pause)
    return time.monotonic() - began
