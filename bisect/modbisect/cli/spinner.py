"""A moving line at the foot of a terminal, below what is printed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.status import Status

_TICK_SECONDS = 0.2


class Spinner:
    """Shows a text that changes, from a thread of its own."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._console = Console(stderr=True, highlight=False)

    @contextmanager
    def turning(self) -> Iterator[None]:
        """It moves while the context lasts."""
        self._status = Status("", console=self._console)
        self._end = threading.Event()
        thread = threading.Thread(target=self._turn, daemon=True)
        with self._status:
            thread.start()
            try:
                yield
            finally:
                self._end.set()
                thread.join()

    def print(self, line: str) -> None:
        """One line above it."""
        self._console.print(line, markup=False, soft_wrap=True)

    def _turn(self) -> None:
        with suppress(OSError):  # the terminal has gone
            while not self._end.wait(_TICK_SECONDS):
                self._status.update(self._text().replace("[", "\\["))
