"""A report as plain text for a terminal: the verdict, then the facts, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby, islice, repeat
from textwrap import wrap

from modbisect.harmless import one_line
from modbisect.model import ComponentId, Confirmation, Finding, Outcome
from modbisect.report import headline, wording
from modbisect.report.figures import after, at_least, before, count, factor, interval, listed, peak
from modbisect.report.values import Report

_BOLD, _ALARM, _RESET = "\x1b[1m", "\x1b[1;37;41m", "\x1b[0m"
_VERDICT = {Outcome.FOUND: "\x1b[1;31m", Outcome.NOT_SLOW: "\x1b[1;32m"}
_OPEN = "\x1b[1;33m"
_MANY = 5
_FEW = 3
_NARROW = 30

_Fact = tuple[str, str]


def text(report: Report, *, colour: bool = False, columns: int | None = None, verbose: bool = False) -> str:
    """The report for a terminal.

    Args:
        report: what to tell.
        colour: with ANSI colours.
        columns: width to fold long lines to; None leaves them whole, as for a file or a pipe.
        verbose: with every component that stayed as found or could not be tested.
    """

    def painted(style: str, words: str) -> str:
        return f"{style}{words}{_RESET}" if colour else words

    verdict = _folded(headline.verdict(report), columns, 0)
    lines = [painted(_VERDICT.get(report.outcome, _OPEN), verdict)]
    if report.restored.cure_until:
        alarm = f"{report.host} IS NOT AS FOUND: {wording.kept(report)}", *map(": ".join, wording.keeping(report))
        lines += ["", *(painted(_ALARM, f"  !!! {one_line(line)}") for line in alarm)]
    elif report.restored.in_doubt:
        alarm = f"{report.host} IS NOT RESTORED: {report.restored.how}", f"run now: {wording.rescue(report)}"
        lines += ["", *(painted(_ALARM, f"  !!! {one_line(line)}") for line in alarm)]
    facts = [(label, one_line(value)) for label, value in _facts(report, verbose=verbose)]
    width = max(len(label) for label, _ in facts) + 1
    lines.append("")
    for label, value in facts:
        lines.append(f"  {painted(_BOLD, f'{label}:'.ljust(width))} {_folded(value, columns, width + 3)}")
    return "\n".join(lines) + "\n"


def _folded(words: str, columns: int | None, indent: int) -> str:
    if columns is None or columns - indent < _NARROW:
        return words
    return f"\n{' ' * indent}".join(wrap(words, columns - indent, break_long_words=False, break_on_hyphens=False))


def _facts(report: Report, *, verbose: bool) -> Iterator[_Fact]:
    yield "host", f"{report.host}, playbook {report.playbook}, run {report.run}"
    if report.request:
        yield "request", ": ".join(filter(None, [report.probe, report.request]))
    if report.found_seconds:
        memory = f", peak memory of a worker {peak(report.found_memory)}" if report.found_memory else ""
        yield "as found", f"{wording.as_found(report)}{memory}"
    for number, finding in enumerate(report.findings, 1):
        yield from _finding(report, finding, f" {number}" if len(report.findings) > 1 else "")
    yield from _more(report)
    if report.findings and report.residual:
        yield "rest", wording.rest(report, report.residual)
    for cost in _dearest(report):
        yield "cost", cost
    if report.suspects_left:
        why = f": {report.reason}" if report.outcome is Outcome.FOUND else ""
        yield "not cleared", listed(report.suspects_left, _MANY) + why
    yield from _scope(report, verbose=verbose)
    yield "effort", "; ".join(filter(None, [wording.effort(report), wording.known(report)]))
    for warning in report.warnings:
        yield "warning", warning
    yield "restored", _restored(report)
    if report.resume:
        yield "to go on", report.resume


def _more(report: Report) -> Iterator[_Fact]:
    """Of what is to blame, where in it, and how it builds up."""
    if report.inside:
        yield "in it", f"{wording.inside(report)}, run {report.inside.run[:8]}"
    elif report.told_in:
        yield "told in", listed(report.told_in)
    for said in wording.builds_up(report):
        yield "builds up", said


def _scope(report: Report, *, verbose: bool) -> Iterator[_Fact]:
    """What was tested, and what was not."""
    for known in wording.at_once(report):
        yield "at once", known
    yield from _not_tested(report, verbose=verbose)
    if report.kinds:
        yield "tested", wording.tested(report)
        yield "stayed out", wording.stayed_out(report.pinned)
    for item in report.pinned if verbose else ():
        yield "pinned", f"{item.component}: {item.reason}"


def _restored(report: Report) -> str:
    if report.restored.in_doubt:
        return f"NO, run now: {wording.rescue(report)}"
    if report.restored.verified:
        return wording.restored(report)
    done = f" ({'; '.join(report.restored.cured_by)})" if report.restored.cured_by else ""
    return f"no, on purpose: {wording.kept(report)}{done}"


def _finding(report: Report, finding: Finding, number: str) -> Iterator[_Fact]:
    slow, fast = wording.states(report, finding)
    for component in finding.components:
        yield f"culprit{number}", wording.described(report, component)
    if finding.also_flipped:
        yield "also", f"{listed(finding.also_flipped, _MANY)} had to be switched with it"
    if finding.memory_before or finding.memory_after:
        yield (
            "memory",
            f"peak of a worker {peak(finding.memory_before)} {slow}, {peak(finding.memory_after)} {fast}",
        )
    if finding.confirmations:
        yield "proof", _proof(report, finding)
    for other in finding.elsewhere:
        times = f"{before(other.effect)} {slow}, {after(other.effect)} {fast}"
        yield "other probe", f"{other.probe}: {times}: {wording.elsewhere(other)}"
    for label, way in zip(chain(["for good"], repeat("or")), wording.cures(report, finding), strict=False):
        yield label, _one_line(way)
    if said := wording.by_itself(report, finding):
        yield "by itself", said


def _one_line(way: tuple[str, ...]) -> str:
    by_hand = any(line.startswith("#") for line in way)
    return (", then " if by_hand else " && ").join(line.removeprefix("# ") for line in way)


def _proof(report: Report, finding: Finding) -> str:
    """The trials by state: ``as found 71.2 s, 70.9 s slow; switched off 0.18 s fast``."""

    def kind(confirmation: Confirmation) -> tuple[str, str]:
        return confirmation.state, confirmation.verdict

    def took(confirmation: Confirmation) -> str:
        return at_least(
            confirmation.seconds, censored=confirmation.censored, beside=slowest, measure=finding.effect.measure
        )

    slowest = max(confirmation.seconds for confirmation in finding.confirmations)
    groups = (list(same) for _, same in groupby(sorted(finding.confirmations, key=kind, reverse=True), kind))
    return "; ".join(
        f"{wording.state(report, finding, same[0])} "
        f"{count(len(same), 'time') if report.by_hand else ', '.join(map(took, same))} {same[0].verdict}"
        for same in groups
    )


def _not_tested(report: Report, *, verbose: bool) -> Iterator[_Fact]:
    """Components by reason."""
    reasons: dict[str, list[ComponentId]] = {}
    for item in report.untestable:
        reasons.setdefault(item.reason, []).append(item.component)
    most, each = (len(report.untestable),) * 2 if verbose else (_MANY, _FEW)
    for reason, components in islice(reasons.items(), most):
        yield "not tested", f"{listed(components, each)}: {reason}"
    if len(reasons) > most:
        left = sum(map(len, list(reasons.values())[most:]))
        yield "not tested", f"{count(left, 'more component')}: see --verbose, or the Markdown or JSON report"


def _dearest(report: Report) -> Iterator[str]:
    dearest = sorted(report.costs, key=lambda cost: -cost.effect.ratio)
    for cost in dearest[:_MANY]:
        yield f"{cost.component} alone: {factor(cost.effect)}, 95 % interval {interval(cost.effect)}"
