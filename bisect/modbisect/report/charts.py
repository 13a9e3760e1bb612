"""What the trials of a run saw, drawn: every restart with its requests, when they were, and whom they made suspect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from modbisect.harmless import one_line
from modbisect.model import ComponentId, Measure, Verdict
from modbisect.report import wording
from modbisect.report.drawing import (
    BROKEN,
    COLOUR,
    DASHES,
    FAINT,
    FAST,
    FONT,
    LINES,
    NARROW,
    ROOM,
    SLOW,
    WIDE,
    Chart,
    canvas,
    chart,
    inked,
    scaled,
    tick,
    with_key,
)
from modbisect.report.figures import count, seconds
from modbisect.report.figures import figure as in_words
from modbisect.report.values import Report, Tried

_LEVEL, _REQUEST = 7.0, 3.0
_MEBI = 1 << 20
_LONGEST = 40
_SPREAD = 0.6
"""Of the width of a column: over so much of it the restarts of a state are spread."""


@dataclass(frozen=True, slots=True)
class _State:
    """Trials that have something in common: the culprit is as found, say."""

    words: str
    colour: str
    marker: str
    trials: tuple[Tried, ...]

    @property
    def served(self) -> tuple[Tried, ...]:
        return tuple(trial for trial in self.trials if trial.seconds)


def charts(report: Report) -> Iterator[Chart]:
    """What can be drawn of a report: nothing where a person judged the trials, or there were none."""
    tried = report.tried
    if any(trial.seconds for trial in tried):
        title = f"Every restart: {wording.measured(report)}"
        yield chart("restarts", title, _in_short(report), lambda width: _restarts(report, width))
    if tried and all(trial.ended and trial.took for trial in tried):
        said = f"{count(len(tried), 'trial')} in {seconds(tried[-1].ended, beside=1)}, one after the other."
        yield chart("time", "When each trial was", said, lambda width: _timeline(report, width))
    suspects = _suspects(report)
    if len(suspects) > 1 and len(tried) > 1:
        said = f"The likeliest of {len(tried)} trials: {', '.join(map(_short, suspects))}."
        yield chart("suspects", "Who was suspected", said, lambda width: _suspicion(report, suspects, width))


def _in_short(report: Report) -> str:
    said = []
    for state in _states(report):
        levels = [trial.seconds or 0.0 for trial in state.served]
        if levels:
            ends = dict.fromkeys(in_words(each, report.measure) for each in (min(levels), max(levels)))
            said.append(f"{state.words}, {count(len(levels), 'restart')}: {' to '.join(ends)}")
    broken = sum(trial.verdict is Verdict.BROKEN for trial in report.tried)
    return "; ".join([*said, *([f"{count(broken, 'trial')} in which the site broke"] if broken else [])]) + "."


def _states(report: Report) -> tuple[_State, _State]:
    """The trials by whether a culprit was as found; where there is none, by whether anything was switched."""
    slow, fast = "as found", "with some switched over"
    if len(report.findings) == 1:
        slow, fast = wording.states(report, report.findings[0])
    elif report.findings:
        slow, fast = "with a culprit", "without any"
    groups: tuple[list[Tried], list[Tried]] = ([], [])
    for trial in report.tried:
        groups[_cured(report, trial)].append(trial)
    return _State(slow, SLOW, "o", tuple(groups[0])), _State(fast, FAST, "D", tuple(groups[1]))


def _cured(report: Report, trial: Tried) -> bool:
    flipped = set(trial.flipped)
    return all(flipped.intersection(finding.components) for finding in report.findings) and bool(flipped)


def _restarts(report: Report, width: int) -> Figure:
    """Level and requests by the number of the trial, and beside them by state; beneath them the memory."""
    remembered = any(trial.memory for trial in report.tried)
    heights = (220, 110) if remembered else (220,)
    ratios = (3 if width == WIDE else 1.4, 1)
    figure = canvas(width, sum(heights) + 90)
    axes = figure.subplots(
        len(heights), 2, squeeze=False, sharex="col", sharey="row", height_ratios=heights, width_ratios=ratios
    )
    states, measure = _states(report), report.measure
    for place, state in enumerate(states):
        if measure in (Measure.LATENCY, Measure.TAIL):
            _requests(axes[0][0], state)
        _levels(axes[0][0], state, [trial.number for trial in state.served])
        _levels(axes[0][1], state, _beside(place, len(state.served)))
    for trial in report.tried:
        if trial.verdict is Verdict.BROKEN:
            across = axes[0][0].get_xaxis_transform()
            axes[0][0].plot([trial.number], [0.03], "x", color=COLOUR[BROKEN], markersize=_LEVEL, transform=across)
    if report.found_seconds:
        axes[0][0].axhline(report.found_seconds, color=COLOUR[SLOW], linestyle=DASHES[2], linewidth=1)
    scaled(axes[0][0], measure)
    if remembered:
        _memory(axes[1], states)
    axes[-1][0].set_xlabel("trial")
    axes[-1][0].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[-1][1].set_xticks(range(len(states)), [_folded(state.words) for state in states])
    axes[-1][1].set_xlim(-0.7, len(states) - 0.3)
    for row in axes:
        row[1].tick_params(labelleft=False)
    return with_key(figure, _key(report, states), 1 if width == NARROW else 3)


def _requests(axes: Axes, state: _State) -> None:
    at = [(trial.number, request) for trial in state.trials for request in trial.times]
    numbers, times = zip(*at, strict=True) if at else ((), ())
    axes.plot(numbers, times, "o", color=COLOUR[FAINT], markersize=_REQUEST, zorder=1)


def _levels(axes: Axes, state: _State, at: Sequence[float]) -> None:
    for cut_off, marker in ((False, state.marker), (True, "^")):
        seen = [
            (x, trial.seconds or 0.0) for x, trial in zip(at, state.served, strict=True) if trial.censored is cut_off
        ]
        axes.add_line(_marks(state, [x for x, _ in seen], [level for _, level in seen], marker))
    axes.autoscale_view()


def _memory(row: Sequence[Axes], states: Sequence[_State]) -> None:
    for place, state in enumerate(states):
        seen = [(trial.number, trial.memory.peak / _MEBI) for trial in state.trials if trial.memory]
        for axes, at in ((row[0], [number for number, _ in seen]), (row[1], _beside(place, len(seen)))):
            axes.add_line(_marks(state, at, [peak for _, peak in seen], state.marker))
            axes.autoscale_view()
    row[0].set_ylim(0, row[0].get_ylim()[1] * ROOM)
    row[0].yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    row[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} MiB"))
    row[0].set_title("largest worker's peak memory", loc="left", fontsize=FONT)


def _marks(state: _State, at: Sequence[float], values: Sequence[float], marker: str, label: str = "") -> Line2D:
    """Filled where it is slow, hollow where it is fast: without colours they differ as well."""
    colour = COLOUR[state.colour]
    return Line2D(
        at,
        values,
        linestyle="none",
        marker=marker,
        color=colour,
        markerfacecolor=colour if state.colour == SLOW else "none",
        markeredgewidth=1.5,
        markersize=_LEVEL,
        label=label,
    )


def _beside(place: int, number: int) -> list[float]:
    """So many restarts of a state, side by side in its column."""
    return [place + _SPREAD * ((each + 0.5) / number - 0.5) for each in range(number)]


def _key(report: Report, states: Sequence[_State]) -> list[Artist]:
    def mark(words: str, marker: str, colour: str, size: float = _LEVEL) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=COLOUR[colour], markersize=size, label=words)

    key: list[Artist] = [
        _marks(state, [], [], state.marker, f"restart {state.words}") for state in states if state.served
    ]
    if report.found_seconds:
        label = "before anything was switched"
        key.append(Line2D([], [], color=COLOUR[SLOW], linestyle=DASHES[2], linewidth=1, label=label))
    if report.measure in (Measure.LATENCY, Measure.TAIL):
        key.append(mark("one request", "o", FAINT, _REQUEST))
    if any(trial.censored for trial in report.tried):
        key.append(mark("cut off there", "^", SLOW))
    if any(trial.verdict is Verdict.BROKEN for trial in report.tried):
        key.append(mark("the site broke", "x", BROKEN))
    return key


def _timeline(report: Report, width: int) -> Figure:
    """A bar for each trial, over the time of the run."""
    figure = canvas(width, 110)
    axes = figure.subplots()
    states = _states(report)
    for row, state in enumerate(states):
        for trial in state.trials:
            colour = COLOUR[BROKEN if trial.verdict is Verdict.BROKEN else state.colour]
            hollow = colour if state.colour == SLOW else "none"
            axes.barh(-row, trial.took, 0.7, trial.ended - trial.took, facecolor=hollow, edgecolor=colour, linewidth=1)
    axes.set_xlim(0, max(report.seconds, report.tried[-1].ended))
    axes.set_yticks([0, -1], [_folded(state.words) for state in states])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, Measure.LATENCY)))
    axes.xaxis.set_major_locator(MaxNLocator(6 if width == WIDE else 3, steps=[1, 2, 3, 6, 10]))
    return inked(figure)


def _suspects(report: Report) -> list[ComponentId]:
    """Those that were ever the likeliest ones, as many as there are lines; the culprits before the others."""
    most: dict[ComponentId, float] = {}
    for trial in report.tried:
        for suspect, probability in trial.suspects:
            most[suspect] = max(probability, most.get(suspect, 0.0))
    guilty = {component for finding in report.findings for component in finding.components}
    return sorted(most, key=lambda each: (each not in guilty, -most[each]))[: len(LINES)]


def _suspicion(report: Report, suspects: Sequence[ComponentId], width: int) -> Figure:
    """The probability of each, as the trials went by."""
    figure = canvas(width, 190 + 20 * (len(suspects) if width == NARROW else -(-len(suspects) // 2)))
    axes = figure.subplots()
    key: list[Artist] = []
    for suspect, line, dashes in zip(suspects, LINES, DASHES, strict=False):
        numbers = [trial.number for trial in report.tried if trial.suspects]
        seen = [dict(trial.suspects).get(suspect, 0.0) for trial in report.tried if trial.suspects]
        drawn = Line2D(
            numbers,
            seen,
            color=COLOUR[line],
            linestyle=dashes,
            linewidth=2,
            drawstyle="steps-post",
            label=_short(suspect),
        )
        key.append(axes.add_line(drawn))
    axes.autoscale_view()
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    axes.set_xlabel("trial that was about to begin")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return with_key(figure, key, 1 if width == NARROW else 2)


def _short(component: ComponentId) -> str:
    """A name that fits beside a line: its middle is left out where it is long."""
    name = one_line(component)
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[: half - 1]}…{name[-half:]}"


def _folded(words: str) -> str:
    """In two lines where it is long."""
    first, space, rest = words.partition(" ")
    return f"{first}\n{rest}" if space and len(words) > len("without") else words
