"""Signals: the first one ends the run by an exception; from then on they wait until the host is restored.

A library may swallow that exception, as paramiko's wide excepts do, and fail in another way or not at all. So whoever
handles an error asks for ``raised`` first, and a run raises it again before each trial.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

from modbisect.errors import Exit, Interrupted

_WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Turns the first SIGINT, SIGTERM or SIGHUP into `Interrupted` in the main thread.

    In another thread none is heard: Python lets only the main one.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._deferred = False
        self.caught: int = 0
        self.raised: Interrupted | None = None
        """What the first signal raised."""

    def __enter__(self) -> Self:
        watched = _WATCHED if threading.current_thread() is threading.main_thread() else ()
        self._before = {number: signal.signal(number, self._handle) for number in watched}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def defer(self) -> None:
        """From now on a signal only says that it has to wait."""
        self._deferred = True

    def check(self) -> None:
        """Raise once more what a signal raised, should nobody have heard it.

        Raises:
            Interrupted: a signal had come.
        """
        if self.raised:
            raise self.raised

    @property
    def exit(self) -> Exit:
        """The exit code of the signal that was caught."""
        return Exit.INTERRUPTED if self.caught == signal.SIGINT else Exit.TERMINATED

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._deferred:
            self.caught = self.caught or number
            self._notify("the host is being put back; this cannot be cut short, and takes a few seconds")
            return
        self._deferred = True
        self.caught = number
        self.raised = Interrupted(f"interrupted by {signal.Signals(number).name}")
        raise self.raised
