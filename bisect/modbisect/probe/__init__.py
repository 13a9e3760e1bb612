"""The probe: measures the site from a process of its own, so that the run's own work is not in the times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from modbisect.errors import ProbeError
from modbisect.probe import protocol
from modbisect.probe.oracle import Markers, Oracle, printable
from modbisect.probe.protocol import Window, WindowResult

__all__ = ["Markers", "Oracle", "ProbeProcess", "Window", "WindowResult"]

_COMMAND = (sys.executable, "-P", "-m", "modbisect.probe")
_LINE_LIMIT = 64 << 20
_GOODBYE = 5.0


class ProbeProcess:
    """The run's end of the probe process. One thread measures; `stop` may be called from any.

    A process that failed is killed, and the next `measure` starts a fresh one.
    """

    def __init__(self, command: tuple[str, ...] = _COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def __enter__(self) -> Self:
        # The child's own files go in here too, so that nothing stays behind when it is killed.
        self._folder = tempfile.TemporaryDirectory(prefix="modbisect-probe-", ignore_cleanup_errors=True)
        self._said = tempfile.TemporaryFile()
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(_GOODBYE)
        self._said.close()
        self._folder.cleanup()

    def measure(self, window: Window, deadline: float) -> WindowResult:
        """What the probe saw in ``window``.

        Args:
            window: What to measure.
            deadline: Seconds from now after which the process is killed. Leave room beyond the window's
                own ``settle`` and ``seconds`` for the cold request and the last one.

        Raises:
            ProbeError: It died, was stopped, said something that is no result, or missed the deadline.
        """
        line = protocol.encode(window)
        process = self._process or self._start()
        late = threading.Event()

        def expire() -> None:
            late.set()
            process.kill()

        watch = threading.Timer(deadline, expire)
        watch.daemon = True  # a signal may strike before there is anybody to cancel it
        answered = False
        try:
            watch.start()
            answer = protocol.result(_ask(process, line))
            answered = True
        except (OSError, ValueError) as error:
            self._end(0.0)
            if self._stopped:
                raise ProbeError("the probe was stopped") from None
            if late.is_set():
                raise ProbeError(
                    f"the probe had no result after {deadline:g} s and was ended",
                    advice="give the probe's timeout a value below the time that is left for the run",
                ) from None
            if process.returncode == -signal.SIGVTALRM:
                raise ProbeError(
                    f"an answer of the site to {window.probe.name} kept the probe busy for over "
                    f"{window.most_work:g} s of processor time; it was ended",
                    advice='simplify the regular expressions under "matches"; without any, see what the site sends',
                ) from None
            raise ProbeError(
                f"the probe process failed: {self._last_words() or error}",
                advice="correct what it names, or run `python -m modbisect.probe </dev/null` to see it start",
            ) from None
        finally:
            watch.cancel()
            if watch.is_alive():
                watch.join()
            if late.is_set() or not answered:
                self._end(0.0)
        return answer

    def stop(self) -> None:
        """Ends the process and every `measure`, now and later; for a signal handler or another thread."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._stopped:
            raise ProbeError("the probe was stopped")
        self._said.seek(0)
        self._said.truncate()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, "TMPDIR": self._folder.name},
            start_new_session=True,  # Ctrl-C at the terminal is the run's to handle
        )
        if self._stopped:
            self._process.kill()
        return self._process

    def _end(self, grace: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            _pipe(process.stdin).close()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process.stdout).close()

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read(_LINE_LIMIT).decode(errors="replace").split("\n")
        return next((printable(line) for line in reversed(lines) if line.strip()), "")


def _ask(process: subprocess.Popen[bytes], line: bytes) -> bytes:
    stdin = _pipe(process.stdin)
    stdin.write(line)
    stdin.flush()
    answer = _pipe(process.stdout).readline(_LINE_LIMIT)
    if not answer.endswith(b"\n"):
        raise ValueError("it ended without a word")
    return answer


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("the process was started without pipes")
    return stream
