import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from report_cases import CASES, FOUND

from modbisect.errors import UsageError
from modbisect.harmless import one_line
from modbisect.kinds import KINDS
from modbisect.model import Confirmation, Cost, Effect, Finding, Memory, Outcome, Together, Untestable, Verdict
from modbisect.report import Report, Restored, from_json, json_schema, to_json, verdict
from modbisect.report.document import Document

WORDS = st.text(max_size=12).map(one_line)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 1 << 40)
EFFECTS = st.builds(Effect, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.booleans())
MEMORIES = st.none() | st.builds(Memory, COUNTS, COUNTS, COUNTS)
CONFIRMATIONS = st.builds(
    Confirmation, st.sampled_from(["on", "off", "alone"]), st.sampled_from(Verdict), NUMBERS, st.booleans()
)


def some(of: st.SearchStrategy[object], least: int = 0) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, min_size=least, max_size=3).map(tuple)


FINDINGS = st.builds(Finding, some(WORDS, 1), EFFECTS, some(CONFIRMATIONS), MEMORIES, MEMORIES, some(WORDS))
REPORTS = st.builds(
    Report,
    run=WORDS,
    host=WORDS,
    playbook=WORDS,
    outcome=st.sampled_from(Outcome),
    started=WORDS,
    seconds=st.floats(0, 1e9),
    restored=st.builds(Restored, st.booleans(), WORDS, st.floats(0, 1e6), WORDS),
    probe=WORDS,
    request=WORDS,
    found_seconds=NUMBERS,
    found_censored=st.booleans(),
    found_first_byte=NUMBERS,
    found_memory=MEMORIES,
    findings=some(FINDINGS),
    untestable=some(st.builds(Untestable, WORDS, WORDS)),
    residual=st.none() | EFFECTS,
    costs=some(st.builds(Cost, WORDS, EFFECTS)),
    suspects=COUNTS,
    kinds=st.dictionaries(st.sampled_from([kind.name for kind in KINDS]), COUNTS),
    tested=COUNTS,
    together=some(st.builds(Together, some(WORDS, 1), st.sampled_from(Verdict), NUMBERS, st.booleans())),
    pinned=some(st.builds(Untestable, WORDS, WORDS)),
    suspects_left=some(WORDS),
    resumed=WORDS,
    known_trials=COUNTS,
    resume=WORDS,
    by_hand=st.booleans(),
    details=st.dictionaries(WORDS, WORDS, max_size=3),
    found_off=some(WORDS),
    remedies=st.dictionaries(WORDS, some(WORDS), max_size=3),
    trials=COUNTS,
    restarts=COUNTS,
    requests=COUNTS,
    downtime_seconds=NUMBERS,
    reason=WORDS,
    warnings=some(WORDS),
)


@given(REPORTS)
def test_a_report_survives_json(report: Report) -> None:
    assert from_json(to_json(report)) == report


@pytest.mark.parametrize("name", CASES)
def test_what_was_read_is_the_same_when_written_again(name: str) -> None:
    once = to_json(CASES[name])
    assert from_json(to_json(from_json(once))) == from_json(once)
    assert once.isascii()
    assert once.endswith("}\n")


def test_the_document_has_what_others_read() -> None:
    document = json.loads(to_json(FOUND))
    assert document["schema"] == 1
    assert document["verdict"] == verdict(FOUND)
    assert document["outcome"] == "found"
    [finding] = document["findings"]
    assert finding["kind"] == "single"
    assert finding["effect"]["interval"] == [350.2, 430.4]
    assert finding["memory"]["before"]["peak"] == 98 << 20
    assert document["restored"]["verified"] is True
    assert document["untestable"][0] == {
        "component": "apache-module:rewrite",
        "reason": "the site breaks without it: status 404",
    }


@pytest.mark.parametrize("name", CASES)
def test_the_schema_is_that_of_the_documents(name: str) -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    document = to_json(CASES[name])
    assert set(json.loads(document)) == set(schema["properties"]) == set(schema["required"])  # type: ignore[call-overload]
    TypeAdapter(Document).validate_json(document, strict=True, extra="forbid")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a report"),
        ("[]", "not a report"),
        ('{"schema": "1"}', "not a report"),
        ("{}", "not a report of modbisect: schema"),
        ("[" * 100_000, "not a report"),
        ('{"schema": 2}', "schema 2, and this modbisect knows 1"),
        (to_json(FOUND).replace('"found"', '"lost"'), "not a report of modbisect: outcome"),
    ],
)
def test_what_is_no_report_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        from_json(text)
    assert caught.value.advice
