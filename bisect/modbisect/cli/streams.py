"""Standard input, output and error, whatever state the command got them in."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

from modbisect.errors import Unwritten

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


class NobodyReads(Exception):
    """Whoever read standard output has left."""


class _Answer(io.FileIO):
    """Standard output, whose failures are told from those of any other file."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise NobodyReads from error
        except OSError as error:
            raise Unwritten(
                f"cannot write the answer to standard output: {error.strerror}",
                state="this command has no run under way",
                advice="make room where it leads to, and ask again",
            ) from error


def prepare() -> None:
    """Make the standard streams such that no text and no closed file can end the command."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened, a journal say, would get what is said here
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", line_buffering=True)
    if sys.stdout is sys.__stdout__:  # not where it is captured within the process
        raw = io.BufferedWriter(_Answer(1, "w", closefd=False))
        encoding = sys.stdout.encoding if sys.stdout else "utf-8"
        sys.stdout = io.TextIOWrapper(raw, encoding=encoding, line_buffering=raw.isatty())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an odd locale, or a name that is no text, costs a letter at most
            stream.reconfigure(errors="backslashreplace")


def tell(line: str) -> None:
    """One line on standard error; where nobody can be told, the command goes on."""
    try:
        click.echo(line, err=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Lead a stream to nowhere: what could not be written must not fail once more when the process ends."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
