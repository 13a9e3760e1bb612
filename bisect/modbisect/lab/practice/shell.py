"""The commands that the practice host knows: those that modbisect sends, and no others."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from modbisect.host.guard import GUARD
from modbisect.host.link import Result
from modbisect.lab.practice import scripts
from modbisect.lab.practice.guard import Guard, Input, done
from modbisect.lab.practice.machine import Machine

_WITH_NONCE = re.compile(r"echo ([0-9a-f]+); echo \1 >&2; (.*); printf '\\n\1 %d\\n' " + re.escape('"$?"'), re.DOTALL)
_CONVERSATION = re.compile(r"echo ([0-9a-f]+); exec (.*)", re.DOTALL)
_NOT_FOUND = 127


class Shell:
    """Carries out command lines on the machine."""

    def __init__(self, machine: Machine, guard: Guard) -> None:
        self._machine = machine
        self._guard = guard
        self.talk = ""
        """What the account's shell says of itself, whatever it is asked."""

    def conversation(self, line: str, stream: Input) -> Iterator[str] | None:
        """The answers of a command that stays under way; None when the line is no such command."""
        match _words(line):
            case ["exec", "/bin/sh", "-c", script] if started := _CONVERSATION.fullmatch(script):
                mark, argv = started[1], _words(started[2])
            case _:
                return None
        match argv:
            case ["sudo", "-n", "--", "/bin/sh", program, "keep", run, lease] if program == GUARD and lease.isdigit():
                answers = self._guard.keep(run, int(lease), stream)
            case ["sudo", "-n", "--", "/bin/sh", program, "serve", run] if program == GUARD:
                answers = self._guard.serve(run, stream)
            case _:
                return None
        return _behind(f"{self.talk}{mark}\n", answers)

    def run(self, line: str, stdin: bytes) -> Result:
        """A command line with the whole of its standard input; its status in band where the line asks for that."""
        match _words(line):
            case ["exec", "/bin/sh", "-c", script] if wrapped := _WITH_NONCE.fullmatch(script):
                result = self._command(_words(wrapped[2]), stdin)
                before, after = f"{self.talk}{wrapped[1]}\n".encode(), f"\n{wrapped[1]} {result.status}\n".encode()
                return Result(result.status, before + result.out + after, before + result.err)
            case argv:
                return self._command(argv, stdin)

    def _command(self, argv: list[str], stdin: bytes) -> Result:
        match argv:
            case ["id", "-u"]:
                return done(["1000"])
            case ["sudo", "-n", "--", *_] if not self._machine.sudo:
                return Result(1, b"", b"sudo: a password is required\n")
            case ["sudo", "-n", "--", *rest]:
                result = self._as_root(rest, stdin)
            case _:
                result = None
        text = f"practice host: not among the commands it simulates: {shlex.join(argv)[:200]}\n"
        return result or Result(_NOT_FOUND, b"", text.encode())

    def _as_root(self, argv: list[str], stdin: bytes) -> Result | None:
        result = None
        match argv:
            case ["id", "-u"]:
                result = done(["0"])
            case ["/bin/sh", "-s"]:
                lines = scripts.answer(self._machine, stdin.decode("utf-8", "replace"), self._guard.survey())
                result = done(lines) if lines else None
            case ["/bin/sh", "-s", "sample"]:
                result = done(scripts.sample(self._machine))
            case ["/bin/sh", "-c", _, "hold", digest, run, lease, spec] if lease.isdigit():
                result = self._guard.hold(stdin, digest, run, int(lease), spec)
            case ["/bin/sh", "-c", script] if f"{GUARD} status" in script:
                result = done(self._guard.status())
            case ["/bin/sh", program, *arguments] if program == GUARD:
                result = self._guard.call(arguments, stdin.decode("utf-8", "replace"))
        return result


def _behind(before: str, answers: Iterator[str]) -> Iterator[str]:
    """The answers, the first of them behind this text."""
    for answer in answers:
        yield before + answer
        before = ""


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []
