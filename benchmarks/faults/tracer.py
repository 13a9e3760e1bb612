"""Stops a command at its n-th step that changes something or starts something, and kills it or fails the step there.

A step is a system call that runs a program, or makes, moves, writes, flushes or removes something, at its entry: what
was done before it is done, and it is not. All processes of the command are counted together, in the order in which
they come. By ptrace, from the outside: the guard has no line for it.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_TRACEME, _POKEUSER, _SYSCALL, _SETOPTIONS, _GETREGS = 0, 6, 24, 0x4200, 12
_OPTIONS = 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x00100000  # system calls marked, forks followed, killed with us
_ORIG_RAX, _RAX = 15 * 8, 10 * 8
_REGISTERS = struct.Struct("<27Q")
_WALL = 0x40000000
_WRITES = os.O_WRONLY | os.O_RDWR
AVAILABLE = platform.machine() == "x86_64"

STEPS = {
    59: "execve", 322: "execve", 82: "rename", 264: "rename", 316: "rename", 86: "link", 265: "link", 88: "symlink",
    266: "symlink", 87: "unlink", 263: "unlink", 84: "rmdir", 83: "mkdir", 258: "mkdir", 2: "open", 257: "open",
    85: "open", 74: "fsync", 75: "fsync", 162: "sync", 306: "syncfs", 90: "chmod", 91: "chmod", 268: "chmod",
    92: "chown", 94: "chown", 260: "chown", 280: "utimens", 73: "flock", 1: "write", 62: "kill", 77: "truncate",
}  # fmt: skip
"""Of the guard: what changes something or starts something. A write to another process is a ``pipe``."""
CALLS = {
    44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 1: "write", 7: "poll", 23: "select", 270: "select",
    271: "poll", 42: "connect", 41: "socket", 3: "close", 435: "clone", 56: "clone",
}  # fmt: skip
"""Of the controller: what reaches the network or its own files."""
NETWORK = {number: name for number, name in CALLS.items() if name in ("sendto", "recvfrom", "connect", "socket")}
"""Of these, what the network can fail in."""
ERRORS = {"EIO": 5, "ENOSPC": 28, "EROFS": 30, "EMFILE": 24, "EACCES": 13, "EDQUOT": 122}
Action = Literal["count", "kill all", "kill one", "fail"]
_AT = (257, 322)
"""Calls whose path is not their first argument: openat, execveat."""
_CREAT = 85
_NOWHERE = "/dev/null"


@dataclass(frozen=True, slots=True)
class Traced:
    """How a command ended that was traced."""

    status: int
    """-9 when it was killed."""
    steps: int
    """How many it came to."""
    struck: str = ""
    """The step at which it was struck, and which of its kind that was; empty when it ended before."""
    names: list[str] = field(default_factory=list)
    """All steps, in order."""


def trace(
    what: Sequence[str] | Callable[[], int],
    calls: Mapping[int, str],
    *,
    action: Action = "count",
    at: int = 0,
    error: str = "EIO",
    stdin: bytes = b"",
    without: str = "",
) -> Traced:
    """Run a command, or a function in a process of its own; at its ``at``-th step (1 is the first) do ``action``.

    Steps count from the first program that is neither ``nsenter`` nor ``env``: those only lead into the host. Those
    called ``without`` are none.
    """
    reader, writer = os.pipe()
    source = os.memfd_create("stdin")
    os.write(source, stdin)
    os.lseek(source, 0, os.SEEK_SET)
    tracer = os.fork()
    if tracer == 0:
        os.close(reader)
        try:
            result = _Tracer(calls, action, at, ERRORS[error], without).run(what, source)
            os.write(writer, json.dumps(result).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.close(source)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    os.waitpid(tracer, 0)
    if not text:
        raise RuntimeError("the tracer died")
    return Traced(*json.loads(text))


class _Tracer:
    def __init__(self, calls: Mapping[int, str], action: Action, at: int, errno: int, without: str) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.restype = ctypes.c_long
        self._libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
        self._calls, self._action, self._at, self._errno = calls, action, at, errno
        self._without = without
        self._names: list[str] = []
        self._inside: set[int] = set()
        """Tracees that stand within a system call."""
        self._failing: set[int] = set()
        self._known: set[int] = set()
        self._counting = False
        self._struck = ""

    def run(self, what: Sequence[str] | Callable[[], int], stdin: int) -> tuple[int, int, str, list[str]]:
        first = os.fork()
        if first == 0:
            code = 127
            with suppress(BaseException):
                os.dup2(stdin, 0)
                for number in (1, 2):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), number)
                os.setsid()
                self._libc.ptrace(_TRACEME, 0, None, None)
                os.kill(os.getpid(), signal.SIGSTOP)
                if callable(what):
                    code = what()
                else:
                    os.execvp(what[0], list(what))  # noqa: S606
            os._exit(code)
        os.waitpid(first, 0)
        self._counting = callable(what)
        self._libc.ptrace(_SETOPTIONS, first, None, _OPTIONS)
        self._known.add(first)
        self._go(first)
        status = -signal.SIGKILL
        while self._known:
            try:
                pid, how = os.waitpid(-1, _WALL)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(how):
                self._stopped(pid, how)
                continue
            self._known.discard(pid)
            if pid == first:
                status = os.waitstatus_to_exitcode(how)
        return status, len(self._names), self._struck, self._names

    def _stopped(self, pid: int, how: int) -> None:
        self._known.add(pid)
        number, event = os.WSTOPSIG(how), how >> 16
        if number == signal.SIGTRAP | 0x80:
            self._at_system_call(pid)
            self._go(pid)
        elif event or number in (signal.SIGTRAP, signal.SIGSTOP):
            self._go(pid)
        else:
            self._go(pid, number)

    def _at_system_call(self, pid: int) -> None:
        if pid in self._inside:
            self._inside.discard(pid)
            if pid in self._failing:
                self._failing.discard(pid)
                self._libc.ptrace(_POKEUSER, pid, _RAX, ctypes.c_void_p(-self._errno))
            return
        self._inside.add(pid)
        name = self._step(pid)
        if name in ("", self._without):
            return
        self._names.append(name)
        if self._action == "count" or len(self._names) != self._at:
            return
        self._struck = f"{name} {self._names.count(name)}"
        if self._action == "fail":
            self._failing.add(pid)
            self._libc.ptrace(_POKEUSER, pid, _ORIG_RAX, ctypes.c_void_p(-1))
            return
        for one in list(self._known) if self._action == "kill all" else [pid]:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)

    def _step(self, pid: int) -> str:
        buffer = ctypes.create_string_buffer(_REGISTERS.size)
        if self._libc.ptrace(_GETREGS, pid, None, buffer) != 0:
            return ""
        registers = _REGISTERS.unpack(buffer.raw)
        call, arguments = registers[15], (registers[14], registers[13], registers[12])  # rdi, rsi, rdx
        name = self._calls.get(call, "")
        if name == "execve":
            program = self._string(pid, arguments[1 if call in _AT else 0])
            if not self._counting and not program.endswith(("/nsenter", "/env")) and _exists(pid, program):
                self._counting = True
            if not _exists(pid, program):
                return ""  # one more folder of the PATH
        if name == "open":
            where, how = (arguments[1], arguments[2]) if call in _AT else arguments[:2]
            if (call != _CREAT and not how & _WRITES) or self._string(pid, where) == _NOWHERE:
                return ""
        if name == "write" and self._calls is STEPS:
            name = _written(pid, arguments[0])
        return name if self._counting else ""

    def _string(self, pid: int, address: int) -> str:
        try:
            with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
                memory.seek(address)
                return memory.read(256).partition(b"\0")[0].decode(errors="replace")
        except (OSError, ValueError):
            return ""

    def _go(self, pid: int, number: int = 0) -> None:
        self._libc.ptrace(_SYSCALL, pid, None, ctypes.c_void_p(number))


def _written(pid: int, number: int) -> str:
    try:
        where = str(Path(f"/proc/{pid}/fd/{number}").readlink())
    except OSError:
        return "write"
    return ("" if where == _NOWHERE else "write") if where.startswith("/") else "pipe"


def _exists(pid: int, program: str) -> bool:
    return Path(f"/proc/{pid}/root{program}").exists() if program.startswith("/") else bool(program)


def into(pid: int, argv: Sequence[str]) -> list[str]:
    """The command that runs another inside the host whose first process is ``pid``."""
    clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    return ["nsenter", "-t", str(pid), "-m", "-p", "-n", "-u", "-i", "-C", *clean, *argv]
