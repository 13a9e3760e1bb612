"""The verdict's one sentence."""

from __future__ import annotations

from modbisect.harmless import one_line
from modbisect.model import Finding, Measure, Outcome
from modbisect.report.figures import after, before, count, factor, interval, listed
from modbisect.report.values import Report
from modbisect.report.wording import as_found, at_once, inside, kept, proven, states


def verdict(report: Report) -> str:
    """One sentence for a person, a ticket's title or a chat channel; harmless to print."""
    sentence = _OUTCOMES[report.outcome](report)
    if report.restored.in_doubt:
        sentence += f"; {report.host} is NOT RESTORED"
    elif not report.restored.verified:
        sentence += f"; {report.host} is NOT as found: {kept(report)}"
    return one_line(sentence) + "."


def _found(report: Report) -> str:
    site, bad = _complaint(report)
    if len(report.findings) > 1:
        culprits = listed([_brief(report, finding) for finding in report.findings])
        proofs = {_proof(finding) for finding in report.findings}
        proof = f"each {proofs.pop()}" if len(proofs) == 1 else "not all confirmed both ways"
        return f"{len(report.findings)} culprits make {site} {bad}: {culprits}; {proof}"
    if not report.findings:
        return report.reason
    [finding] = report.findings
    names = _names(report, finding, " and ")
    if finding.kind == "together":
        claim = f"{names} make {site} {bad} only together"
    elif set(finding.components) <= set(report.found_off):
        claim = f"{finding.components[0]} is off, and that makes {site} {bad}"
    else:
        claim = f"{names} makes {site} {bad}"
    effect = finding.effect
    sure = factor(effect) if effect.censored else f"{factor(effect)}, 95 % interval {interval(effect)}"
    sure = "judged by hand" if report.by_hand else "" if effect.measure is Measure.GROWTH else sure
    line = f"; it is {inside(report)}" if report.lines else ""
    return f"{claim}: {_times(report, finding)}{sure and f' ({sure})'}; {_proof(finding)}{line}"


def _complaint(report: Report) -> tuple[str, str]:
    """Who is what, with a culprit as found."""
    site = report.probe or "the site"
    measure = report.findings[0].effect.measure if report.findings else report.measure
    if measure is Measure.GROWTH:
        return f"the workers that serve {site}", "grow"
    if measure is Measure.MEMORY:
        return f"the workers that serve {site}", "large"
    return (f"a share of {site}'s requests" if report.measure is Measure.TAIL else site), "slow"


def _names(report: Report, finding: Finding, between: str) -> str:
    """The components; among several, those are marked that are off."""
    if finding.kind == "single":
        return finding.components[0]
    return between.join(
        f"{component} (off)" if component in report.found_off else component for component in finding.components
    )


def _times(report: Report, finding: Finding) -> str:
    slow, fast = states(report, finding)
    took = ("slow", "fast") if report.by_hand else (before(finding.effect), after(finding.effect))
    return f"{took[0]} {slow}, {took[1]} {fast}"


def _brief(report: Report, finding: Finding) -> str:
    sure = "" if report.by_hand else f", {factor(finding.effect)}"
    return f"{_names(report, finding, ' with ')} ({_times(report, finding)}{sure})"


def _proof(finding: Finding) -> str:
    return "confirmed both ways" if proven(finding) else "not confirmed both ways"


def _none(report: Report) -> str:
    untested = len({item.component for item in report.untestable})
    tested = report.suspects - untested
    things = "the only thing" if tested == 1 else f"the {tested} things"
    seen = report.residual
    why = f"{before(seen)} as found, {after(seen)} with {'it' if tested == 1 else 'them'} switched over" if seen else ""
    said = f"Cause not found: it is not among {things} that can be switched here: {why or _reason(report)}"
    return f"{said}; {count(untested, 'more component')} could not be tested" if untested else said


def _not_slow(report: Report) -> str:
    as_it_was = f" ({as_found(report)} as found)" if report.found_seconds else ""
    return f"Nothing found: {_reason(report)}{as_it_was}"


def _open(report: Report) -> str:
    word = report.outcome.capitalize()
    so_far = (
        [f"found so far: {listed([_brief(report, finding) for finding in report.findings])}"] if report.findings else []
    )
    left = report.suspects_left
    suspects = [f"{count(len(left), 'suspect')} left: {listed(left)}"] if left else []
    return f"{word}: " + "; ".join([_reason(report), *so_far, *suspects, *at_once(report)])


def _reason(report: Report) -> str:
    return report.reason.rstrip(". \n") or "no reason is known"


_OUTCOMES = {
    Outcome.FOUND: _found,
    Outcome.NONE: _none,
    Outcome.NOT_SLOW: _not_slow,
    Outcome.INCONCLUSIVE: _open,
    Outcome.INTERRUPTED: _open,
}
