"""A lab host as a target: everything that a run must leave as it found it, as text to compare."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from modbisect import lab
from modbisect.host import guard

GUARD = guard.GUARD
NO_WATCH = "systemctl stop modbisect-deputy.service modbisect-guard.timer"
"""Nobody restores by himself any more, but for the connection that keeps the lease."""

_FILES = r"""
cd / && find "$@" -printf '%p\t%y\t%m\t%U\t%G\t%s\t%T@\t%l\n' | sort
find "$@" -type f -exec sha256sum {} + | sort -k 2
"""
_SERVER = r"""
read -r parent </run/apache2/apache2.pid || exit 1
awk '$6 ~ /\.so/ {print $6}' "/proc/$parent/maps" | sort -u
"""
_STATE = ("/var/lib/apache2", "/var/lib/php")
_GENERATION = (
    'p=$(cat /run/apache2/apache2.pid 2>/dev/null) && echo "$p" && cut -d " " -f 22 "/proc/$p/stat" || echo down'
)
_TRACES = """
ls -d /var/lib/modbisect 2>/dev/null
ls /run/modbisect 2>/dev/null | grep -vx -e lock -e last -e last-journal
systemctl list-units --no-legend 'modbisect*'
ls -d /etc/systemd/system/modbisect* /etc/systemd/system/*/modbisect* 2>/dev/null
ls -d /run/modbisect-scratch.* /run/motd.d /etc/motd.d /etc/cron.d/modbisect 2>/dev/null
find /etc -name .modbisect
:
"""


@dataclass(frozen=True, slots=True)
class Target:
    """One lab host and what can be seen of it from outside of any run."""

    host: lab.LabHost

    def call(self, *argv: str, stdin: str = "") -> tuple[int, str]:
        """Exit status and all output of a command run as root, not over SSH."""
        done = lab.execute(self.host.name, argv, input=stdin.encode())
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def sh(self, script: str, *argv: str) -> str:
        """Output of a script that must work."""
        status, text = self.call("sh", "-c", script, "sh", *argv)
        assert status == 0, f"{script}: {text}"
        return text

    def files(self, *folders: str) -> frozenset[str]:
        """Paths, types, modes, owners, sizes, times, targets and contents, folders included."""
        return frozenset(self.sh(_FILES, *folders).splitlines())

    def modules(self) -> frozenset[str]:
        """The shared objects in the live server's parent process."""
        self.settle()
        return frozenset(self.sh(_SERVER).split())

    def settle(self) -> None:
        """Wait for a server that was started: systemctl returns before its pid file is there."""
        alive = "kill -0 $(cat /run/apache2/apache2.pid)"
        wait_until(lambda: self.call("sh", "-c", alive)[0] == 0, 10, "the server has no process")

    def generation(self) -> str:
        """Changes with every restart of the server."""
        return self.sh(_GENERATION)

    def traces(self) -> str:
        """What a run has left behind outside of its write set; empty when nothing."""
        return self.sh(_TRACES)

    def page(self, path: str = "/") -> str:
        """The site's answer, as the host itself gets it."""
        return self.sh('curl -fsS -m 10 "http://localhost$1"', path)

    def kept(self) -> frozenset[str]:
        """What must be the same after a run: the server's files and systemd's, and the live modules."""
        return self.files("/etc/apache2", "/etc/php", "/etc/systemd", *_STATE) | self.modules()

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
        """The guard's state; ENDED while a run's traces are being removed, NONE when there is nothing of any run.

        Read past the host's shell, since many wait for it.
        """
        (pid,) = (host.pid for host in lab.hosts() if host.name == self.host.name)
        base = Path(f"/proc/{pid}/root/var/lib/modbisect")
        with suppress(OSError):
            return (base / "cur/state").read_text().strip()
        # The run may end between any two looks: what cannot be read is looked for, never the other way round.
        names = (name for folder, name in (("cur", "SNAP"), ("ended", "ENDED")) if (base / folder).exists())
        return next(names, "NONE")


def wait_until(true: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> float:
    """Seconds until it is true; it is asked again and again, and fails the test after ``seconds``."""
    began = time.monotonic()
    pause = 0.02
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what() if callable(what) else what}"
        time.sleep(pause)  # longer and longer: to ask costs the host's processor, which others wait for
        pause = min(0.3, 1.5 * pause)
    return time.monotonic() - began
