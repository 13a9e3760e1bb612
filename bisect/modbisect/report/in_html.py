"""A report as a page: one file that opens from disk, without a script and without a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeAlias

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from modbisect.harmless import one_line
from modbisect.model import Verdict
from modbisect.report import blocks, headline, wording
from modbisect.report.blocks import Block, Heading, Row, Sentence, Table
from modbisect.report.charts import Chart, charts
from modbisect.report.figures import at_least, count, listed, peak, seconds
from modbisect.report.values import Report, Tried

_FEW = 2
"""So many names stand in a cell of the table of trials."""
_MANY = 12


@dataclass(frozen=True, slots=True)
class Folded:
    """What a reader opens who wants to know."""

    words: str
    table: Table


_Part: TypeAlias = Block | Chart | Folded


def html(report: Report) -> str:
    """The report as a page of HTML, ending in a newline; no text from the host is more than text in it.

    A policy in its head forbids everything but its own style sheet, which it names by digest.
    """
    style = _beside("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_harmless)
    page = environment.from_string(_beside("page.html.j2")).render(
        style=Markup(style),  # noqa: S704  # our own
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        title=f"{report.host}: {headline.verdict(report)}",
        outcome=report.outcome.value,
        source=f"modbisect on {report.host}, {report.started}",
        verdict=headline.verdict(report),
        parts=list(_parts(report)),
        kind=lambda part: type(part).__name__,
    )
    return page + "\n"


def _beside(name: str) -> str:
    return (files("modbisect.report") / name).read_text(encoding="utf-8")


def _harmless(value: object) -> object:
    """What a page is made of, but for its own parts, holds no control character."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else one_line(value)


def _parts(report: Report) -> Iterator[_Part]:
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


def _short(block: Block) -> _Part:
    """A long table is opened by who wants to read it."""
    if isinstance(block, Table) and len(block.rows) > _MANY:
        return Folded(f"{count(len(block.rows), 'component')}", block)
    return block


def _trials(report: Report) -> Iterator[_Part]:
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


def _done(report: Report) -> Iterator[_Part]:
    """What a run did to the host, and what it let alone."""
    if report.steps:
        yield Heading(2, "What was done to the host")
        yield Sentence(
            f"{count(len(report.steps), 'component')} was or were switched over, each by the steps below; a trial "
            "takes those of all that it names, tests the configuration, and restarts what reads it."
        )
        rows = tuple((component, "; ".join(steps)) for component, steps in report.steps.items())
        yield Folded("The steps", Table(("component", "steps"), rows))
    if report.pinned:
        rows = tuple((each.component, each.reason) for each in report.pinned)
        yield Folded(f"{count(len(rows), 'component')} stayed as found", Table(("component", "why"), rows))
