"""The controller's side of the guard: typed calls to the script on the target, and the heartbeat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from modbisect.errors import LinkLost, ModbisectError, NotRestored, Refused
from modbisect.host.guard.heartbeat import Heartbeat, fenced
from modbisect.host.guard.values import (
    CANNOT_RUN,
    GONE,
    Applied,
    Code,
    Confirmed,
    Nonsense,
    Sample,
    Snapshot,
    Status,
    pairs,
)
from modbisect.host.helper import GUARD, digest, script
from modbisect.host.link import Result, Stream
from modbisect.host.privilege import RootLink
from modbisect.kinds import Step

__all__ = [
    "GUARD",
    "Applied",
    "Code",
    "Confirmed",
    "Guard",
    "Heartbeat",
    "Nonsense",
    "Sample",
    "Snapshot",
    "Status",
    "script",
]

# Bring, copy and arm in one command: a controller that dies cannot leave a host held without a watch. The script moves
# to its own place under its own lock, so that it never replaces that of another run.
_HOLD = """
umask 077
d=/var/lib/modbisect
mkdir -m 0700 "$d" 2>/dev/null
[ ! -L "$d" ] && [ "$(stat -c %u:%a "$d")" = 0:700 ] || { echo "$d is not a folder of root's alone" >&2; exit 77; }
t=$(mktemp "$d/new.XXXXXX") && cat >"$t" && chmod 0700 "$t" || { rm -f "$t"; rmdir "$d"; exit 73; } 2>/dev/null
if echo "$1  $t" | sha256sum -c --status; then printf '%s\\n' "$4" | /bin/sh "$t" hold "$2" "$3"; code=$?
  case $code in 126 | 127) code=73 ;; esac   # no shell could be started
else echo "the guard's script arrived damaged" >&2; code=73; fi
rm -f "$t"
rmdir "$d" 2>/dev/null
exit $code
"""

_LINE = "\x1e"
"""Parts the lines of one answer of ``serve``."""

_Value = TypeVar("_Value")


class Guard:
    """One host's guard, on the connection that changes things.

    Its trials are one conversation, begun by the first and ended by `restore`: a login, a sudo and a shell for each
    of them would take as long as all the rest that is not the server's.
    """

    def __init__(self, root: RootLink, run: str) -> None:
        self._root = root
        self._stream: Stream | None = None
        self._snapshot: Snapshot | None = None
        self.run = run
        self.host = root.name

    def hold(
        self,
        owner: str,
        folders: Iterable[str],
        units: Iterable[str],
        lease: int,
        files: Iterable[str] = (),
        *,
        drift: bool = False,
    ) -> Snapshot:
        """Bring the script, lock the host for this run, copy the write set, start the watch.

        From now on ``lease`` seconds of silence restore the host. ``files`` lie outside of the folders, and are edited.
        ``drift``: the server may have loaded other modules than the files as found will make it load.

        Raises:
            Refused: another run holds the host, there is no room, or the watch does not start; nothing was changed.
        """
        spec = [f"owner {re.sub(r'[^-A-Za-z0-9@._: ]', '_', owner)}"]
        spec += (
            [f"dir {folder}" for folder in folders]
            + [f"file {file}" for file in files]
            + [f"unit {unit}" for unit in units]
            + ["drift"] * drift
        )
        wanted, stdin = "\n".join(spec), script()
        argv = ["/bin/sh", "-c", _HOLD, "hold", digest(), self.run, str(lease), wanted]
        if self._root.helper:
            argv, stdin = [self._root.helper, "hold", self.run, str(lease)], f"{wanted}\n".encode()
        done = self._root.execute(argv, stdin=stdin, deadline=60.0)
        if done.status != Code.DONE:
            raise Refused(
                f"the guard cannot hold the host: {_said(done)}",
                host=self.host,
                state="nothing was changed",
                advice=self._advice(done),
            )
        self._snapshot = self._sensible(Snapshot.read, done)
        return self._snapshot

    def _advice(self, done: Result) -> str:
        """What to do about a host that cannot be held, by what the guard says of it."""
        said = done.complaint
        if done.status == CANNOT_RUN or any(word in said for word in ("noexec", "cannot be run", "Permission denied")):
            return (
                "scripts must be allowed to run under /var/lib/modbisect: look at the mount options of /var; or put "
                f"the guard elsewhere, once, with 'modbisect guard install {self.host}'"
            )
        if done.status == Code.NO_ROOM:
            return f"look at the space under /var/lib/modbisect, and with 'modbisect status {self.host}'"
        return f"look with 'modbisect status {self.host}'"

    def heartbeat(self, lease: int, on_loss: Callable[[ModbisectError], None]) -> Heartbeat:
        """Keep the lease from a thread and a connection of its own."""
        return Heartbeat(self._root, self.run, lease, on_loss)

    def apply(
        self, steps: Sequence[Step], *, reap: bool, resting: Sequence[str] = (), deadline: float = 120.0
    ) -> Applied:
        """Converge on a configuration, test it, restart the server, wait for its new process.

        Args:
            steps: all deviations from the state as found; what is not among them is put back.
            reap: a request of the last trial was cut off: end the worker that may still burn on it.
            resting: units that need no restart this time.
            deadline: seconds.

        Raises:
            Fenced: the guard no longer takes orders from this run.
            LinkLost: the outcome is unknown.
        """
        request = "\n".join(
            [
                *(step.line() for step in steps),
                *(["reap"] if reap else []),
                *(f"rest\t{unit}" for unit in resting),
                "end",
            ]
        )
        done = self._ask(f"apply {len(request.encode()) + 1}\n{request}", deadline)
        if done.status not in (Code.DONE, Code.CONFIG_TEST, Code.RESTART):
            raise self._refused(done, "cannot change the configuration")
        return self._sensible(Applied.read, done)

    def sample(self) -> Sample:
        """Processor time of the host and memory of the server's workers, while the guard is armed.

        Raises:
            LinkLost: no answer.
        """
        return Sample.read(self._ask("sample", 30.0).text)

    def restore(self) -> str:
        """Put the host back and verify it; the manifest's digest.

        Raises:
            Fenced: the guard has done it, or is doing it.
            NotRestored: something differs.
        """
        self._hang_up()
        done = self._call("restore", deadline=180.0)
        if self._gone(done):
            raise self._refused(done, "")
        values = pairs(done.text)
        known = self._snapshot.digest if self._snapshot else values.get("same")
        if (
            done.status != Code.DONE
            or "same" not in values
            or values["same"] != known
            or values.get("loaded") != "same"
        ):
            raise NotRestored(
                f"the restore could not be verified: {done.complaint}",
                host=self.host,
                state="the guard stays, and tries again after 10 s and then at least every minute",
                advice=f"look at the host; 'modbisect restore {self.host}' or, there, '{GUARD} rescue force'",
            )
        return values["same"]

    def disarm(self) -> None:
        """End the run and remove every trace.

        Raises:
            Fenced: the guard has let go by itself.
            NotRestored: the guard refuses, because something differs.
        """
        done = self._call("disarm")
        if self._gone(done):
            raise self._refused(done, "")
        if done.status != Code.DONE:
            raise NotRestored(
                f"the guard does not let go: {done.complaint}",
                host=self.host,
                state="the guard stays on the host",
                advice=f"look at it with 'modbisect status {self.host}'",
            )

    def cure(self, seconds: int) -> None:
        """Leave the host in the configuration applied last; after so many seconds the guard puts it back.

        Raises:
            Fenced: the guard no longer takes orders from this run.
            Refused: it does not keep it.
            LinkLost: the outcome is unknown.
        """
        self._hang_up()
        done = self._call("cure", str(seconds))
        if done.status != Code.DONE:
            raise self._refused(done, "the guard does not keep the configuration")

    def confirm(self) -> Confirmed:
        """Make the cure that is open on the host last, by the host's own commands.

        Raises:
            Refused: none is open; or the commands did not do it, and the host was put back.
            NotRestored: nor could it be put back.
        """
        done = self._root.execute([*self._root.guard, "confirm"], deadline=180.0)
        if done.status == Code.DONE:
            return self._sensible(Confirmed.read, done)
        if self._gone(done):
            raise Refused(
                "no culprit is kept switched over on this host: there is nothing to make last",
                host=self.host,
                state="nothing was changed",
                advice=f"look with 'modbisect status {self.host}'",
            )
        seen = self.status() if done.status == Code.DIFFERS else None
        if seen and seen.state == "NONE":
            raise Refused(
                f"the cure could not be made to last: {_said(done)}",
                host=self.host,
                state="as it was found: the guard has put it back",
                advice="switch the culprit by hand, with the commands in the report",
            )
        raise NotRestored(
            f"the cure could not be made to last: {_said(done)}",
            host=self.host,
            state=f"the guard's state is {seen.state}; it goes on trying" if seen else "the guard holds the host",
            advice=f"look with 'modbisect status {self.host}'",
        )

    def rescue(self, *, force: bool = False, accept: bool = False) -> str:
        """Restore whatever run is open on the host; what the guard says.

        Args:
            force: even if that run is still at work.
            accept: what others changed meanwhile is right as it is now, and no reason not to call it restored.

        Raises:
            Refused: that run is still at work.
            NotRestored: something differs.
        """
        how = ["accept"] if accept else ["force"] if force else []
        done = self._root.execute([*self._root.guard, "rescue", *how], deadline=180.0)
        if done.status == Code.HELD:
            raise Refused(
                done.complaint,
                host=self.host,
                state="a run is open and alive",
                advice="let it end, or take the host from it with --force",
            )
        if done.status != Code.DONE:
            raise NotRestored(
                done.complaint,
                host=self.host,
                state="the guard tries again by itself, at least every minute",
                advice=f"look at the host; if what others changed is right, 'modbisect restore {self.host} --accept'",
            )
        return done.text.strip()

    def status(self) -> Status:
        """What the guard says of itself; ``NONE`` where there is none.

        Raises:
            LinkLost: no answer, or none that makes sense.
        """
        # A guard that lets go meanwhile takes its script away: then its last words count.
        own = f"/bin/sh {GUARD} status && exit; code=$?; [ ! -e {GUARD} ] || exit $code"
        brought = f"if [ -e {GUARD} ]; then {own}; fi; cat /run/modbisect/last 2>/dev/null; :"
        argv = [self._root.helper, "status"] if self._root.helper else ["/bin/sh", "-c", brought]
        return self._sensible(Status.read, self._root.execute(argv))

    def _sensible(self, read: Callable[[str], _Value], done: Result) -> _Value:
        try:
            return read(done.text)
        except Nonsense as error:
            raise LinkLost(
                f"what the guard answers makes no sense: {error}",
                host=self.host,
                state="unknown; the guard restores an armed host by itself",
                advice=f"look at the host itself; the guard there is {self._root.guard[-1]}",
            ) from error

    def _call(self, verb: str, *arguments: str, stdin: bytes = b"", deadline: float = 60.0) -> Result:
        return self._root.execute([*self._root.guard, verb, self.run, *arguments], stdin=stdin, deadline=deadline)

    def _gone(self, done: Result) -> bool:
        """Whether this run no longer owns the host; a guard that has let go takes its script away, too."""
        return done.status == Code.FENCED or (done.status in GONE and "guard" in done.complaint)

    def _ask(self, line: str, deadline: float) -> Result:
        if self._stream is None:
            self._stream = self._root.stream([*self._root.guard, "serve", self.run])
        try:
            *lines, last = self._stream.ask(line, deadline).split(_LINE)
        except LinkLost:
            self._hang_up()  # a late answer must not be taken for that to the next question
            raise
        word, _, status = last.partition(" ")
        if word != "exit" or not status.isdecimal() or len(status) > len("255"):
            raise LinkLost("the guard's answer was cut off", host=self.host, state="the guard restores the host")
        return Result(int(status), "\n".join(lines).encode(), b"")

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _refused(self, done: Result, what: str) -> ModbisectError:
        said = _said(done)
        if self._gone(done):
            return fenced(self.host, said)
        state = "nothing was changed" if done.status in (Code.HELD, Code.UNSAFE) else "the guard restores the host"
        return Refused(
            f"{what}: {said}",
            host=self.host,
            state=state,
            advice=f"look with 'modbisect status {self.host}'",
        )


def _said(done: Result) -> str:
    return done.complaint.removeprefix("modbisect-guard: ") or f"status {done.status}"
