"""`modbisect` processes without Python's start: forked from one that has read all modules already.

A process of its own they are all the same: its own session, streams, environment and folder, and a pid to be struck by.
What is about the start itself (a damaged installation, closed streams) starts Python as a user does.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

_VERBS = ("run", "resume", "plan", "scan", "look", "probe", "canary", "status", "restore", "keep", "report")
_LATER = ("host.ssh", "search.bayesian.planner", "report.in_html", "report.metrics", "history.store", "cli.spinner")
"""What a verb imports when it comes to it."""
_MOST = 1 << 20


class Process(subprocess.Popen[str]):
    """`modbisect WORDS`; of subprocess.Popen's own options the streams, text, cwd and env."""

    _ended: socket.socket

    def _execute_child(self, *given: object) -> None:
        at = inspect.signature(subprocess.Popen._execute_child).bind(self, *given).arguments  # type: ignore[attr-defined]
        inner = [at[name] if at[name] != -1 else std for std, name in enumerate(("p2cread", "c2pwrite", "errwrite"))]
        self._ended, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ask = {"words": list(at["args"]), "env": {**(at["env"] or os.environ)}, "cwd": str(at["cwd"] or Path.cwd())}
        with status:
            socket.send_fds(_nursery(), [json.dumps(ask).encode()], [*inner, status.fileno()])
        self.pid = int(self._ended.recv(32))
        self._child_created = True
        ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(at[name] for name in ends))  # type: ignore[attr-defined]

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        with suppress(BlockingIOError):
            return self.pid, int(self._ended.recv(32, socket.MSG_DONTWAIT if wait_flags & os.WNOHANG else 0))
        return 0, 0

    def _internal_poll(self, *_: object, **__: object) -> int | None:
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode


def modbisect(
    *words: str, timeout: float = 300, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`modbisect WORDS` to its end, as subprocess.run has it."""
    pipe = subprocess.PIPE
    with Process(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, env=env) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@cache
def _nursery() -> socket.socket:
    """Where to ask for one; it ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], pass_fds=(theirs.fileno(),))
    return ours


def _serve(asked: socket.socket) -> None:
    """Forks a child for each question until nobody is left to ask; says its pid, and how it ended."""
    children: dict[int, socket.socket] = {}

    def buried(*_: object) -> None:
        with suppress(ChildProcessError):
            while (end := os.waitpid(-1, os.WNOHANG))[0]:
                with children.pop(end[0]) as status, suppress(BrokenPipeError):
                    status.send(str(end[1]).encode())

    while True:
        signal.signal(signal.SIGCHLD, buried)
        text, fds, _, _ = socket.recv_fds(asked, _MOST, 4)
        if not text:
            return
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pid = os.fork()
        if not pid:
            _become(json.loads(text), fds)
        status = children[pid] = socket.socket(fileno=fds.pop())
        for fd in fds:
            os.close(fd)
        status.send(str(pid).encode())
        signal.signal(signal.SIGCHLD, buried)
        buried()


def _become(ask: dict[str, object], fds: Sequence[int]) -> None:
    os.setsid()
    for at, fd in enumerate(fds[:3]):
        os.dup2(fd, at)
    os.closerange(3, 256)
    # As at a start.
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(ask["env"])  # type: ignore[call-overload]
    os.chdir(str(ask["cwd"]))
    sys.argv = ["modbisect", *ask["words"]]  # type: ignore[misc]
    from modbisect.cli import main  # noqa: PLC0415  # it is there

    main()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in (*(f"cli.{verb}" for verb in _VERBS), *_LATER):
        importlib.import_module(f"modbisect.{name}")
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
