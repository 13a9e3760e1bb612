"""What a person at a terminal sees of a run beside its lines: a bar a trial, the suspects, the host's state. Pure."""

from __future__ import annotations

import math
from textwrap import wrap

from modbisect.model import Ask, Measurement
from modbisect.run.past import Past

_BAR = 12
_DECADES = 3.0
"""Powers of ten that a whole bar is long; it ends at what the site took as found."""
_NAMED = 3
_INDENT = 12
_NARROW = 40
_FEW = 2


def bar(measurement: Measurement, run: Past) -> str:
    """How slow a trial was beside the site as found, on a logarithmic scale; ``x`` where it broke."""
    from modbisect.judging import level, measured  # noqa: PLC0415  # not needed for --help

    if measurement.broken or not measured(measurement):
        return f"{'x':<{_BAR}}"
    found = run.found
    end = level(found).log_seconds if found and measured(found) else 0.0
    here = (level(measurement).log_seconds - end) / math.log(10)
    filled = round(_BAR * (1 + here / _DECADES))
    return f"{'#' * max(1, min(_BAR, filled)):<{_BAR}}"


def likeliest(run: Past) -> str:
    """The suspects, the likeliest first, each with its probability."""
    suspects = run.asked.suspects if run.asked else ()
    return ", ".join(f"{suspect} {probability:.0%}" for suspect, probability in suspects[:_NAMED])


def state(run: Past) -> str:
    """In which state the host is, in words."""
    if run.put_back:
        return "as it was found" if run.put_back.verified else "NOT RESTORED"
    if run.armed and run.latest:
        return f"switched; puts itself back after {run.armed.lease} s of silence"
    return "held, as found" if run.armed else "untouched"


def words(ask: Ask) -> str:
    """What a trial is for, as an engineer says it."""
    if ask.stage != "confirm":
        return ask.why
    flipped = sorted(ask.configuration.flipped)
    if not flipped:
        return "proof: everything as found, is it slow again?"
    if len(flipped) <= _FEW:
        return f"proof: {' and '.join(flipped)} switched over, is it fast?"
    return f"proof: {len(flipped)} switched over at once"


def folded(line: str, columns: int) -> str:
    """A line that is longer than the terminal is wide, with what follows below its words."""
    if columns < _NARROW or len(line) <= columns:
        return line
    return "\n".join(wrap(line, columns, subsequent_indent=" " * _INDENT, break_on_hyphens=False, drop_whitespace=True))


def shortened(line: str, columns: int) -> str:
    """A line of the foot: it must not be longer than the terminal is wide, or it is drawn over what is above it."""
    return line if columns < _NARROW or len(line) <= columns - 2 else f"{line[: columns - 3]}\N{HORIZONTAL ELLIPSIS}"
