"""The controller's side of the guard: typed calls to the script on the target, and the heartbeat."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Self

from modbisect.components import Step
from modbisect.errors import Fenced, LinkLost, ModbisectError, NotRestored, Refused
from modbisect.host.link import Result, clean, lines_of
from modbisect.host.privilege import RootLink

GUARD = "/var/lib/modbisect/guard"

_INSTALL = """
umask 077
d=/var/lib/modbisect
mkdir -m 0700 "$d" 2>/dev/null
[ ! -L "$d" ] && [ "$(stat -c %u:%a "$d")" = 0:700 ] || { echo "$d is not a folder of root's alone" >&2; exit 77; }
t=$(mktemp "$d/guard.XXXXXX") && cat >"$t" && chmod 0700 "$t" && mv -fT "$t" "$d/guard"
"""
_WITHDRAW = "[ -e /var/lib/modbisect/cur ] || { rm -f /var/lib/modbisect/guard; rmdir /var/lib/modbisect; } 2>/dev/null"

_HELD, _FENCED, _UNSAFE, _DIFFERS = 75, 76, 77, 78
_CONFIG_TEST, _RESTART = 20, 21


@dataclass(frozen=True, slots=True)
class Status:
    """What the guard says of itself."""

    state: str
    """``NONE``, ``SNAP``, ``ARMED``, ``RESTORING``, ``RESTORED`` or ``FAILED``."""
    run: str = ""
    owner: str = ""
    lease_seconds: int = 0
    reason: str = ""
    rolled_back: str = ""
    """The last run that the guard rolled back by itself."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What one trial's guard call did."""

    verdict: str
    """``ok``, ``configtest`` or ``restart``."""
    change_seconds: float
    test_seconds: float
    restart_seconds: float
    loaded: frozenset[str]
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The manifest that a restore is held against."""

    entries: int
    digest: str


class Guard:
    """One host's guard, on the connection that changes things."""

    def __init__(self, root: RootLink, run: str) -> None:
        self._root = root
        self.run = run
        self.host = root.name

    def install(self) -> None:
        """Bring the script to the host.

        Raises:
            Refused: its folder is not safe to use, or cannot be written.
        """
        text = resources.files(__package__).joinpath("guard.sh").read_bytes()
        done = self._root.execute(["/bin/sh", "-c", _INSTALL], stdin=text)
        if done.status != 0:
            raise Refused(
                f"cannot install the guard: {done.complaint or f'status {done.status}'}",
                host=self.host,
                state="nothing was changed",
                advice="look at /var/lib/modbisect and at the space on its disk",
            )

    def withdraw(self) -> None:
        """Take the script away again when no run is open."""
        self._root.execute(["/bin/sh", "-c", _WITHDRAW])

    def snapshot(self, owner: str, folders: Iterable[str], units: Iterable[str]) -> Snapshot:
        """Lock the host for this run and copy the write set.

        Raises:
            Refused: another run holds the host, or there is no room; nothing was changed.
        """
        spec = [f"owner {re.sub(r'[^-A-Za-z0-9@._: ]', '_', owner)}"]
        spec += [f"dir {folder}" for folder in folders] + [f"unit {unit}" for unit in units]
        done = self._call("snap", stdin="\n".join(spec).encode() + b"\n")
        if done.status != 0:
            raise self._refused(done, "cannot take the snapshot")
        values = _values(done)
        return Snapshot(int(values.get("entries", "0")), values.get("digest", ""))

    def arm(self, lease: int) -> None:
        """Start the watch: from now on ``lease`` seconds of silence restore the host.

        Raises:
            Refused: the watch does not start; nothing was changed.
        """
        done = self._call("arm", str(lease))
        if done.status != 0:
            raise self._refused(done, "cannot arm the guard")

    def heartbeat(self, lease: int, on_loss: Callable[[ModbisectError], None]) -> Heartbeat:
        """Keep the lease from a thread and a connection of its own."""
        return Heartbeat(self._root, self.run, lease, on_loss)

    def apply(self, steps: Sequence[Step], *, reap: bool, deadline: float = 120.0) -> Applied:
        """Converge on a configuration, test it, restart the server, wait for its new process.

        Args:
            steps: all deviations from the state as found; what is not among them is put back.
            reap: a request of the last trial was cut off: end the worker that may still burn on it.
            deadline: seconds.

        Raises:
            Fenced: the guard no longer takes orders from this run.
            LinkLost: the outcome is unknown.
        """
        lines = [step.line() for step in steps] + (["reap"] if reap else [])
        done = self._call("apply", stdin=("\n".join(lines) + "\n").encode(), deadline=deadline)
        if done.status not in (0, _CONFIG_TEST, _RESTART):
            raise self._refused(done, "cannot change the configuration")
        values = _values(done)
        change, test, restart = (int(part) / 1000 for part in values.get("ms", "0 0 0").split())
        return Applied(
            values.get("verdict", "restart"),
            change,
            test,
            restart,
            frozenset(line[3:] for line in lines_of(done.text) if line.startswith("so ")),
            "\n".join(line[5:] for line in lines_of(done.text) if line.startswith("text ")),
        )

    def restore(self) -> str:
        """Put the host back and verify it; the manifest's digest.

        Raises:
            Fenced: the guard has done it, or is doing it.
            NotRestored: something differs.
        """
        done = self._call("restore", deadline=180.0)
        if done.status == _FENCED:
            raise self._refused(done, "")
        values = _values(done)
        if done.status != 0 or "same" not in values or values.get("loaded") != "same":
            raise NotRestored(
                f"the restore could not be verified: {done.complaint}",
                host=self.host,
                state="the guard stays and tries again every 10 s",
                advice=f"look at the host; 'modbisect restore {self.host}' or, there, '{GUARD} rescue force'",
            )
        return values["same"]

    def disarm(self) -> None:
        """End the run and remove every trace.

        Raises:
            NotRestored: the guard refuses, because something differs.
        """
        done = self._call("disarm")
        if done.status != 0:
            raise NotRestored(
                f"the guard does not let go: {done.complaint}",
                host=self.host,
                state="the guard stays on the host",
                advice=f"look at it with 'modbisect status {self.host}'",
            )

    def rescue(self, *, force: bool) -> str:
        """Restore whatever run is open on the host; what the guard says.

        Raises:
            Refused: that run is still at work.
            NotRestored: something differs.
        """
        done = self._root.execute([GUARD, "rescue", *(["force"] if force else [])], deadline=180.0)
        if done.status == _HELD:
            raise Refused(
                done.complaint,
                host=self.host,
                state="a run is open and alive",
                advice="let it end, or take the host from it with --force",
            )
        if done.status != 0:
            raise NotRestored(
                done.complaint,
                host=self.host,
                state="the guard tries again every 10 s",
                advice="look at the host",
            )
        return done.text.strip()

    def status(self) -> Status:
        """What the guard says of itself; ``NONE`` where there is none."""
        done = self._root.execute(
            [
                "/bin/sh",
                "-c",
                f"[ ! -x {GUARD} ] || exec {GUARD} status; cat /run/modbisect/last 2>/dev/null; :",
            ]
        )
        values = _values(done)
        return Status(
            state=values.get("state", "NONE"),
            run=values.get("run", ""),
            owner=values.get("owner", "").strip(),
            lease_seconds=int(values.get("lease", "0")),
            reason=values.get("reason", ""),
            rolled_back=values.get("rolled-back", ""),
        )

    def _call(self, verb: str, *arguments: str, stdin: bytes = b"", deadline: float = 60.0) -> Result:
        return self._root.execute([GUARD, verb, self.run, *arguments], stdin=stdin, deadline=deadline)

    def _refused(self, done: Result, what: str) -> ModbisectError:
        said = done.complaint.removeprefix("modbisect-guard: ")
        if done.status == _FENCED or (done.status in (126, 127) and "guard" in said):
            return Fenced(
                "the guard rolled the host back and takes no more orders from this run",
                host=self.host,
                state="restored by the guard, or about to be",
                advice=f"look with 'modbisect status {self.host}'; then run again",
            )
        state = "nothing was changed" if done.status in (_HELD, _UNSAFE) else "the guard restores the host"
        return Refused(
            f"{what}: {said or f'status {done.status}'}",
            host=self.host,
            state=state,
            advice=f"look with 'modbisect status {self.host}'",
        )


def _values(done: Result) -> dict[str, str]:
    return {key: value for key, _, value in (clean(line).partition(" ") for line in done.text.split("\n"))}


class Heartbeat:
    """Renews the lease from a thread, on a connection of its own, so that no long command can hold it up.

    Its remote end expires the lease at once when the connection ends: a killed controller costs a second, not a
    lease.
    """

    def __init__(self, root: RootLink, run: str, lease: int, on_loss: Callable[[ModbisectError], None]) -> None:
        self._root = root
        self._run = run
        self._lease = lease
        self._on_loss = on_loss
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._link = self._root.sibling()
        self._stream = self._link.stream([GUARD, "keep", self._run, str(self._lease)])
        self._stream.ask("beat", deadline=10.0)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop beating; the lease runs out by itself unless the host is restored before."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._stream.close()
        self._link.close()

    def _beat(self) -> None:
        while not self._end.wait(self._lease / 6):
            try:
                self._stream.ask("beat", deadline=self._lease / 2)
            except LinkLost:
                if not self._end.is_set():
                    self._on_loss(
                        Fenced(
                            "the heartbeat to the guard was lost",
                            host=self._root.name,
                            state=f"the guard restores the host within {self._lease} s",
                            advice=f"look with 'modbisect status {self._root.name}'",
                        )
                    )
                return
