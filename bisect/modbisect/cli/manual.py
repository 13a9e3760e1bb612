"""The questions of ``run --manual``, at the terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
from collections.abc import Mapping
from types import MappingProxyType

from modbisect.cli.live import Live
from modbisect.errors import UsageError
from modbisect.report.figures import listed
from modbisect.report.figures import seconds as in_words
from modbisect.run.person import Answer, Question

_WORDS: Mapping[str, Answer] = MappingProxyType(
    {"f": Answer.FAST, "s": Answer.SLOW, "b": Answer.BROKEN, "k": Answer.SKIP, "q": Answer.QUIT}
    | {str(answer): answer for answer in Answer}
)
_PROMPT = "[f]ast, [s]low, [b]roken, s[k]ip or [q]uit? "
_MANY = 12
_LOOK_SECONDS = 0.5


def need_terminal() -> None:
    """Refuse to ask where nobody can answer.

    Raises:
        UsageError: standard input or standard error is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "--manual asks a person, and there is no terminal",
            state="no host was touched",
            advice="call it at a terminal, or without --manual: then the playbook's probes are measured",
        )


class AtTerminal:
    """Puts a question below the live view; an `Asker`."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def __call__(self, question: Question) -> Answer | None:
        """See `Asker`. The end of the input, or of the terminal, is as good as ``quit``."""
        try:
            return self._asked(question)
        except (OSError, termios.error):
            return Answer.QUIT

    def _asked(self, question: Question) -> Answer | None:
        until = time.monotonic() + question.seconds
        with self._live.paused():
            _say(f"{self._live.doing}\n")
            _say(f"  not as found now: {listed(question.flipped, _MANY) or 'nothing'}\n")
            _say(f"  look at the site; without an answer the host is put back in {in_words(question.seconds)}\n")
            termios.tcflush(sys.stdin, termios.TCIFLUSH)  # what was typed before is no answer
            while True:
                _say(_PROMPT)
                line = _line(question, until)
                if line is None:
                    _say("\n")
                    return None
                if not line:
                    return Answer.QUIT
                if answer := _WORDS.get(line.strip().lower()):
                    return answer


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _line(question: Question, until: float) -> str | None:
    """What was typed; empty at the end of the input, None when nothing came in time."""
    while not question.void() and time.monotonic() < until:
        if select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
            return os.read(sys.stdin.fileno(), 1024).decode("utf-8", "replace")
    return None
