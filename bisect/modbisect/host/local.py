"""The box itself as the target: ``connection: local``."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence

from modbisect.errors import LinkLost
from modbisect.host.link import DEFAULT_CAP, Deadline, Link, Result, Stream


class LocalLink:
    """Runs commands on this box."""

    def __init__(self, name: str = "local") -> None:
        self.name = name

    def execute(
        self, argv: Sequence[str], *, stdin: bytes = b"", deadline: float = 30.0, cap: int = DEFAULT_CAP
    ) -> Result:
        """See `Link.execute`."""
        until = Deadline(deadline)
        with subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            outcome = pump(process, stdin, until, cap)
            if outcome is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise LinkLost(
                    f"'{shlex.join(argv)[:80]}' did not end within {deadline:g} s and {cap} bytes of output",
                    host=self.name,
                    state="unknown: the command was killed",
                    advice="look with 'modbisect status'",
                )
            out, err = outcome
        return Result(process.returncode, out, err)

    def stream(self, argv: Sequence[str]) -> Stream:
        """See `Link.stream`."""
        return _LocalStream(self.name, argv)

    @contextlib.contextmanager
    def forward(self, host: str, port: int) -> Iterator[int]:
        """See `Link.forward`: on this box the port itself."""
        del host
        yield port

    def sibling(self) -> Link:
        """See `Link.sibling`."""
        return LocalLink(self.name)

    def close(self) -> None:
        """Nothing to close."""


def pump(process: subprocess.Popen[bytes], stdin: bytes, until: Deadline, cap: int) -> tuple[bytes, bytes] | None:
    """Give a process its input, and return its output and complaints; None where they do not end in time and bytes."""
    assert process.stdin is not None  # noqa: S101  # given PIPE above
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    sink = process.stdin.fileno()
    os.set_blocking(sink, False)
    buffers = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    reading = set(buffers)
    rest = memoryview(stdin)
    while reading:
        if until.passed or sum(map(len, buffers.values())) > cap:
            return None
        writing = [sink] if not process.stdin.closed else []
        readable, writable, _ = select.select(list(reading), writing, [], until.left)
        for fd in readable:
            data = os.read(fd, 65536)
            buffers[fd] += data
            if not data:
                reading.discard(fd)
        if writable:
            try:
                rest = rest[os.write(sink, rest[:65536]) :] if rest else rest
            except BrokenPipeError:
                rest = rest[:0]
            if not rest:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
    try:
        process.wait(until.left + 0.1)
    except subprocess.TimeoutExpired:
        return None
    out, err = buffers.values()
    return bytes(out), bytes(err)


class _LocalStream:
    def __init__(self, name: str, argv: Sequence[str]) -> None:
        self._name = name
        self._process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._buffer = b""

    def ask(self, line: str, deadline: float) -> str:
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        until = Deadline(deadline)
        source = self._process.stdout.fileno()
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
            while b"\n" not in self._buffer and len(self._buffer) < DEFAULT_CAP and not until.passed:
                ready, _, _ = select.select([source], [], [], until.left)
                data = os.read(source, 4096) if ready else b""
                if not data:
                    break
                self._buffer += data
        answer, newline, self._buffer = self._buffer.partition(b"\n")
        if not newline:
            what = "the answer did not end in time" if until.passed else "the command on the host ended"
            raise LinkLost(what, host=self._name)
        return answer.decode("utf-8", "replace").strip()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
