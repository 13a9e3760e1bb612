"""What every way to a host offers: run one command, bounded in bytes and time, or keep a conversation open."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from modbisect.errors import LinkLost
from modbisect.harmless import harmless

DEFAULT_CAP = 1 << 20


def clean(data: bytes | str) -> str:
    """Text from a host, safe for a terminal or a report: no escapes, controls or bidirectional marks."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    return harmless(text)


@dataclass(frozen=True, slots=True)
class Result:
    """How a command on the host ended."""

    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Standard output, cleaned."""
        return clean(self.out)

    @property
    def complaint(self) -> str:
        """Standard error, cleaned, for a message; standard output when it said nothing there."""
        return (clean(self.err) or self.text).strip()[:2000]


class Stream(Protocol):
    """A command that stays under way: one line out, one line back."""

    def ask(self, line: str, deadline: float) -> str:
        """Send a line and return the answer's line.

        Raises:
            LinkLost: no answer within ``deadline`` seconds, or the command ended.
        """

    def close(self) -> None:
        """End the command by ending its standard input."""


class Link(Protocol):
    """A host that takes commands."""

    name: str

    def execute(
        self, argv: Sequence[str], *, stdin: bytes = b"", deadline: float = 30.0, cap: int = DEFAULT_CAP
    ) -> Result:
        """Run a command to its end.

        Args:
            argv: the command; it reaches the host as separate words, never through word splitting.
            stdin: its whole standard input.
            deadline: seconds after which it is given up.
            cap: bytes of output after which it is given up.

        Raises:
            LinkLost: the outcome is unknown: no exit status came back in time.
        """

    def stream(self, argv: Sequence[str]) -> Stream:
        """Start a command and keep it."""

    def forward(self, host: str, port: int) -> contextlib.AbstractContextManager[int]:
        """A local port that leads to ``host:port`` as seen from the host, while the context lasts."""

    def sibling(self) -> Link:
        """A further connection to the same host."""

    def close(self) -> None:
        """Close the connection."""


class InBand:
    """Marks a command's own output off, where neither a lost link nor a talkative login can forge it.

    SSH clients report a lost link, a signal and a killed server all as -1; a line with a fresh nonce behind the
    output means that the command really ended. What an account's shell prints when it starts comes before a first
    such line, and is none of the command's.
    """

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(12)
        self.mark = f"{self._nonce}\n".encode()
        """Comes before the output."""

    def wrap(self, command: str) -> str:
        """The shell command that runs ``command`` and reports its status."""
        begin = f"echo {self._nonce}; echo {self._nonce} >&2"
        return f"{begin}; {command}; printf '\\n{self._nonce} %d\\n' \"$?\""

    def start(self, command: str) -> str:
        """The shell command that becomes ``command``, for a conversation."""
        return f"echo {self._nonce}; exec {command}"

    def split(self, out: bytes, err: bytes, host: str) -> Result:
        """The command's own output and status.

        Raises:
            LinkLost: there is no status line.
        """
        head, mark, tail = out.rpartition(f"\n{self._nonce} ".encode())
        _, began, own = (head + b"\n").partition(self.mark)
        status = tail.strip()
        if not (began and mark and status.isdigit() and len(status) <= len("255")):
            raise LinkLost(
                "the connection ended before the command's result arrived",
                host=host,
                state="unknown: the command may have run",
                advice="look with 'modbisect status'; the guard restores an armed host by itself",
            )
        _, began, complaint = err.partition(self.mark)
        return Result(int(status), own[:-1], complaint if began else err)


class Deadline:
    """A point in time, for everything that must end."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.seconds = seconds

    @property
    def left(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left == 0.0


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text from a host, without blank ones."""
    return (line for line in text.split("\n") if line.strip())
