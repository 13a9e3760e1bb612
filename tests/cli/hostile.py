"""A command as `modbisect` gets it, with what it answered as a row of a table; see it with `pytest -s`."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest

from modbisect.cli import main

CANARY = "canary-was-here"
"""A file that a shell would make, in the working directory."""
RUN_ONE = f"touch {CANARY}"
DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 130, 143}
_ADVICE = re.compile(r"^to do: \S|^Try '|^(?:modbisect: )?\S+:\d+:\d+: \S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def first(self) -> str:
        """The first line of the error."""
        lines = self.err.splitlines()
        told = [line for line in lines if line.startswith(("modbisect: ", "Error: "))]
        return (told or self.out.splitlines() or lines)[0].removeprefix("modbisect: ")


def row(given: str, answer: Answer) -> None:
    """Print it."""
    shown = given.encode("unicode_escape").decode()
    sys.stdout.write(f"{shown[:64]:<64} | {answer.first[:110]:<110} | {answer.code}\n")


def check(given: str, answer: Answer, code: int, says: str = "") -> None:
    """A documented exit code, the one expected; nothing steers the terminal; an error says what to do."""
    row(given, answer)
    assert answer.code == code, answer.err or answer.out
    assert answer.code in DOCUMENTED
    assert "Traceback" not in answer.err + answer.out
    assert says in answer.err + answer.out
    steering = {char for char in answer.err + answer.out if unicodedata.category(char) in {"Cc", "Cf"}} - {"\n", "\t"}
    assert not steering
    assert code not in {2, 4} or _ADVICE.search(answer.err), answer.err
    assert not list(Path.cwd().rglob(CANARY))


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs commands in this process, in a folder of their own."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *argv: str) -> Answer:
        """Any exception but the end of the process is a traceback for a person, and fails the test."""
        self.monkeypatch.setattr(sys, "argv", ["modbisect", *argv])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        seen = self.capsys.readouterr()
        return Answer(end.value.code, seen.out, seen.err)
