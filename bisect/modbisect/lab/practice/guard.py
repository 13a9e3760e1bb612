"""The guard of the practice host: guard.sh's verbs, states, exit codes and lines, carried out on a `Machine`.

A fake to practise with and to test the controller's side against; what guard.sh does on a disk is tested on real hosts.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from modbisect.host.guard import GUARD, Code
from modbisect.host.link import Result
from modbisect.lab.practice import software
from modbisect.lab.practice.machine import Machine
from modbisect.lab.practice.scripts import sample
from modbisect.lab.practice.tree import Tree, differing, digest, replaced, requested

_RESTORED_LEASE = 10.0
_RETRY_SECONDS = 10.0
_NOT_FOUND = 127
_PARTS = "\x1e"
"""Between the lines of one answer of ``serve``."""


class Input(Protocol):
    """What a client sends, as it comes."""

    def __iter__(self) -> Iterator[bytes]:
        """Line after line."""

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer at the end."""


class _Denied(Exception):
    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass(slots=True)
class _Run:
    """The run that holds the host."""

    id: str
    owner: str
    folders: frozenset[str]
    found: Tree
    """The snapshot."""
    ours: Tree
    """As this run left it: what differs from both is somebody else's."""
    loaded: tuple[str, ...]
    expires: float
    """By the monotonic clock."""
    state: str = "ARMED"
    reason: str = ""
    dirty: bool = False

    @property
    def left(self) -> float:
        """Seconds of the lease."""
        return self.expires - time.monotonic()


class Guard:
    """Lock, lease, snapshot and restore; one instance a host."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._changed = threading.Condition()
        self._run: _Run | None = None
        self._last = ""

    def hold(self, script: bytes, expected: str, run: str, lease: int, spec: str) -> Result:
        """Take the script, lock the host for a run, copy what it may change, start the watch."""
        if hashlib.sha256(script).hexdigest() != expected:
            return Result(Code.NO_ROOM, b"", b"the guard's script arrived damaged\n")
        with self._changed:
            if self._run is not None:
                said = f"modbisect-guard: held: {self._run.owner} state {self._run.state}\n"
                return Result(Code.HELD, b"", said.encode())
            words = [line.partition(" ") for line in spec.splitlines()]
            tree = self._machine.tree
            self._run = _Run(
                run,
                owner="".join(rest for key, _, rest in words if key == "owner"),
                folders=frozenset(rest for key, _, rest in words if key == "dir"),
                found=tree,
                ours=tree,
                loaded=self._loaded,
                expires=time.monotonic() + lease,
            )
            self._last = ""
            threading.Thread(target=self._watch, args=(self._run,), name="practice-guard", daemon=True).start()
            return done([f"entries {len(tree)}", f"digest {digest(tree)}"])

    def call(self, arguments: list[str], stdin: str) -> Result:
        """One command of the script, those that stay under way excepted."""
        with self._changed:
            if self._run is None:
                return Result(_NOT_FOUND, b"", f"/bin/sh: 1: {GUARD}: not found\n".encode())
            try:
                return self._verb(arguments, stdin)
            except _Denied as error:
                return Result(error.status, b"", f"modbisect-guard: {error}\n".encode())

    def keep(self, run: str, lease: float, beats: Iterable[bytes]) -> Iterator[str]:
        """Renew the lease once a line; the end of the lines expires it at once."""
        for _ in beats:
            if not self._renew(run, lease):
                return
            yield "ok\n"
        self._renew(run, 0)

    def serve(self, run: str, stream: Input) -> Iterator[str]:
        """Answer ``apply BYTES``, with a request of so many behind it, and ``sample``, a line each."""
        for line in stream:
            match line.decode("utf-8", "replace").split():
                case ["apply", size] if size.isdigit():
                    result = self.call(["apply", run], stream.read(int(size)).decode("utf-8", "replace"))
                case [word]:
                    result = self.call([word], "")
                case _:
                    return
            yield _PARTS.join([*(result.out + result.err).decode().splitlines(), f"exit {result.status}"]) + "\n"
            if result.status not in (Code.DONE, Code.CONFIG_TEST, Code.RESTART):
                return

    def status(self) -> list[str]:
        """Its own words on itself."""
        with self._changed:
            lines = [f"rolled-back {self._last}"] if self._last else []
            if (run := self._run) is None:
                return ["state NONE", *lines]
            if run.reason:
                lines.append(f"reason {run.reason}")
            lines += [f"run {run.id}", f"owner {run.owner}", f"lease {max(0, int(run.left))}"]
            return [f"state {run.state}", *lines]

    def survey(self) -> list[str]:
        """What the survey shows of an open run."""
        with self._changed:
            return [f"state {self._run.state}", f"owner {self._run.owner}"] if self._run else []

    def close(self) -> None:
        """End the host, and with it the watch."""
        with self._changed:
            self._drop()

    # --- all below under the lock --------------------------------------------------------------------

    def _verb(self, arguments: list[str], stdin: str) -> Result:
        verbs: Mapping[str, Callable[[_Run, str], Result]] = {
            "apply": self._apply,
            "restore": self._restore,
            "verify": self._verify,
            "disarm": self._disarm,
        }
        match arguments:
            case [verb, run] if verb in verbs:
                return verbs[verb](self._own(run), stdin)
            case ["rescue", *how] if how in ([], ["force"], ["accept"]) and self._run:
                return self._rescue(self._run, *how)
            case ["cure", run, seconds] if seconds.isdigit():
                return self._cure(self._own(run), int(seconds))
            case ["confirm"] if self._run:
                return self._confirm(self._run)
            case ["sample"]:
                return done(sample(self._machine))
        raise _Denied(Code.USAGE, "usage: see the head of guard.sh")

    def _own(self, run: str) -> _Run:
        if self._run is None or self._run.id != run:
            raise _Denied(Code.FENCED, f"fenced: run {run} does not hold this host")
        return self._run

    def _renew(self, run: str, lease: float) -> bool:
        with self._changed:
            if self._run is None or self._run.id != run or self._run.state != "ARMED":
                return False
            self._run.expires = time.monotonic() + lease
            self._changed.notify_all()
            return True

    def _watch(self, run: _Run) -> None:
        """The dead man's switch of one run."""
        with self._changed:
            while self._run is run:
                if run.state != "FAILED" and run.left > 0:
                    self._changed.wait(run.left)
                elif run.state == "RESTORED" or self._converge(run):
                    self._retire(run)
                else:
                    self._changed.wait(_RETRY_SECONDS)

    def _apply(self, run: _Run, request: str) -> Result:
        if run.state != "ARMED" or run.left <= 0:
            raise _Denied(Code.FENCED, f"fenced: state {run.state}")
        try:
            wanted = requested(run.found, run.ours, request, run.folders)
        except ValueError as error:
            raise _Denied(Code.USAGE, f"bad request: {error}") from error
        self._machine.tree = replaced(self._machine.tree, differing(wanted, run.ours), wanted)
        run.ours = wanted
        began = time.monotonic()
        failed, text = software.configuration_test(self._machine.tree)
        if failed:
            verdict, code = "configtest", Code.CONFIG_TEST
        else:
            run.dirty = True
            verdict, code = "ok", Code.DONE
            if not self._machine.restart():
                verdict, code, text = "restart", Code.RESTART, "the practice server was told not to start"
        restart = 0 if failed else round((time.monotonic() - began) * 1000)
        said = [f"text {line}" for line in text.splitlines()]
        if code is Code.DONE:
            said = [*(f"so {name}" for name in self._loaded), next(sample(self._machine))]
        return done([f"verdict {verdict}", f"ms 1 1 {restart}", self._parent, *said], code)

    def _restore(self, run: _Run, _: str = "") -> Result:
        if not self._converge(run):
            raise _Denied(Code.DIFFERS, f"restore failed: {run.reason}")
        run.expires = time.monotonic() + _RESTORED_LEASE
        return self._verify(run)

    def _verify(self, run: _Run, _: str = "") -> Result:
        if paths := differing(self._machine.tree, run.found):
            return done((f"> {path}" for path in sorted(paths)), Code.DIFFERS)
        loaded = "same" if self._loaded == run.loaded else "other"
        return done([f"same {digest(run.found)}", self._parent, f"loaded {loaded}"])

    def _disarm(self, run: _Run, _: str) -> Result:
        if run.state != "RESTORED":
            raise _Denied(Code.FENCED, f"state {run.state}")
        if self._machine.tree != run.found:
            raise _Denied(Code.DIFFERS, "the files differ from the snapshot: the guard stays")
        self._drop()
        return done([])

    def _rescue(self, run: _Run, how: str = "") -> Result:
        if how != "force" and run.left > 0 and run.state != "FAILED":
            raise _Denied(Code.HELD, f"held: {run.owner} is still at work")
        accepted = sorted(self._foreign(run)) if how == "accept" else []
        now = self._machine.tree
        run.found, run.ours = replaced(run.found, accepted, now), replaced(run.ours, accepted, now)
        self._restore(run)
        self._retire(run)
        return done([*(f"accepted {path}" for path in accepted), "restored"])

    def _cure(self, run: _Run, seconds: int) -> Result:
        if run.state != "ARMED" or run.left <= 0:
            raise _Denied(Code.FENCED, f"fenced: state {run.state}")
        run.state, run.expires = "CURED", time.monotonic() + seconds
        self._changed.notify_all()
        return done([f"cured {run.id} {seconds}"])

    def _confirm(self, run: _Run) -> Result:
        if run.state != "CURED" or run.left <= 0:
            raise _Denied(Code.FENCED, f"no cure is open: state {run.state}")
        commands = [f"did {line}" for line in sorted(filter(None, map(_for_good, differing(run.ours, run.found))))]
        if not self._machine.restart():
            self._converge(run)
            if run.state == "RESTORED":
                self._retire(run)
            raise _Denied(Code.DIFFERS, "the server does not start with it")
        self._drop()
        return done([*commands, f"confirmed {run.id}"])

    def _foreign(self, run: _Run) -> set[str]:
        """The paths that are neither as found nor as this run left them."""
        return differing(self._machine.tree, run.ours) & differing(self._machine.tree, run.found)

    def _converge(self, run: _Run) -> bool:
        """Put back what this run changed; what somebody else changed meanwhile is left alone, and is a failure."""
        now = self._machine.tree
        foreign = self._foreign(run)
        self._machine.tree, run.ours = replaced(run.found, foreign, now), run.found
        reason = "" if not run.dirty or self._machine.restart() else "the server does not start"
        if foreign and not reason:
            reason = f"edited by somebody else: {' '.join(sorted(foreign)[:5])}"
        run.state, run.reason, run.dirty = "FAILED" if reason else "RESTORED", reason, bool(reason)
        return not reason

    def _retire(self, run: _Run) -> None:
        self._last = run.id
        self._drop()

    def _drop(self) -> None:
        self._run = None
        self._changed.notify_all()

    @property
    def _loaded(self) -> tuple[str, ...]:
        return self._machine.server.loaded if self._machine.server else ()

    @property
    def _parent(self) -> str:
        server = self._machine.server
        return f"parent {server.pid} {self._machine.ticks(server.started)}" if server else "parent 0 0"


def _for_good(path: str) -> str:
    """The command of Debian's that takes a component away; empty for a path that switches none."""
    match path.split("/")[2:]:
        case ["apache2", "mods-enabled", name] if name.endswith(".load"):
            return f"a2dismod {name.removesuffix('.load')}"
        case ["php", version, sapi, "conf.d", name]:
            return f"phpdismod -v {version} -s {sapi} {name.partition('-')[2].removesuffix('.ini')}"
    return ""


def done(lines: Iterable[str], status: int = 0) -> Result:
    """A command's end with these lines as its output."""
    return Result(status, "".join(f"{line}\n" for line in lines).encode(), b"")
