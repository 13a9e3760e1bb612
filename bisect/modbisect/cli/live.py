"""The run as it happens, on standard error: one line a trial, and a moving line on a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from statistics import fmean
from typing import Self

from modbisect.cli.foot import bar, folded, likeliest, shortened, state, words
from modbisect.cli.streams import silence
from modbisect.harmless import one_line
from modbisect.model import Measure, Measurement
from modbisect.report.figures import at_least
from modbisect.report.figures import seconds as in_words
from modbisect.run.events import (
    Armed,
    Concluded,
    Event,
    FoundSlow,
    Known,
    Looked,
    PutBack,
    Stage,
    Surveyed,
    TrialBegan,
    TrialEnded,
    Warned,
)
from modbisect.run.past import Past, after
from modbisect.run.person import SLOW_SECONDS

_LATEST = 5
"""Trials whose mean duration is taken for that of those to come."""
_NAMED = 3
"""Suspects that are named."""
_MINUTES = 120
"""Seconds from which on minutes are said."""


class Live:
    """Prints events as they come; an `Observer` and a context."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lively = sys.stderr.isatty() and not quiet
        self._print: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: T201
        self._turning: Callable[[], AbstractContextManager[None]] = nullcontext
        self._moving = ExitStack()
        self._since = time.monotonic()
        self._run: Past | None = None
        self._suspects = ""
        self.doing = ""
        """What is going on, in words."""

    def __enter__(self) -> Self:
        if self._lively:
            from modbisect.cli.spinner import Spinner  # noqa: PLC0415  # only where there is a terminal

            spinner = Spinner(self._moment)
            self._print, self._turning = spinner.print, spinner.turning
        self._moving.enter_context(self._turning())
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._moving.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question while the context lasts."""
        with suppress(OSError):
            self._moving.close()
        try:
            yield
        finally:
            self._since = time.monotonic()
            self._moving.enter_context(self._turning())

    def _moment(self) -> str:
        if not self.doing:
            return ""
        lines = [f"{self.doing}  {time.monotonic() - self._since:.0f} s"]
        if self._run and self._run.suspects:
            lines.append(f"suspects: {likeliest(self._run)}")
        if self._run:
            lines.append(f"host: {state(self._run)}{self._budget(self._run)}")
        return "\n  ".join(shortened(line, self._columns - 2) for line in lines)

    def _budget(self, run: Past) -> str:
        most = run.began.book.budget.seconds if run.began.book else None
        if most is None:
            return ""
        left = max(0.0, most - run.effort.seconds - (time.monotonic() - self._since))
        return f"; budget: {in_words(left, beside=1)} left"

    @property
    def _columns(self) -> int:
        return shutil.get_terminal_size().columns

    def say(self, line: str) -> None:
        """One line."""
        if not self._quiet:
            try:
                self._print(folded(line, self._columns) if self._lively else line)
            except OSError:  # a terminal that has gone, or a full disk, must not end a run, least of all its restore
                self._quiet = True
                silence(sys.stderr)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._run = after(self._run, event)
        match event:
            case Stage(what):
                self._set(what)
                if not self._lively:
                    self.say(what)
            case Armed(_, entries, lease):
                self.say(f"guard       armed: {entries} paths kept, restores by itself after {lease} s of silence")
            case PutBack(restored) if restored.cure_until:
                self.say(f"NOT restored on purpose: put back at {restored.cure_until}, if nobody keeps it by then")
            case PutBack(restored):
                took = f" in {in_words(restored.seconds)}" if restored.seconds else ""
                came = "verified" if restored.verified else f"NOT VERIFIED: {one_line(restored.how)}"
                self.say(f"restored    {came}{took}")
            case Concluded(_):
                self._set("")
            case Warned(what):
                self.say(f"warning     {what}")
            case _ if self._run:
                self._search(event, self._run)
            case _:
                pass

    def _search(self, event: Event, run: Past) -> None:
        match event:
            case FoundSlow(measurement):
                self.say(f"as found    {_figure(measurement, run)}")
            case Looked(_, _, _, most, share, of):
                self.say(f"seen        for {share:.0%} of the {of}: {most}")
            case Surveyed(components):
                self.say(f"components  {len(components)}, of which {event.suspects} may be flipped")
            case Known(number, ask, measurement):
                self._trial(number, measurement, run, "known", ask.why)
            case TrialBegan(number, ask):
                self._suspect(run.suspects)
                self._set(f"trial {number}, {_to_go(ask.left, run)}: {words(ask)}")
            case TrialEnded(number, measurement) if run.asked:
                left = _to_go(run.asked.left, run) if run.asked.left else ""
                self._trial(number, measurement, run, left, words(run.asked))
            case _:
                pass

    def _trial(self, number: int, measurement: Measurement, run: Past, left: str, why: str) -> None:
        """On a terminal with a bar, and what is left stands at its foot."""
        figure = _figure(measurement, run)
        if self._lively:
            self.say(f"trial {number:>3}   {bar(measurement, run)}  {figure:<26}  {why}")
        else:
            self.say(f"trial {number:>3}   {figure:<28} {left:<20} {why}")

    def _suspect(self, likeliest: Sequence[str]) -> None:
        """On a terminal beside what is going on, elsewhere a line whenever it changes."""
        suspects = ", ".join(likeliest[:_NAMED]) + (" and others" if len(likeliest) > _NAMED else "")
        if suspects and suspects != self._suspects and not self._lively:
            self.say(f"suspects    {suspects}")
        self._suspects = suspects

    def _set(self, doing: str) -> None:
        self.doing, self._since = doing, time.monotonic()


def _to_go(trials: int, run: Past) -> str:
    """How many restarts come after this one, and how long they take if they are like the latest."""
    took = [trial.measurement.seconds for trial in run.trials[-_LATEST:]]
    if not (took and trials):
        return f"~{trials} left"
    seconds = round(fmean(took) * trials) or 1
    return f"~{trials} left, {f'{seconds} s' if seconds < _MINUTES else in_words(seconds)}"


def _figure(measurement: Measurement, run: Past) -> str:
    if measurement.broken:
        return f"broken: {measurement.broken}"[:60]
    if not measurement.requests:
        return "nothing measured"
    from modbisect.judging import level  # noqa: PLC0415  # not needed for --help

    of = level(measurement)
    if run.began.by_hand:
        return "fast" if of.seconds < SLOW_SECONDS else "slow"
    memory = None if of.measure is Measure.MEMORY else measurement.memory
    peak = f", {memory.peak / (1 << 20):.0f} MiB" if memory else ""
    return at_least(of.seconds, censored=of.censored, measure=of.measure) + peak
