"""The controller's side of the guard: typed calls to the script on the target, and the heartbeat."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from importlib import resources

from modbisect.components import Step
from modbisect.errors import Fenced, LinkLost, ModbisectError, NotRestored, Refused
from modbisect.host.guard.heartbeat import Heartbeat
from modbisect.host.guard.values import GUARD, Applied, Sample, Snapshot, Status
from modbisect.host.link import Result, Stream, clean, lines_of
from modbisect.host.privilege import RootLink

__all__ = ["GUARD", "Applied", "Guard", "Heartbeat", "Sample", "Snapshot", "Status", "script"]

# Install, copy and arm in one command: a controller that dies cannot leave a host held without a watch.
_HOLD = """
umask 077
d=/var/lib/modbisect
withdraw() {
  ( flock -n 9 && [ ! -e "$d/cur" ] && rm -rf "$d/guard" "$d/new" ) 9>>/run/modbisect/lock
  rmdir "$d"
} 2>/dev/null
mkdir -m 0700 "$d" 2>/dev/null
[ ! -L "$d" ] && [ "$(stat -c %u:%a "$d")" = 0:700 ] || { echo "$d is not a folder of root's alone" >&2; exit 77; }
t=$(mktemp "$d/guard.XXXXXX") && cat >"$t" && chmod 0700 "$t" || { rm -f "$t"; withdraw; exit 73; }
echo "$1  $t" | sha256sum -c --status ||
  { rm -f "$t"; withdraw; echo "the guard's script arrived damaged" >&2; exit 73; }
mv -fT "$t" "$d/guard"
said=$(printf '%s\n' "$4" | "$d/guard" snap "$2") || { code=$?; withdraw; exit $code; }
"$d/guard" arm "$2" "$3" || { code=$?; "$d/guard" disarm "$2"; exit $code; }
printf '%s\n' "$said"
"""

_HELD, _FENCED, _UNSAFE, _DIFFERS = 75, 76, 77, 78
_CONFIG_TEST, _RESTART = 20, 21
_LINE = "\x1e"
"""Parts the lines of one answer of ``serve``."""


def script() -> bytes:
    """The guard itself."""
    return resources.files(__package__).joinpath("guard.sh").read_bytes()


class Guard:
    """One host's guard, on the connection that changes things.

    Its trials are one conversation, begun by the first and ended by `restore`: a login, a sudo and a shell for each
    of them would take as long as all the rest that is not the server's.
    """

    def __init__(self, root: RootLink, run: str) -> None:
        self._root = root
        self._stream: Stream | None = None
        self.run = run
        self.host = root.name

    def hold(self, owner: str, folders: Iterable[str], units: Iterable[str], lease: int) -> Snapshot:
        """Bring the script, lock the host for this run, copy the write set, start the watch.

        From now on ``lease`` seconds of silence restore the host.

        Raises:
            Refused: another run holds the host, there is no room, or the watch does not start; nothing was changed.
        """
        text = script()
        spec = [f"owner {re.sub(r'[^-A-Za-z0-9@._: ]', '_', owner)}"]
        spec += [f"dir {folder}" for folder in folders] + [f"unit {unit}" for unit in units]
        digest = hashlib.sha256(text).hexdigest()
        argv = ["/bin/sh", "-c", _HOLD, "hold", digest, self.run, str(lease), "\n".join(spec)]
        done = self._root.execute(argv, stdin=text, deadline=60.0)
        if done.status != 0:
            raise Refused(
                f"the guard cannot hold the host: {_said(done)}",
                host=self.host,
                state="nothing was changed",
                advice=f"look with 'modbisect status {self.host}', and at the space under /var/lib/modbisect",
            )
        values = _values(done)
        return Snapshot(int(values.get("entries", "0")), values.get("digest", ""))

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
        request = "\n".join([*(step.line() for step in steps), *(["reap"] if reap else []), "end"])
        done = self._ask(f"apply {len(request.encode()) + 1}\n{request}", deadline)
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
            Sample.read(done.text),
        )

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
            Fenced: the guard has let go by itself.
            NotRestored: the guard refuses, because something differs.
        """
        done = self._call("disarm")
        if self._gone(done):
            raise self._refused(done, "")
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

    def _gone(self, done: Result) -> bool:
        """Whether this run no longer owns the host; a guard that has let go takes its script away, too."""
        # 1 is sudo's status for a command that is not there; the guard itself never ends with it.
        return done.status == _FENCED or (done.status in (1, 126, 127) and "guard" in done.complaint)

    def _ask(self, line: str, deadline: float) -> Result:
        if self._stream is None:
            self._stream = self._root.stream([GUARD, "serve", self.run])
        try:
            *lines, last = self._stream.ask(line, deadline).split(_LINE)
        except LinkLost:
            self._hang_up()  # a late answer must not be taken for that to the next question
            raise
        word, _, status = last.partition(" ")
        if word != "exit" or not status.isdecimal():
            raise LinkLost("the guard's answer was cut off", host=self.host, state="the guard restores the host")
        return Result(int(status), "\n".join(lines).encode(), b"")

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _refused(self, done: Result, what: str) -> ModbisectError:
        said = _said(done)
        if self._gone(done):
            return Fenced(
                "the guard rolled the host back and takes no more orders from this run",
                host=self.host,
                state="restored by the guard, or about to be",
                advice=f"look with 'modbisect status {self.host}'; then run again",
            )
        state = "nothing was changed" if done.status in (_HELD, _UNSAFE) else "the guard restores the host"
        return Refused(
            f"{what}: {said}",
            host=self.host,
            state=state,
            advice=f"look with 'modbisect status {self.host}'",
        )


def _said(done: Result) -> str:
    return done.complaint.removeprefix("modbisect-guard: ") or f"status {done.status}"


def _values(done: Result) -> dict[str, str]:
    return {key: value for key, _, value in (clean(line).partition(" ") for line in done.text.split("\n"))}
