"""The run as it happens, on standard error: one line a trial, and a moving line on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from modbisect.model import Measurement
from modbisect.report.figures import seconds as in_words
from modbisect.run.events import (
    Armed,
    Concluded,
    Event,
    FoundSlow,
    PutBack,
    Stage,
    Surveyed,
    TrialBegan,
    TrialEnded,
    Warned,
)


class Live:
    """Prints events as they come; an `Observer` and a context."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lively = sys.stderr.isatty() and not quiet
        self._status: AbstractContextManager[object] = nullcontext()
        self._print: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: T201
        self._doing = ""
        self._since = time.monotonic()
        self._why = ""
        self._left = 0
        self._end = threading.Event()

    def __enter__(self) -> Self:
        if self._lively:
            from rich.console import Console  # noqa: PLC0415  # only where there is a terminal
            from rich.status import Status  # noqa: PLC0415

            console = Console(stderr=True, highlight=False)
            status = Status("", console=console)
            status.start()
            self._status = status
            self._print = lambda line: console.print(line, markup=False, soft_wrap=True)
            self._thread = threading.Thread(target=self._tick, args=(status,), daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lively:
            self._end.set()
            self._thread.join()
            self._status.__exit__(None, None, None)

    def _tick(self, status: object) -> None:
        while not self._end.wait(0.2):
            text = f"{self._doing}  {time.monotonic() - self._since:.0f} s" if self._doing else ""
            status.update(text.replace("[", "\\["))  # type: ignore[attr-defined]  # rich's Status

    def say(self, line: str) -> None:
        """One line."""
        if not self._quiet:
            self._print(line)

    def __call__(self, event: Event) -> None:  # noqa: C901  # one case an event
        """Show an event."""
        match event:
            case Stage(what):
                self._set(what)
                if not self._lively:
                    self.say(what)
            case FoundSlow(measurement):
                self.say(f"as found    {_figure(measurement)}")
            case Surveyed(components):
                self.say(f"components  {len(components)}, of which {event.suspects} may be flipped")
            case Armed(_, entries, lease):
                self.say(f"guard       armed: {entries} paths kept, restores by itself after {lease} s of silence")
            case TrialBegan(number, ask):
                self._why, self._left = ask.why, ask.left
                self._set(f"trial {number}, about {ask.left} more: {ask.why}")
            case TrialEnded(number, measurement):
                left = f"~{self._left} left" if self._left else ""
                self.say(f"trial {number:>3}   {_figure(measurement):<28} {left:<9} {self._why}")
            case PutBack(restored):
                how = f"{'verified' if restored.verified else 'NOT VERIFIED'} in {in_words(restored.seconds)}"
                self.say(f"restored    {how}")
            case Concluded(_):
                self._set("")
            case Warned(what):
                self.say(f"warning     {what}")
            case _:
                pass

    def _set(self, doing: str) -> None:
        self._doing, self._since = doing, time.monotonic()


def _figure(measurement: Measurement) -> str:
    if measurement.broken:
        return f"broken: {measurement.broken}"[:60]
    from modbisect.judging import level  # noqa: PLC0415  # not needed for --help

    of = level(measurement)
    peak = f", {measurement.memory.peak / (1 << 20):.0f} MiB" if measurement.memory else ""
    return f"{'over ' if of.censored else ''}{in_words(of.seconds)}{peak}"
