"""The report of a run, made of what its events tell. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from urllib.parse import urlsplit

from modbisect.judging import level, measured
from modbisect.kinds import Suspicion, protects
from modbisect.model import (
    Aged,
    Component,
    ComponentId,
    Conclusion,
    Finding,
    Measure,
    Measurement,
    Outcome,
    Probe,
    Symptom,
    Together,
    Untestable,
    Verdict,
)
from modbisect.playbook import Playbook
from modbisect.report import Report, Restored, Tried
from modbisect.report.figures import listed, seconds
from modbisect.run.events import Concluded, Effort, Known, Looked
from modbisect.run.past import Past
from modbisect.run.person import SLOW_SECONDS
from modbisect.run.trial import UNMOVED
from modbisect.search import Flips, tested, together

_WORTH_TELLING = 0.3
"""Share of the slow request's time."""
_WORTH_TRYING = 0.15
"""Of it, from which on somebody who could not be switched is told of."""
_SEVERAL = 3
_WITH_LEAVE = "a playbook with 'components: {allow_security: true}', and --open-security, tries that"
_QUICK = 0.5
"""Of the time as found: what another page has to come within to be told of."""
_AS_SLOW = 0.7
"""Of the time as found."""
_NOT_SEARCHED = Concluded(Conclusion(Outcome.INCONCLUSIVE, reason="the run ended before its search"))


def report_of(told: Past, playbook: Playbook, effort: Effort, *, restored: Restored, resume: str = "") -> Report:
    """All that there is to say.

    Args:
        told: the run.
        playbook: its own.
        effort: what it has cost.
        restored: whether the host is as found.
        resume: the command that goes on from here; empty where nothing is left to do.
    """
    said, by_hand = _with_unmoved(told.concluded or _NOT_SEARCHED), told.began.by_hand
    found = None if by_hand else told.found
    named = accused(said) | {each.component for each in said.untestable} | set(said.suspects_left)
    free = [component for component in told.components if not component.pinned]
    seen = [(trial.ask.configuration.flipped, trial.measurement) for trial in told.trials]
    return Report(
        run=told.run,
        host=told.began.host,
        playbook=playbook.name,
        outcome=said.outcome,
        started=datetime.fromisoformat(told.began.started).isoformat(timespec="seconds"),
        seconds=effort.seconds,
        restored=restored,
        probe=playbook.shown_by,
        request="" if by_hand else ", then ".join(map(_in_words, playbook.symptom_probes)),
        measure=found.measure if found else Measure.LATENCY,
        found_seconds=level(found).seconds if found else 0.0,
        found_censored=bool(found and level(found).censored),
        found_first_byte=_first_byte(told.found, playbook),
        found_memory=told.found.memory if told.found else None,
        findings=said.findings,
        untestable=said.untestable,
        residual=None if by_hand else said.residual,
        costs=() if by_hand else said.costs,
        suspects=len(free),
        kinds=dict(Counter(component.kind for component in free)),
        tested=len(tested(seen)),
        together=() if found is None else _together(said, playbook, found, seen),
        pinned=tuple(Untestable(each.id, each.pinned) for each in told.components if each.pinned and each.on),
        suspects_left=said.suspects_left,
        details={each.id: detail for each in told.components if each.id in named and (detail := _detail(each, told))},
        found_off=tuple(each.id for each in told.components if each.id in named and not each.on),
        remedies=told.concluded.remedies if told.concluded else {},
        told_in=told.concluded.told_in if told.concluded else (),
        left_in=told.remaining.files if told.remaining else (),
        trials=told.trials[-1].number if told.trials else 0,
        restarts=effort.restarts,
        requests=effort.requests,
        downtime_seconds=effort.downtime_seconds,
        reason=said.reason,
        warnings=(
            *dict.fromkeys(
                [
                    *told.warnings,
                    *said.warnings,
                    *_seen_in_vain(told, said, seen),
                    *_quick_but_other(told, said),
                    *_left(told),
                ]
            ),
        ),
        resumed=told.began.resumes,
        known_trials=told.known,
        resume=resume if restored.verified else "",
        by_hand=by_hand,
        aged=_aged(seen, frozenset()),
        aged_without=next((aged for each in said.findings if (aged := _aged(seen, _switched_over(each)))), None),
        tried=all_tried(told),
        steps=told.concluded.steps if told.concluded else {},
        back=told.concluded.back if told.concluded else {},
        change=told.began.change,
    )


def told_report(told: Past) -> Report | None:
    """The report that a run ended with; each trial with all that its journal has, also where that was written earlier.

    None for a run that has none.
    """
    return told.report and replace(told.report, tried=all_tried(told))


def _seen_in_vain(told: Past, said: Conclusion, trials: Iterable[tuple[Flips, Measurement]]) -> Iterator[str]:
    """Where the time went although nobody is to blame, and who was seen at work and is innocent."""
    if not (looked := told.looked):
        return
    if said.outcome is not Outcome.FOUND and looked.share >= _WORTH_TELLING:
        yield f"{_for(looked.share, looked)} {looked.most}"
    if said.outcome is not Outcome.FOUND:
        stayed = {component.id: component.pinned for component in told.components if component.pinned}
        stayed |= {each.component: each.reason for each in said.untestable}
        alike = _alike(looked.suspicions)
        for one in looked.suspicions:
            if one.share >= _WORTH_TRYING and one.component in stayed and one not in alike:
                yield (
                    f"{one.component} {_at(one.share, looked)} ({one.why}), "
                    f"and nobody could try without: {with_leave(stayed[one.component])}"
                )
        for those, share, reason in alike_in_vain(looked.suspicions, stayed):
            yield f"{those} may have to do with {share:.0%} of the {looked.of}, and none was tried: {reason}"
    if told.found is None:
        return
    slow = level(told.found).log_seconds + math.log(_AS_SLOW)
    levels = ((flips, level(seen)) for flips, seen in trials if not seen.broken and measured(seen))
    without = [flips for flips, here in levels if here.censored or here.log_seconds >= slow]
    for one in looked.suspicions:
        innocent = one.component not in accused(said) and any(one.component in flips for flips in without)
        if one.share >= _WORTH_TELLING and innocent:
            yield (
                f"{one.component} {_at(one.share, looked)} ({one.why}), "
                "but switched over it left it as slow, and that decides: it is not to blame alone"
            )


def _quick_but_other(told: Past, said: Conclusion) -> Iterator[str]:
    """Who stays because the page was of another size, which may be right: it came much sooner without him."""
    if told.found is None or said.outcome is Outcome.FOUND:
        return
    quick = level(told.found).seconds * _QUICK
    for each in said.untestable:
        tried = [trial for trial in told.trials if each.component in trial.ask.configuration.flipped]
        seen = min(
            (
                (len(trial.ask.configuration.flipped), trial.number, trial.measurement)
                for trial in tried
                if trial.measurement.broken.endswith(" expected")
            ),
            default=(0, 0, None),
        )[2]
        if seen and seen.cold and seen.cold.seconds <= quick:
            yield (
                f"without {each.component} the page came in {seconds(seen.cold.seconds)} and not in "
                f"{seconds(level(told.found).seconds)}, but it was another one ({seen.broken}): where that is right as "
                "well, it may be to blame: a playbook whose probe says so, as by 'expect: {min_bytes: 1000}', tries it"
            )


def _for(share: float, looked: Looked) -> str:
    if looked.of == "memory":
        return f"{share:.0%} of the largest process's own memory is"
    return f"for {share:.0%} of the time the slow request was seen at this:"


def _at(share: float, looked: Looked) -> str:
    if looked.of == "memory":
        return f"was seen to hold {share:.0%} of the memory"
    return f"was seen at work for {share:.0%} of the time"


def _left(told: Past) -> Iterator[str]:
    """What the request was at behind the cure, and who may have to do with that."""
    if not (left := told.remaining):
        return
    yield (
        f"with that switched over a request still takes {seconds(left.seconds)}, and for {left.share:.0%} of it "
        f"was seen at this: {left.most}"
    )
    stayed = {component.id: component.pinned for component in told.components if component.pinned}
    for one in left.suspicions:
        why = f" ({stayed[one.component]})" if one.component in stayed else ""
        yield f"{one.component}{why} may have to do with {one.share:.0%} of what is left: {one.why}"


def _alike(suspicions: Sequence[Suspicion]) -> frozenset[Suspicion]:
    """Of a kind, several that what was seen speaks against in the same way: of none alone it says much."""
    of = Counter((_kind(one), one.why) for one in suspicions)
    return frozenset(one for one in suspicions if of[_kind(one), one.why] >= _SEVERAL)


def _kind(suspicion: Suspicion) -> str:
    return suspicion.component.partition(":")[0]


def alike_in_vain(
    suspicions: Sequence[Suspicion], stayed: Mapping[ComponentId, str]
) -> Iterator[tuple[str, float, str]]:
    """Of kinds whose components each have a small share, or the same, and stay: who, what all have, and why."""
    groups: dict[tuple[str, str], list[Suspicion]] = {}
    alike = _alike(suspicions)
    for one in suspicions:
        if (one.share < _WORTH_TRYING or one in alike) and one.component in stayed:
            groups.setdefault((_kind(one), stayed[one.component]), []).append(one)
    for (kind, reason), each in groups.items():
        share = sum(one.share for one in each)
        if share >= _WORTH_TRYING and len(each) > 1:
            names = listed([one.component.partition(":")[2] for one in each])
            yield f"{len(each)} of {kind} ({names})", share, with_leave(reason)


def with_leave(reason: str) -> str:
    """Why a component stays, and who may say otherwise where that is access control."""
    return f"{reason}; {_WITH_LEAVE}" if protects(reason) else reason


def _detail(component: Component, told: Past) -> str:
    """What a person wants to know of a component, and what it was seen at."""
    seen, of = (told.looked.suspicions, told.looked.of) if told.looked else ((), "")
    why = [f"seen for {one.share:.0%} of the {of}: {one.why}" for one in seen if one.component == component.id]
    return "; ".join(filter(None, (component.detail, *why)))


def accused(said: Conclusion) -> frozenset[ComponentId]:
    """The culprits of a conclusion, and what was flipped beside them."""
    return frozenset(
        component for finding in said.findings for component in (*finding.components, *finding.also_flipped)
    )


def _with_unmoved(concluded: Concluded) -> Conclusion:
    """The conclusion, with what switching does not move in the live server told as not tested."""
    said, unmoved = concluded.conclusion, concluded.unmoved
    return replace(
        said,
        untestable=(*said.untestable, *(Untestable(each, UNMOVED) for each in sorted(unmoved))),
        suspects_left=tuple(each for each in said.suspects_left if each not in unmoved),
    )


def _first_byte(found: Measurement | None, playbook: Playbook) -> float:
    """Of the site as found; 0 where that is not known, or there are several probes, whose times are added up."""
    if found is None or found.measure is not Measure.LATENCY or len(playbook.symptom_probes) > 1:
        return 0.0
    times = [request.first_byte for request in found.requests]
    return median(times) if times and all(times) else 0.0


def _together(
    said: Conclusion, playbook: Playbook, found: Measurement, seen: list[tuple[Flips, Measurement]]
) -> tuple[Together, ...]:
    """Where it was cut short; else the findings, or that nobody was found, say more."""
    if said.outcome not in (Outcome.INCONCLUSIVE, Outcome.INTERRUPTED):
        return ()
    return together(found, seen, playbook.symptom or Symptom(playbook.shown_by))


def _aged(seen: Iterable[tuple[Flips, Measurement]], flips: Flips) -> Aged | None:
    """The first ageing of a configuration that is told of in a curve."""
    return next((each.aged for at, each in seen if at == flips and each.aged and each.aged.curve), None)


def _switched_over(finding: Finding) -> Flips:
    """One configuration that cures it: of several that are slow only together, one is enough."""
    some = finding.components[:1] if finding.kind == "together" else finding.components
    return frozenset((*some, *finding.also_flipped))


def all_tried(told: Past) -> tuple[Tried, ...]:
    """Every trial that was measured, in their order."""
    return tuple(_tried(trial, by_hand=told.began.by_hand) for trial in told.trials)


def _tried(trial: Known, *, by_hand: bool) -> Tried:
    seen, here = trial.measurement, None
    if measured(seen) and not seen.broken:
        here = level(seen)
    verdict = Verdict.BROKEN if seen.broken else None
    if by_hand and here:
        verdict = Verdict.SLOW if here.seconds >= SLOW_SECONDS else Verdict.FAST
    return Tried(
        trial.number,
        trial.ask.why,
        tuple(sorted(trial.ask.configuration.flipped)),
        here.seconds if here and not by_hand else None,
        censored=bool(here and here.censored),
        times=() if by_hand else tuple(request.seconds for request in seen.requests),
        memory=seen.memory,
        verdict=verdict,
        broken=seen.broken,
        ended=trial.effort.seconds,
        took=seen.seconds,
        restart_seconds=seen.restart_seconds,
        suspects=trial.ask.suspects,
    )


def _in_words(probe: Probe) -> str:
    where = urlsplit(probe.url).path or "/"
    size = f", {probe.upload.size / (1 << 20):g} MiB upload" if probe.upload else ""
    return f"{probe.method} {where}{size}"
