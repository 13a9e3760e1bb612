"""Numbers as people read them: three digits or so, always with a unit."""

from __future__ import annotations

from collections.abc import Sequence

from modbisect.judging.levels import GROWTH_OFFSET
from modbisect.model import Effect, Measure, Memory

# Up to which value (what rounds to the next row's least), times what, in which format.
_SECONDS = (
    (0.000_995, 1000, ".2g", "ms"),
    (0.009_95, 1000, ".1f", "ms"),
    (0.9995, 1000, ".0f", "ms"),
    (9.995, 1, ".2f", "s"),
    (119.95, 1, ".1f", "s"),
)
_TENTH = 0.0995
_SIXTY = 60
_KIBI = 1024
_NO_EXPONENT = 999.5
_UNKNOWN = "unknown"


def seconds(value: float, *, beside: float = 0.0) -> str:
    """A time in seconds: ``6.9 ms``, ``181 ms``, ``75.2 s``, ``2 min 5 s``, ``1 h 4 min``.

    ``beside`` is the time it is read against: next to a second or more, 181 ms are ``0.18 s``.
    """
    if not value:
        return "0 s"
    if _TENTH <= value < 1 <= beside:
        return f"{value:.2f} s"
    for below, factor, form, unit in _SECONDS:
        if value < below:
            return f"{value * factor:{form}} {unit}"
    minutes, left = divmod(round(value), _SIXTY)
    if minutes < _SIXTY:
        return f"{minutes} min {left} s" if left else f"{minutes} min"
    hours, minutes = divmod(round(value / _SIXTY), _SIXTY)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def size(count: float) -> str:
    """A number of bytes: ``512 B``, ``37.4 MiB``."""
    if count < _KIBI:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB"):
        count /= _KIBI
        if round(count, 1) < _KIBI:
            return f"{count:.1f} {unit}"
    return f"{count / _KIBI:.1f} GiB"


def ratio(value: float) -> str:
    """A factor: ``396x``, ``14.8x``, ``1.05x``."""
    return f"{value:.3g}x" if value < _NO_EXPONENT else f"{value:.0f}x"


def figure(value: float, measure: Measure, *, beside: float = 0.0) -> str:
    """What was measured: a time in seconds, memory in GiB, its growth as a level has it."""
    if measure is Measure.GROWTH:
        return f"{size(max(0.0, value * _KIBI**2 - GROWTH_OFFSET))} a request"
    return size(value * _KIBI**3) if measure is Measure.MEMORY else seconds(value, beside=beside)


def at_least(value: float, *, censored: bool, beside: float = 0.0, measure: Measure = Measure.LATENCY) -> str:
    """As ``figure``; ``more than 75.2 s`` when it was cut off there."""
    return ("more than " if censored else "") + figure(value, measure, beside=beside)


def before(effect: Effect) -> str:
    """The slow time of an effect."""
    return at_least(effect.before_seconds, censored=effect.censored, measure=effect.measure)


def after(effect: Effect) -> str:
    """The fast time of an effect, in the unit of the slow one."""
    cut, beside = effect.after_censored, effect.before_seconds
    return at_least(effect.after_seconds, censored=cut, beside=beside, measure=effect.measure)


def factor(effect: Effect) -> str:
    """``396x``; ``at least 396x`` when the slow requests were cut off, ``at most`` when the fast ones were."""
    if effect.censored and effect.after_censored:
        return _UNKNOWN
    return ("at least " if effect.censored else "at most " if effect.after_censored else "") + ratio(effect.ratio)


def interval(effect: Effect) -> str:
    """``350x to 430x``; with slow requests cut off it has no upper end, with fast ones no lower one."""
    if effect.after_censored:
        return _UNKNOWN if effect.censored else f"{ratio(effect.high)} or less"
    return f"{ratio(effect.low)} or more" if effect.censored else f"{ratio(effect.low)} to {ratio(effect.high)}"


def peak(memory: Memory | None) -> str:
    """Largest memory of one worker; ``unknown`` when nobody looked."""
    return size(memory.peak) if memory else "unknown"


def count(number: int, word: str) -> str:
    """``1 restart``, ``2 restarts``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def listed(words: Sequence[str], most: int = 3) -> str:
    """``a``, ``a and b``, ``a, b and c``; beyond ``most`` of them ``a, b, c and 4 more``."""
    if len(words) > most + 1:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
