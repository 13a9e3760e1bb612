"""How a page's drawings are made: colours by name, two widths, and axes that all look alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from modbisect.model import Measure
from modbisect.report import svg
from modbisect.report.figures import figure as in_words

SLOW, FAST, BROKEN, INK, FAINT = "slow", "fast", "broken", "ink", "faint"
LINES = tuple(f"line{number}" for number in range(5))
COLOUR = {name: f"#0101{number:02x}" for number, name in enumerate((SLOW, FAST, BROKEN, INK, FAINT, *LINES))}
"""For the drawing only; the page says what each looks like."""
_NAMED = {colour: name for name, colour in COLOUR.items()}
DASHES = ((0, ()), (0, (7, 2)), (0, (3, 2)), (0, (7, 2, 2, 2)), (0, (1, 1.5)))
"""One for each line, since colours alone are not for everybody."""
WIDE, NARROW = 760, 350
FONT = 12.0
ROOM = 1.05
"""Of a scale that begins at nothing: what is above the largest value."""
_POINTS = 72
_FEW_TICKS = 30.0
"""Below this ratio a logarithmic scale has marks between the powers of ten."""
_LEAST_RATIO = 4.0
_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure, drawn for two widths of the page."""

    title: str
    said: str
    """What it shows, in words."""
    wide: str
    narrow: str
    """Both an ``svg`` element."""


def chart(name: str, title: str, said: str, draw: Callable[[int], Figure]) -> Chart:
    """Drawn for both widths; its name is unlike that of any other of the page."""

    def drawn(width: int) -> str:
        return svg.written(lambda: draw(width), _NAMED, f"{name}{width}", title, said)

    return Chart(title, said, drawn(WIDE), drawn(NARROW))


def scaled(axes: Axes, measure: Measure) -> None:
    """Times on a logarithmic scale, which shows ratios; memory from nothing on."""
    if measure in (Measure.LATENCY, Measure.TAIL):
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        if high / low < _LEAST_RATIO:
            middle = (low * high) ** 0.5
            low, high = middle / _LEAST_RATIO**0.5, middle * _LEAST_RATIO**0.5
            axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < _FEW_TICKS else (1,)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, axes.get_ylim()[1] * ROOM)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, measure)))


def tick(value: float, measure: Measure) -> str:
    """A round figure beside an axis."""
    if measure not in (Measure.LATENCY, Measure.TAIL) or value >= _MINUTES:
        return in_words(value, measure)
    return f"{value:g} s" if value >= 1 or not value else f"{value * 1000:g} ms"


def canvas(width: int, height: int) -> Figure:
    """An empty figure of so many of the page's pixels."""
    return Figure(figsize=(width / _POINTS, height / _POINTS), layout="constrained")


def with_key(figure: Figure, key: Sequence[Artist], columns: int) -> Figure:
    """With what its marks mean above it, all in the page's ink."""
    figure.legend(handles=list(key), loc="outside upper left", ncols=columns, frameon=False, fontsize=FONT)
    return inked(figure)


def inked(figure: Figure) -> Figure:
    """Every word and line in the page's ink; only the lower and the left edge stay, and a faint grid."""
    for axes in figure.axes:
        axes.tick_params(labelsize=FONT, color=COLOUR[FAINT], labelcolor=COLOUR[INK], which="both")
        axes.grid(visible=True, axis="y", color=COLOUR[FAINT], linewidth=0.4)
        axes.set_axisbelow(True)
        axes.title.set_color(COLOUR[INK])
        axes.xaxis.label.set(color=COLOUR[INK], fontsize=FONT)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(COLOUR[FAINT])
        axes.set_title(axes.get_title(loc="left"), loc="left", color=COLOUR[INK], fontsize=FONT)
    for legend in figure.legends:
        for words in legend.get_texts():
            words.set_color(COLOUR[INK])
    return figure
