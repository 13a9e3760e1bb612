"""What a canary has seen of a probe over time, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from statistics import median

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from modbisect.model import Measure
from modbisect.report.blocks import Heading, Row, Table
from modbisect.report.drawing import (
    BROKEN,
    COLOUR,
    DASHES,
    FAINT,
    FAST,
    INK,
    NARROW,
    SLOW,
    canvas,
    chart,
    scaled,
    with_key,
)
from modbisect.report.figures import count, seconds
from modbisect.report.page import Folded, Part, page

_MARK, _ALARM = 2.5, 6.0
_ROWS = 50
"""Of alarms, the latest."""


@dataclass(frozen=True, slots=True)
class Point:
    """One check."""

    at: float
    """Unix time."""
    seconds: float
    """Its median; 0 where the answer was not correct."""
    usual: float | None
    """Seconds that were usual then; None where that was not known."""
    alarm: float | None
    """Seconds above which checks counted."""
    slower: bool
    broken: str = ""


def trend_page(host: str, probe: str, points: Sequence[Point]) -> str:
    """A page with what these checks, the newest last and at least one of them, have seen."""
    good = [point for point in points if point.seconds]
    slow, broken = [point for point in good if point.slower], [point for point in points if point.broken]
    typical = f"{seconds(median(point.seconds for point in good))} in the median" if good else "never answered"
    told = f"{probe} took {typical} of {count(len(points), 'check')}: {_alarms(len(slow), len(broken))}."
    source = f"modbisect canary of {host}, {_day(points[0].at)} to {_day(points[-1].at)}"
    mood = "found" if points[-1].slower or points[-1].broken else "not-slow"
    return page(_parts(points, slow, broken), verdict=told, source=source, mood=mood)


def _alarms(slow: int, broken: int) -> str:
    said = [f"{slow} were slower than usual"] * bool(slow) + [f"{broken} got no correct answer"] * bool(broken)
    return " and ".join(said) or "all as usual"


def _parts(points: Sequence[Point], slow: Sequence[Point], broken: Sequence[Point]) -> Iterator[Part]:
    said = f"Checks from {_time(points[0].at)} to {_time(points[-1].at)}: {_alarms(len(slow), len(broken))}."
    yield chart("trend", "Every check", said, lambda width: _drawn(points, width))
    alarms = [
        list(same) for alarming, same in groupby(points, lambda each: each.slower or bool(each.broken)) if alarming
    ]
    if alarms:
        yield Heading(2, "Alarms")
        yield Table(("from", "to", "checks", "at worst", "usually", ""), tuple(map(_alarm, alarms[-_ROWS:])))
    yield Heading(2, "All checks")
    yield Folded(f"{count(len(points), 'check')}", Table(("check", "took", "usually", ""), tuple(map(_row, points))))


def _alarm(same: Sequence[Point]) -> Row:
    """Of checks one after the other."""
    worst = max(same, key=lambda point: point.seconds)
    _, took, usual, _ = _row(worst)
    what = " and ".join(dict.fromkeys(_row(point)[3] for point in same))
    return _time(same[0].at), _time(same[-1].at), str(len(same)), took, usual, what


def _row(point: Point) -> Row:
    usual = seconds(point.usual) if point.usual else ""
    what = "no correct answer: " + point.broken if point.broken else "slower" if point.slower else ""
    return _time(point.at), seconds(point.seconds) if point.seconds else "", usual, what


def _drawn(points: Sequence[Point], width: int) -> Figure:
    figure = canvas(width, 300 if width == NARROW else 280)
    axes = figure.subplots()
    when = date2num([datetime.fromtimestamp(point.at, UTC) for point in points])
    known = [number for number, point in enumerate(points) if point.usual and point.alarm]
    for value, dashes in (("usual", DASHES[0]), ("alarm", DASHES[2])):
        axes.plot(
            when[known],
            [getattr(points[number], value) for number in known],
            color=COLOUR[FAST if value == "usual" else FAINT],
            linestyle=dashes,
            linewidth=1,
        )
    took = np.array([point.seconds or np.nan for point in points])
    slow = np.array([point.slower for point in points])
    axes.plot(when[~slow], took[~slow], "o", color=COLOUR[INK], markersize=_MARK)
    axes.plot(when[slow], took[slow], "D", color=COLOUR[SLOW], markersize=_ALARM)
    broken = np.array([bool(point.broken) for point in points])
    axes.plot(when[broken], [0.03] * int(broken.sum()), "x", color=COLOUR[BROKEN], transform=axes.get_xaxis_transform())
    scaled(axes, Measure.LATENCY)
    # Such that each span has an interval: 2 min has 4 of 30 s, and two days have 4 of 12 h.
    locator = AutoDateLocator(minticks=2, maxticks=5 if width == NARROW else 8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return with_key(figure, list(_key(points)), 2 if width == NARROW else 5)


def _key(points: Sequence[Point]) -> Iterator[Line2D]:
    def mark(words: str, marker: str, colour: str, size: float) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=COLOUR[colour], markersize=size, label=words)

    yield mark("a check", "o", INK, _MARK)
    if any(point.usual for point in points):
        yield Line2D([], [], color=COLOUR[FAST], linewidth=1, label="usual")
        yield Line2D([], [], color=COLOUR[FAINT], linestyle=DASHES[2], linewidth=1, label="counts above")
    if any(point.slower for point in points):
        yield mark("slower", "D", SLOW, _ALARM)
    if any(point.broken for point in points):
        yield mark("no correct answer", "x", BROKEN, _ALARM)


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
