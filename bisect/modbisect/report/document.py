"""A report as JSON: the report's own fields, with findings and effects as others like to read them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from pydantic import TypeAdapter, ValidationError

from modbisect.errors import UsageError
from modbisect.harmless import one_line
from modbisect.model import (
    Aged,
    ComponentId,
    Confirmation,
    Cost,
    Effect,
    Elsewhere,
    Finding,
    Measure,
    Memory,
    Outcome,
    Together,
    Untestable,
    Verdict,
)
from modbisect.report.headline import verdict
from modbisect.report.values import SCHEMA, Inside, Report, Restored, Tried


@dataclass(frozen=True, slots=True)
class EffectOut:
    """Slow beside fast; times in seconds, memory in GiB."""

    ratio: float
    low: float
    high: float
    interval: tuple[float, float]
    """95 %: ``low`` and ``high``."""
    before_seconds: float
    after_seconds: float
    censored: bool
    after_censored: bool
    measure: Measure


@dataclass(frozen=True, slots=True)
class MemoryOut:
    """The workers' memory with the culprit as found, and with it switched over; sizes in bytes."""

    before: Memory | None
    after: Memory | None


@dataclass(frozen=True, slots=True)
class ElsewhereOut:
    """What a culprit does to another probe: ``slow`` or ``fast`` with it as found, or ``unsure``."""

    probe: str
    verdict: Verdict
    effect: EffectOut


@dataclass(frozen=True, slots=True)
class FindingOut:
    """A culprit."""

    components: tuple[ComponentId, ...]
    kind: str
    effect: EffectOut
    memory: MemoryOut
    confirmations: tuple[Confirmation, ...]
    also_flipped: tuple[ComponentId, ...]
    elsewhere: tuple[ElsewhereOut, ...] = ()


@dataclass(frozen=True, slots=True)
class CostOut:
    """What one component on its own costs."""

    component: ComponentId
    effect: EffectOut


@dataclass(frozen=True, slots=True)
class Document:
    """A modbisect report."""

    schema: int
    verdict: str
    outcome: Outcome
    reason: str
    run: str
    host: str
    playbook: str
    started: str
    seconds: float
    probe: str
    request: str
    measure: Measure
    found_seconds: float
    found_censored: bool
    found_first_byte: float
    found_memory: Memory | None
    findings: tuple[FindingOut, ...]
    residual: EffectOut | None
    costs: tuple[CostOut, ...]
    untestable: tuple[Untestable, ...]
    suspects: int
    kinds: dict[str, int]
    tested: int
    together: tuple[Together, ...]
    pinned: tuple[Untestable, ...]
    suspects_left: tuple[ComponentId, ...]
    details: dict[ComponentId, str]
    found_off: tuple[ComponentId, ...]
    remedies: dict[ComponentId, tuple[str, ...]]
    resumed: str
    known_trials: int
    resume: str
    by_hand: bool
    trials: int
    restarts: int
    requests: int
    downtime_seconds: float
    restored: Restored
    warnings: tuple[str, ...]
    aged: Aged | None
    aged_without: Aged | None
    tried: tuple[Tried, ...]
    inside: Inside | None
    lines: tuple[ComponentId, ...]
    told_in: tuple[str, ...]
    left_in: tuple[str, ...]
    steps: dict[ComponentId, tuple[str, ...]]
    back: dict[ComponentId, tuple[str, ...]]
    change: str


_ADAPTER = TypeAdapter(Document)
_ADDED: dict[str, object] = {
    **dict.fromkeys(("tried", "lines", "told_in", "left_in"), ()),
    **dict.fromkeys(("aged", "aged_without", "inside")),
    "steps": {},
    "back": {},
    "change": "",
}
"""What earlier versions did not write."""


def to_json(report: Report) -> str:
    """The report as one JSON document in ASCII; text from the host is made harmless."""
    return json.dumps(_scrubbed(asdict(_outward(report))), indent=2, allow_nan=False) + "\n"


def from_json(text: str | bytes) -> Report:
    """The report of a document that ``to_json`` wrote.

    Raises:
        UsageError: it is not one, or a newer modbisect wrote it.
    """
    try:
        head = json.loads(text)
        newer = head.get("schema", 0) > SCHEMA
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise UsageError(
            "this is not a report of modbisect", advice="give a file written with --json or -o json=FILE"
        ) from None
    if newer:
        raise UsageError(
            f"this report has schema {head['schema']}, and this modbisect knows {SCHEMA}", advice="update modbisect"
        )
    try:
        return _inward(_ADAPTER.validate_python(_ADDED | head))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = one_line(".".join(map(str, first["loc"])))
        raise UsageError(
            f"this is not a report of modbisect: {where}: {one_line(first['msg'])}",
            advice="give a file written with --json or -o json=FILE",
        ) from None


def json_schema() -> dict[str, object]:
    """JSON Schema of the document, ready for ``json.dumps``."""
    return _ADAPTER.json_schema()


def _scrubbed(value: object) -> object:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {one_line(key): _scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(inner) for inner in value]
    return value


def _outward(report: Report) -> Document:
    same = {field.name: getattr(report, field.name) for field in fields(report)}
    findings = tuple(
        FindingOut(
            finding.components,
            finding.kind,
            _effect_out(finding.effect),
            MemoryOut(finding.memory_before, finding.memory_after),
            finding.confirmations,
            finding.also_flipped,
            tuple(ElsewhereOut(each.probe, each.verdict, _effect_out(each.effect)) for each in finding.elsewhere),
        )
        for finding in report.findings
    )
    return Document(
        **same
        | {
            "verdict": verdict(report),
            "findings": findings,
            "residual": report.residual and _effect_out(report.residual),
            "costs": tuple(CostOut(cost.component, _effect_out(cost.effect)) for cost in report.costs),
        }
    )


def _inward(document: Document) -> Report:
    same = {field.name: getattr(document, field.name) for field in fields(Report)}
    findings = tuple(
        Finding(
            finding.components,
            _effect_in(finding.effect),
            finding.confirmations,
            finding.memory.before,
            finding.memory.after,
            finding.also_flipped,
            tuple(Elsewhere(each.probe, each.verdict, _effect_in(each.effect)) for each in finding.elsewhere),
        )
        for finding in document.findings
    )
    return Report(
        **same
        | {
            "findings": findings,
            "residual": document.residual and _effect_in(document.residual),
            "costs": tuple(Cost(cost.component, _effect_in(cost.effect)) for cost in document.costs),
        }
    )


def _effect_out(effect: Effect) -> EffectOut:
    return EffectOut(**asdict(effect), interval=(effect.low, effect.high))


def _effect_in(effect: EffectOut) -> Effect:
    return Effect(**{field.name: getattr(effect, field.name) for field in fields(Effect)})
