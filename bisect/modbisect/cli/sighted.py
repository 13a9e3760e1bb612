"""What a canary has seen, in words and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from modbisect.harmless import one_line
from modbisect.judging.history import FEWEST, Trend
from modbisect.report.figures import ratio, seconds
from modbisect.run.canary import Sighting

_MANY = 10
"""Changes that are told."""


def sentence(sighting: Sighting) -> str:
    """A sentence."""
    said = sighting.comparison
    if said is None:
        return f"{sighting.probe} does not answer correctly: {sighting.broken}"
    now, usual = seconds(said.now_seconds, beside=said.usual_seconds), seconds(said.usual_seconds)
    match said.trend:
        case Trend.LEARNING:
            return f"{sighting.probe} takes {now}; learning: {sighting.runs} earlier checks so far, it takes {FEWEST}"
        case Trend.SLOWER:
            return (
                f"{sighting.probe} is slower: {now}, usually {usual} at this time of day by {sighting.runs} checks "
                f"({ratio(said.ratio)}; checks above {seconds(said.alarm_seconds)} count)"
                f"{f'; it was seen at: {sighting.seen}' if sighting.seen else ''}"
            )
        case Trend.UNSURE:
            return f"{sighting.probe} may be slower: {now}, usually {usual}; the next check tells"
        case Trend.FASTER:
            return f"{sighting.probe} is faster: {now}, usually {usual}"
        case Trend.STEADY:
            return f"{sighting.probe} is as usual: {now}, usually {usual} by {sighting.runs} checks"


def more_lines(sighting: Sighting) -> Iterator[str]:
    """Lines behind the first."""
    if sighting.changed:
        yield "since the last good check:"
        yield from (f"  {one_line(each)}" for each in sighting.changed[:_MANY])
        if len(sighting.changed) > _MANY:
            yield f"  and {len(sighting.changed) - _MANY} more"
    if sighting.run:
        yield f"{sighting.verdict} (modbisect report {sighting.run[:8]})"


def as_row(host: str, sighting: Sighting) -> dict[str, object]:
    """For JSON."""
    said = sighting.comparison
    return {
        "host": host,
        "probe": sighting.probe,
        "verdict": "broken" if said is None else str(said.trend),
        "broken": sighting.broken,
        "seconds": said.now_seconds if said else None,
        "usual_seconds": said.usual_seconds if said else None,
        "alarm_seconds": said.alarm_seconds if said else None,
        "ratio": said.ratio if said else None,
        "runs": sighting.runs,
        "seen": sighting.seen,
        "changed": list(sighting.changed),
        "run": sighting.run or None,
        "run_verdict": sighting.verdict or None,
    }
