"""A report as Markdown, for a ticket or a chat: its first line is the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modbisect.model import Finding, Measure
from modbisect.report import headline, wording
from modbisect.report.escaping import escaped, fenced
from modbisect.report.figures import after, at_least, before, factor, interval, listed, peak
from modbisect.report.values import Report


def markdown(report: Report) -> str:
    """The report for a ticket, ending in a newline; no text from the host can change its structure."""
    return "\n\n".join(filter(None, _blocks(report))) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    yield escaped(headline.verdict(report))
    yield from _alarm(report)
    for finding in report.findings:
        yield from _finding(report, finding)
    if curves := list(wording.builds_up(report)):
        yield "## It builds up"
        yield _items(curves)
    if report.findings and report.residual:
        yield "## What is left"
        yield f"{escaped(wording.rest(report, report.residual))}."
    yield from _not_cleared(report)
    if report.costs:
        yield "## What each component costs on its own"
        yield _table(("component", "as found", "switched over", "ratio", "95 % interval"), _costs(report))
    if report.untestable:
        yield "## What could not be tested"
        yield _table(("component", "why"), ((item.component, item.reason) for item in report.untestable))
    if report.warnings:
        yield "## Warnings"
        yield _items(report.warnings)
    yield "## The run"
    yield _table(("", ""), _overview(report))
    yield "## Restored"
    yield from _restored(report)


def _alarm(report: Report) -> Iterator[str]:
    """That the host is not as found, first of all."""
    if report.restored.cure_until:
        yield f"> **{escaped(report.host)} IS NOT AS FOUND:** {escaped(wording.kept(report))}."
        for what, command in wording.keeping(report):
            yield f"{escaped(what).capitalize()}:"
            yield fenced((command,))
    elif report.restored.in_doubt:
        yield f"> **{escaped(report.host)} IS NOT RESTORED:** {escaped(report.restored.how)}. Run now:"
        yield fenced((wording.rescue(report),))


def _restored(report: Report) -> Iterator[str]:
    if report.restored.verified:
        yield f"{escaped(report.host)} is as it was found: {escaped(wording.restored(report))}."
    elif not report.restored.in_doubt:
        yield f"No, on purpose: {escaped(wording.kept(report))}."
        if report.restored.cured_by:
            yield fenced(report.restored.cured_by)
    else:
        yield f"**No.** {escaped(report.restored.how)}"


def _not_cleared(report: Report) -> Iterator[str]:
    if report.suspects_left:
        yield "## Not cleared"
        yield escaped(report.reason)
        yield _items(wording.at_once(report))
        yield _items(wording.described(report, suspect) for suspect in report.suspects_left)


def _overview(report: Report) -> Iterator[tuple[str, str]]:
    yield "host", report.host
    yield "playbook", report.playbook
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


def _finding(report: Report, finding: Finding) -> Iterator[str]:
    yield f"## Culprit: {escaped(listed(finding.components, len(finding.components)))}"
    yield _items(wording.described(report, component) for component in finding.components)
    slow, fast = wording.states(report, finding)
    effect = finding.effect
    rows = [
        (wording.compared(finding), "slow", "fast")
        if report.by_hand
        else (wording.compared(finding), before(effect), after(effect)),
        ("peak memory of a worker", peak(finding.memory_before), peak(finding.memory_after)),
    ]
    yield _table(("", slow, fast), rows)
    if report.by_hand or effect.measure is not Measure.GROWTH:
        sure = (
            "A person judged that" if report.by_hand else f"That is {factor(effect)}, 95 % interval {interval(effect)}"
        )
        yield f"{sure}." + (" Every other culprit was switched over meanwhile." if len(report.findings) > 1 else "")
    if finding.confirmations:
        yield "### Proof"
        yield _table(("trial", "state", wording.compared(finding), "verdict"), _proof(report, finding))
    if finding.elsewhere:
        yield "### The other probes"
        yield _table(("probe", slow, fast, "95 % interval", ""), _elsewhere(finding))
    if said := wording.inside(report):
        yield f"In it: {escaped(said)}."
    elif report.told_in:
        yield f"It is told what to do in {escaped(listed(report.told_in))}."
    yield from _for_good(report, finding)


def _elsewhere(finding: Finding) -> Iterator[tuple[str, ...]]:
    for other in finding.elsewhere:
        yield other.probe, before(other.effect), after(other.effect), interval(other.effect), wording.elsewhere(other)


def _proof(report: Report, finding: Finding) -> Iterator[tuple[str, ...]]:
    slowest = max(confirmation.seconds for confirmation in finding.confirmations)
    for number, confirmation in enumerate(finding.confirmations, 1):
        seen = at_least(
            confirmation.seconds, censored=confirmation.censored, beside=slowest, measure=finding.effect.measure
        )
        took = "by hand" if report.by_hand else seen
        yield str(number), wording.state(report, finding, confirmation), took, confirmation.verdict


def _for_good(report: Report, finding: Finding) -> Iterator[str]:
    ways = wording.cures(report, finding)
    if ways:
        yield "### For good"
        yield "Any one of these is enough:" if len(ways) > 1 else "This switches it over for good:"
    yield from map(fenced, ways)
    if said := wording.by_itself(report, finding):
        yield f"By itself: {escaped(said)}."
    if finding.also_flipped:
        yield f"Switched with it: {escaped(listed(finding.also_flipped, len(finding.also_flipped)))}."


def _costs(report: Report) -> Iterator[tuple[str, ...]]:
    for cost in sorted(report.costs, key=lambda one: -one.effect.ratio):
        effect = cost.effect
        yield cost.component, before(effect), after(effect), factor(effect), interval(effect)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _items(words: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(word)}" for word in words)
