"""What a report says, block by block, for the formats that have headings and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from modbisect.model import Finding, Measure
from modbisect.report import wording
from modbisect.report.figures import after, at_least, before, factor, interval, listed, peak
from modbisect.report.values import Report

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Of what follows; 2 is that of a section."""

    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph."""

    words: str
    lead: str = ""
    """What stands in front of it, with more weight."""
    alarm: bool = False
    """A person must not overlook it."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows beneath a head, whose words may be empty."""

    head: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines for a shell."""

    lines: tuple[str, ...]


Block: TypeAlias = Heading | Sentence | Items | Table | Commands


def alarm(report: Report) -> Iterator[Block]:
    """That the host is not as found, where it is not; it comes first of all."""
    if report.restored.cure_until:
        yield Sentence(f"{wording.kept(report)}.", f"{report.host} IS NOT AS FOUND:", alarm=True)
        for what, command in wording.keeping(report):
            yield Sentence(f"{what.capitalize()}:")
            yield Commands((command,))
    elif report.restored.in_doubt:
        yield Sentence(f"{report.restored.how}. Run now:", f"{report.host} IS NOT RESTORED:", alarm=True)
        yield Commands((wording.rescue(report),))


def culprits(report: Report) -> Iterator[Block]:
    """Each with its proof and its cure."""
    return chain.from_iterable(_finding(report, finding) for finding in report.findings)


def beside(report: Report) -> Iterator[Block]:
    """What there is to say but for the culprits: how it builds up, what is left, open and untested."""
    if curves := tuple(wording.builds_up(report)):
        yield Heading(2, "It builds up")
        yield Items(curves)
    if report.findings and report.residual:
        yield Heading(2, "What is left")
        yield Sentence(f"{wording.rest(report, report.residual)}.")
    if report.suspects_left:
        yield Heading(2, "Not cleared")
        yield Sentence(report.reason)
        yield Items(tuple(wording.at_once(report)))
        yield Items(tuple(wording.described(report, suspect) for suspect in report.suspects_left))
    if report.costs:
        yield Heading(2, "What each component costs on its own")
        yield Table(("component", "as found", "switched over", "ratio", "95 % interval"), tuple(_costs(report)))
    if report.untestable:
        yield Heading(2, "What could not be tested")
        yield Table(("component", "why"), tuple(_by_reason(report)))
    if report.warnings:
        yield Heading(2, "Warnings")
        yield Items(report.warnings)


def overview(report: Report) -> Iterator[Block]:
    """Which run it was."""
    yield Heading(2, "The run")
    yield Table(("", ""), tuple(_overview(report)))


def restored(report: Report) -> Iterator[Block]:
    """Whether the host is as found, and how that is known."""
    yield Heading(2, "Restored")
    if report.restored.verified:
        yield Sentence(f"{report.host} is as it was found: {wording.restored(report)}.")
    elif not report.restored.in_doubt:
        yield Sentence(f"No, on purpose: {wording.kept(report)}.")
        if report.restored.cured_by:
            yield Commands(report.restored.cured_by)
    else:
        yield Sentence(report.restored.how, "No.")


def _by_reason(report: Report) -> Iterator[Row]:
    """Those with the same reason in one row."""
    reasons: dict[str, list[str]] = {}
    for item in report.untestable:
        reasons.setdefault(item.reason, []).append(item.component)
    for reason, components in reasons.items():
        yield ", ".join(components), reason


def _overview(report: Report) -> Iterator[Row]:
    yield "host", report.host
    yield "playbook", report.playbook
    if report.change:
        yield "change", report.change
    yield "run", f"{report.run}, started {report.started}"
    if report.request:
        yield "request", ": ".join(filter(None, [report.probe, report.request]))
    if report.found_seconds:
        yield f"{wording.measured(report)} as found", wording.as_found(report)
    if report.found_memory:
        yield "peak memory of a worker as found", peak(report.found_memory)
    if report.kinds:
        yield "tested", wording.tested(report)
        yield "stayed out", wording.stayed_out(report.pinned)
    yield "effort", wording.effort(report)
    if report.resumed:
        yield "known before", wording.known(report)
    if report.resume:
        yield "to go on", report.resume


def _finding(report: Report, finding: Finding) -> Iterator[Block]:
    yield Heading(2, f"Culprit: {listed(finding.components, len(finding.components))}")
    yield Items(tuple(wording.described(report, component) for component in finding.components))
    slow, fast = wording.states(report, finding)
    effect = finding.effect
    took = ("slow", "fast") if report.by_hand else (before(effect), after(effect))
    memory = ("peak memory of a worker", peak(finding.memory_before), peak(finding.memory_after))
    yield Table(("", slow, fast), ((wording.compared(finding), *took), memory))
    if report.by_hand or effect.measure is not Measure.GROWTH:
        sure = f"That is {factor(effect)}, 95 % interval {interval(effect)}"
        more = " Every other culprit was switched over meanwhile." if len(report.findings) > 1 else ""
        yield Sentence(f"{'A person judged that' if report.by_hand else sure}.{more}")
    if finding.confirmations:
        yield Heading(3, "Proof")
        yield Table(("trial", "state", wording.compared(finding), "verdict"), tuple(_proof(report, finding)))
    if finding.elsewhere:
        yield Heading(3, "The other probes")
        yield Table(("probe", slow, fast, "95 % interval", ""), tuple(_elsewhere(finding)))
    if said := wording.inside(report):
        yield Sentence(f"In it: {said}.")
    elif report.told_in:
        yield Sentence(f"It is told what to do in {listed(report.told_in)}.")
    yield from _for_good(report, finding)


def _elsewhere(finding: Finding) -> Iterator[Row]:
    for other in finding.elsewhere:
        yield other.probe, before(other.effect), after(other.effect), interval(other.effect), wording.elsewhere(other)


def _proof(report: Report, finding: Finding) -> Iterator[Row]:
    slowest = max(confirmation.seconds for confirmation in finding.confirmations)
    for number, confirmation in enumerate(finding.confirmations, 1):
        seen = at_least(
            confirmation.seconds, censored=confirmation.censored, beside=slowest, measure=finding.effect.measure
        )
        took = "by hand" if report.by_hand else seen
        yield str(number), wording.state(report, finding, confirmation), took, confirmation.verdict


def _for_good(report: Report, finding: Finding) -> Iterator[Block]:
    ways = wording.cures(report, finding)
    if ways:
        yield Heading(3, "For good")
        yield Sentence("Any one of these is enough:" if len(ways) > 1 else "This switches it over for good:")
    yield from map(Commands, ways)
    if back := wording.way_back(report, finding):
        yield Sentence("This brings it back:")
        yield Commands(back)
    if said := wording.by_itself(report, finding):
        yield Sentence(f"By itself: {said}.")
    if finding.also_flipped:
        yield Sentence(f"Switched with it: {listed(finding.also_flipped, len(finding.also_flipped))}.")


def _costs(report: Report) -> Iterator[Row]:
    for cost in sorted(report.costs, key=lambda one: -one.effect.ratio):
        effect = cost.effect
        yield cost.component, before(effect), after(effect), factor(effect), interval(effect)


def every(report: Report) -> Iterable[Block]:
    """All of them, but for the verdict."""
    return chain(alarm(report), culprits(report), beside(report), overview(report), restored(report))
