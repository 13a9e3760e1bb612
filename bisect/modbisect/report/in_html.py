"""A report as a page: what every format says, with every restart drawn, and every trial and step."""

from __future__ import annotations

from collections.abc import Iterator

from modbisect.model import Verdict
from modbisect.report import blocks, headline, wording
from modbisect.report.blocks import Block, Heading, Row, Sentence, Table
from modbisect.report.charts import charts
from modbisect.report.figures import at_least, count, listed, peak, seconds
from modbisect.report.page import Folded, Part, page
from modbisect.report.values import Report, Tried

_FEW = 2
"""So many names stand in a cell of the table of trials."""
_MANY = 12


def html(report: Report) -> str:
    """The report as a page, ending in a newline."""
    source = f"modbisect on {report.host}, {report.started}"
    return page(_parts(report), verdict=headline.verdict(report), source=source, mood=report.outcome.value)


def _parts(report: Report) -> Iterator[Part]:
    yield from blocks.alarm(report)
    yield from blocks.culprits(report)
    drawn = list(charts(report))
    if drawn:
        yield Heading(2, "What was measured")
        yield from drawn
    yield from map(_short, blocks.beside(report))
    yield from blocks.overview(report)
    yield from _trials(report)
    yield from _done(report)
    yield from blocks.restored(report)


def _short(block: Block) -> Part:
    """A long table is opened by who wants to read it."""
    if isinstance(block, Table) and len(block.rows) > _MANY:
        return Folded(f"{count(len(block.rows), 'component')}", block)
    return block


def _trials(report: Report) -> Iterator[Part]:
    if not report.tried:
        return
    yield Heading(2, "Every trial")
    head = ("trial", "asked", "switched over", wording.measured(report), "worker's peak memory", "restart")
    yield Table(head, tuple(_trial(report, trial) for trial in report.tried))
    many = [trial for trial in report.tried if len(trial.flipped) > _FEW + 1]
    if many:
        rows = tuple((str(trial.number), ", ".join(trial.flipped)) for trial in many)
        yield Folded("All that was switched over in these trials", Table(("trial", "switched over"), rows))


def _trial(report: Report, trial: Tried) -> Row:
    took = "not measured"
    if trial.seconds is not None:
        took = at_least(trial.seconds, censored=trial.censored, measure=report.measure)
    elif trial.verdict:
        took = f"broken: {trial.broken}" if trial.verdict is Verdict.BROKEN else trial.verdict
    return (
        str(trial.number),
        trial.why,
        listed(trial.flipped, _FEW) or "nothing",
        took,
        peak(trial.memory) if trial.memory else "",
        seconds(trial.restart_seconds, beside=1) if trial.restart_seconds else "",
    )


def _done(report: Report) -> Iterator[Part]:
    """What a run did to the host, and what it let alone."""
    if report.steps:
        yield Heading(2, "What was done to the host")
        yield Sentence(
            "A trial takes the steps of all that it switches over, tests the configuration, and restarts what reads it."
        )
        rows = tuple((component, "; ".join(steps)) for component, steps in report.steps.items())
        yield Folded(f"The steps of {count(len(rows), 'component')}", Table(("component", "steps"), rows))
    if report.pinned:
        rows = tuple((each.component, each.reason) for each in report.pinned)
        yield Folded(f"{count(len(rows), 'component')} stayed as found", Table(("component", "why"), rows))
