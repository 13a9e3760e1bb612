"""The words that every format shares, but for the verdict's sentence: see ``headline``."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from modbisect.harmless import one_line
from modbisect.kinds import in_order, noun
from modbisect.model import (
    NOT_TRIED,
    ComponentId,
    Confirmation,
    Effect,
    Elsewhere,
    Finding,
    Measure,
    Together,
    Untestable,
    Verdict,
)
from modbisect.report.figures import (
    after,
    at_least,
    before,
    count,
    factor,
    figure,
    interval,
    listed,
    ratio,
    seconds,
    size,
)
from modbisect.report.values import Report

_PAIR = 2
_POINTS = 5
"""Of a curve, in a sentence."""
_MANY = 5
_OWN_FILE = re.compile(r"access control: .* in /.*(?<! counts by it)\Z|a file, not a link: ")
_OUT_OF_REACH = "not reachable here: the application itself, the database, the system"
_MEASURED = {
    Measure.LATENCY: "response time",
    Measure.TAIL: "response time of the slowest tenth",
    Measure.MEMORY: "peak memory of a worker",
    Measure.GROWTH: "memory that a request leaves behind",
}


def states(report: Report, finding: Finding) -> tuple[str, str]:
    """What the culprit's slow and its fast state are called."""
    off = set(report.found_off) & set(finding.components)
    both = "both" if len(finding.components) == _PAIR else f"all {len(finding.components)}"
    if finding.kind == "single":
        return ("with it off", "with it on") if off else ("with it", "without")
    return ("as found", f"with {both} switched over") if off else (f"with {both}", "without")


def state(report: Report, finding: Finding, confirmation: Confirmation) -> str:
    """What was done to the host in one trial of the proof."""
    if confirmation.state == "on":
        others = ("", "the other culprit cured", "the other culprits cured")
        return others[min(len(report.findings), 3) - 1] or "as found"
    if confirmation.state == "alone":
        return "everything else switched over"
    off = [component in report.found_off for component in finding.components]
    switched = "switched on" if all(off) else "switched over" if any(off) else "switched off"
    return switched if finding.kind == "single" else f"at least one of them {switched}"


def described(report: Report, component: ComponentId) -> str:
    """A component with what is known of it."""
    state = "off as found" if component in report.found_off else ""
    about = "; ".join(filter(None, [state, report.details.get(component, "")]))
    return f"{component} ({about})" if about else component


def inside(report: Report) -> str:
    """What a search in the file that is to blame has found; empty where there was none."""
    if report.inside is None:
        return ""
    path = report.inside.path
    if not report.lines:
        return f"{path} as a whole: no line of it was proven ({report.inside.reason or report.inside.outcome})"
    files: dict[str, list[str]] = {}
    for line in report.lines:
        file, _, number = line.partition(":")[2].rpartition(":")
        files.setdefault(file, []).append(f"line {number} ({report.details.get(line, '')})")
    return " and ".join(f"{listed(named, len(named))} of {file}" for file, named in files.items())


def cures(report: Report, finding: Finding) -> tuple[tuple[str, ...], ...]:
    """The commands that cure it for good; of several ways each one is enough."""
    if finding.kind == "together":
        ways = [report.remedies.get(component, ()) for component in finding.components]
    else:
        # Dependents first; of the restarts only the last one.
        switched = (*finding.also_flipped, *finding.components)
        lines = [line for component in switched for line in report.remedies.get(component, ())]
        ways = [tuple(reversed(dict.fromkeys(reversed(lines))))]
    return tuple(way for way in ways if way)


def way_back(report: Report, finding: Finding) -> tuple[str, ...]:
    """The commands that take the cure of all its components back; empty where one of them has none."""
    switched = (*finding.components, *finding.also_flipped)
    if not all(component in report.back for component in switched):
        return ()
    lines = [line for component in switched for line in report.back[component]]
    return tuple(reversed(dict.fromkeys(reversed(lines))))


def by_itself(report: Report, finding: Finding) -> str:
    """What the site took with this culprit of several cured and the others left; empty where that was not tried."""
    own = {*finding.components, *finding.also_flipped}
    tried = [trial for trial in report.tried if trial.seconds and trial.flipped and own.issuperset(trial.flipped)]
    others = len(report.findings) - 1
    if not others or not tried:
        return ""
    last = tried[-1]
    took = at_least(last.seconds or 0.0, censored=last.censored, measure=report.measure)
    stay = "the others stay" if others > 1 else "the other stays"
    return f"{report.probe} took {took} in trial {last.number}, where {stay} as found: cure all of them"


def elsewhere(other: Elsewhere) -> str:
    """How another probe fares with the culprit as found."""
    if other.verdict is Verdict.SLOW:
        return f"slower as well, {factor(other.effect)}"
    if other.verdict is Verdict.FAST:
        return f"the cure makes it slower, {ratio(1 / other.effect.ratio)}"
    return "no clear difference"


def measured(report: Report) -> str:
    """What the symptom is about."""
    return _MEASURED[report.measure]


def compared(finding: Finding) -> str:
    """What a culprit was found by."""
    return _MEASURED[finding.effect.measure]


def as_found(report: Report) -> str:
    """What was measured before anything was switched, and how much of it passed before an answer began."""
    waited = report.found_first_byte
    of_it = f", {seconds(waited, beside=report.found_seconds)} of it until the first byte" if waited else ""
    return at_least(report.found_seconds, censored=report.found_censored, measure=report.measure) + of_it


def by_kind(kinds: Mapping[str, int]) -> str:
    """``2 Apache modules, 1 PHP setting``."""
    return ", ".join(count(kinds[kind], noun(kind)) for kind in in_order(kinds) if kinds[kind])


def tested(report: Report) -> str:
    """What could be switched, and how much of that was while the site served."""
    served = "" if report.tested == report.suspects else f"; {report.tested} of them were, while the site served"
    return f"{report.suspects} may be switched: {by_kind(report.kinds)}{served}"


def stayed_out(pinned: Sequence[Untestable]) -> str:
    """What stayed as found, by reason; those that were pinned for their own file by name, as any of them may be it."""
    by_reason = Counter(item.reason.partition(":")[0] for item in pinned)
    reasons = listed([f"{number} {reason}" for reason, number in by_reason.most_common()], _MANY)
    own = [f"{item.component} ({item.reason.partition(': ')[2]})" for item in pinned if _OWN_FILE.match(item.reason)]
    named = f"; pinned for their own files: {listed(own, _MANY)}" if own else ""
    said = f"{len(pinned)} pinned: {reasons}{named}" if pinned else "nothing pinned"
    return f"{said}; {_OUT_OF_REACH}"


def at_once(report: Report) -> Iterator[str]:
    """What is known of many suspects at once."""
    for group in report.together:
        took = at_least(group.seconds, censored=group.censored, measure=report.measure)
        left = "left it slow" if group.verdict is Verdict.SLOW else "made it fast"
        yield f"{_number(group)} switched over at once {left} ({took})"


def _number(group: Together) -> str:
    return group.components[0] if len(group.components) == 1 else str(len(group.components))


def effort(report: Report) -> str:
    """What the run took."""
    return (
        f"{count(report.trials, 'trial')}, {count(report.restarts, 'restart')} "
        f"({_duration(report.downtime_seconds)} of downtime), {count(report.requests, 'request')} "
        f"in {_duration(report.seconds)}"
    )


def _duration(value: float) -> str:
    return seconds(value, beside=1)


def builds_up(report: Report) -> Iterator[str]:
    """What a site, or its memory, does as requests come in behind a restart: as found, and without the culprit."""
    measure = report.findings[0].effect.measure if report.findings else report.measure
    for which, seen in (("as found", report.aged), ("with the culprit switched over", report.aged_without)):
        if seen and seen.curve:
            step = -(-len(seen.curve) // _POINTS)
            points = [seen.curve[0], *seen.curve[step:-1:step], seen.curve[-1]][: _POINTS + 1]
            grown = [
                f"+{size(max(0.0, grown_by))}" if measure is Measure.GROWTH else seconds(grown_by)
                for _, grown_by in points
            ]
            sent = [str(count) for count, _ in points]
            took = f" ({seconds(seen.seconds)})" if seen.seconds else ""
            yield f"{which} {listed(grown, _POINTS)} after {listed(sent, _POINTS)} requests{took}"


def rest(report: Report, effect: Effect) -> str:
    """How fast the site is with every culprit out of the way, and whether it could be faster."""
    found = len(report.findings)
    culprits = {1: "the culprit", 2: "both culprits"}.get(found, f"all {found} culprits")
    untried = any(item.reason.startswith(NOT_TRIED) for item in report.untestable)
    others = f"all {report.tested} that were tried" if untried else "every suspect"
    sure = "" if effect.measure is Measure.GROWTH else f" ({factor(effect)}, 95 % interval {interval(effect)})"
    said = f"{before(effect)} with {culprits} switched over, {after(effect)} with {others} switched over{sure}"
    return f"{said}; {_share(report, effect)}" if effect.measure is Measure.MEMORY else said


def _share(report: Report, effect: Effect) -> str:
    """What the culprits take of the memory that all suspects take together."""
    found = report.findings[0].effect.before_seconds
    whole, theirs = max(found - effect.after_seconds, 1e-9), max(0.0, found - effect.before_seconds)
    who = "the culprit takes" if len(report.findings) == 1 else "they take"
    return (
        f"of the {figure(whole, Measure.MEMORY)} that all these take, {who} {figure(theirs, Measure.MEMORY)} "
        f"({theirs / whole:.0%}) and the rest {figure(max(0.0, whole - theirs), Measure.MEMORY)}"
    )


def restored(report: Report) -> str:
    """How it is known that the host is as found."""
    proof = report.restored
    took = f" in {_duration(proof.seconds)}" if proof.seconds else ""
    about = ", ".join(filter(None, [proof.how, f"digest {proof.digest[:16]}" if proof.digest else ""]))
    return f"verified{took}" + (f" ({about})" if about else "")


def kept(report: Report) -> str:
    """How the culprit is kept switched over, and for how long."""
    cured = [component for finding in report.findings if proven(finding) for component in finding.components]
    off = [component in report.found_off for component in cured]
    word = "on" if all(off) else "switched over" if any(off) else "off"
    what = f"{listed(cured, len(cured))} {'is' if len(cured) == 1 else 'are'} kept {word}"
    if report.restored.cured_by:
        return f"{what} for good"
    until = datetime.fromisoformat(report.restored.cure_until)
    return f"{what} until {until:%H:%M:%S %Z} and then put back, unless somebody keeps it"


def keeping(report: Report) -> tuple[tuple[str, str], ...]:
    """What may be done about a culprit that is kept switched over for a while, each with its command."""
    host = shlex.quote(one_line(report.host))
    return (
        ("to make it last", f"modbisect keep {host}"),
        ("to put it back now", f"modbisect restore {host} --force"),
    )


def known(report: Report) -> str:
    """What was known before; empty where nothing was."""
    after = count(report.known_trials, "trial")
    return f"resumed from {report.resumed[:8]} after {after}" if report.resumed else ""


def rescue(report: Report) -> str:
    """The command to run now on a host that is not restored: most often that which puts it back."""
    return report.restored.advice or f"modbisect restore {shlex.quote(one_line(report.host))}"


def proven(finding: Finding) -> bool:
    """Whether every trial of its proof says that it is the culprit."""
    seen = {(confirmation.state, confirmation.verdict) for confirmation in finding.confirmations}
    both = {("on", Verdict.SLOW), ("off", Verdict.FAST)}
    return both <= seen <= both | {("alone", Verdict.SLOW)}
