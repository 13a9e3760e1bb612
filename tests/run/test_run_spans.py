"""A run as spans: values in, values out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.model import Ask, Conclusion, Configuration, Measurement, Outcome
from modbisect.report import Report, Restored
from modbisect.run.events import (
    Armed,
    Began,
    Concluded,
    Curing,
    Event,
    Failed,
    Finished,
    Inside,
    Known,
    LookedInside,
    PutBack,
    Stage,
    TrialBegan,
    TrialEnded,
    Warned,
)
from modbisect.run.journal import timed
from modbisect.run.spans import Said, Span, trace

HERE = Path(__file__).parent / "journals"
NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
RUN = "1a2b3c4d" * 4
BEGAN = Began(RUN, "web1", "upload is slow", NOON.isoformat(), "1.0", 7)
AS_FOUND = Restored(verified=True, how="every path as found")
IN_DOUBT = Restored(verified=False, how="one path is another")
CONCLUDED = Concluded(Conclusion(Outcome.NONE, reason="all are cleared"))


def finished(restored: Restored = AS_FOUND, **more: object) -> Finished:
    return Finished(replace(Report(RUN, "web1", "p", Outcome.NONE, NOON.isoformat(), 9.0, restored), **more))


def asked(*flipped: str) -> Ask:
    return Ask(Configuration(frozenset(flipped)), 3, 1.0, "is it one of them?", 2)


def saw(*flipped: str, broken: str = "") -> Measurement:
    return Measurement(Configuration(frozenset(flipped)), broken=broken, restart_seconds=0.25, seconds=0.9)


def second(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def every_second(*events: Event) -> list[tuple[datetime, Event]]:
    return [(second(number), event) for number, event in enumerate(events)]


def shown(span: Span) -> tuple[object, ...]:
    """Name, first and last second, and what is in it."""
    began, ended = ((at - NOON).total_seconds() for at in (span.began, span.ended))
    return (span.name, began, ended, *map(shown, span.children))


WHOLE = every_second(
    BEGAN,
    Stage("connecting", "connect"),
    Stage("looking at what is there", "survey"),
    Warned("it is late"),
    Stage("looking at what the slow request is doing", "look"),
    Stage("not looked at what it is doing: it did not answer"),
    Armed("d1", 3, 30),
    TrialBegan(1, asked("b", "a")),
    TrialEnded(1, saw("b", "a", broken="status 500")),
    TrialBegan(2, asked()),
    TrialEnded(2, saw()),
    CONCLUDED,
    Stage("switching the proven culprits over, to be left so", "cure"),
    Curing(("a",), 600),
    Warned("nothing is kept switched over: it breaks"),
    Stage("putting the host back", "restore"),
    PutBack(AS_FOUND),
    finished(),
)


def test_it_has_a_span_for_each_step_and_one_for_each_trial() -> None:
    span = trace(WHOLE)
    assert shown(span) == (
        "run",
        0,
        17,
        ("connect", 1, 2),
        ("survey", 2, 4),
        ("look", 4, 6),
        ("cure", 12, 15),
        ("restore", 15, 16),
        ("search", 7, 11, ("trial", 7, 8), ("trial", 9, 10)),
    )
    assert span.said == (
        Said(second(3), "warning", "it is late"),
        Said(second(5), "note", "not looked at what it is doing: it did not answer"),
        Said(second(14), "warning", "nothing is kept switched over: it breaks"),
    )


def test_a_trial_tells_what_was_flipped_and_seen() -> None:
    broken, nothing = trace(WHOLE).children[-1].children
    assert broken.attributes == {
        "modbisect.trial.number": 1,
        "modbisect.trial.flipped": ("a", "b"),
        "modbisect.trial.why": "is it one of them?",
        "modbisect.trial.stage": "search",
        "modbisect.trial.verdict": "broken",
        "modbisect.trial.broken": "status 500",
        "modbisect.trial.requests": 0,
        "modbisect.trial.restart_seconds": 0.25,
    }
    assert nothing.attributes["modbisect.trial.verdict"] == ""


def test_the_run_tells_what_came_of_it_also_what_came_behind_its_report() -> None:
    inside = LookedInside(Inside("f" * 32, "/etc/x.conf", Outcome.FOUND, ""), ("line:3",), {}, {})
    about = trace([*WHOLE, (second(60), inside)]).attributes
    assert (about["host.name"], about["modbisect.run"], about["modbisect.playbook"]) == ("web1", RUN, "upload is slow")
    assert (about["modbisect.outcome"], about["modbisect.restored"]) == ("none", "yes")
    assert (about["modbisect.lines"], about["modbisect.inside"]) == (("line:3",), "f" * 32)
    assert shown(trace([*WHOLE, (second(60), inside)])) == shown(trace(WHOLE))


def test_a_host_that_was_not_restored_is_an_error_of_the_run_and_of_the_restore() -> None:
    events = (BEGAN, Armed("d", 3, 30), Stage("putting the host back", "restore"), PutBack(IN_DOUBT))
    span = trace(every_second(*events, finished(IN_DOUBT)))
    assert (span.error, span.children[0].error) == (IN_DOUBT.how, IN_DOUBT.how)
    assert (span.attributes["error.type"], span.attributes["modbisect.restored"]) == ("not restored", "no")


@pytest.mark.parametrize("kept", [Restored(verified=False, how="", cure_until="2026-07-14T12:10:00+00:00"), AS_FOUND])
def test_one_that_is_as_found_or_otherwise_on_purpose_is_none(kept: Restored) -> None:
    events = (BEGAN, Armed("d", 3, 30), Stage("putting the host back", "restore"), PutBack(kept), finished(kept))
    span = trace(every_second(*events))
    assert (span.error, span.children[0].error, span.attributes["error.type"]) == ("", "", "")


def test_a_refused_run_is_an_error_and_says_why() -> None:
    failed = Failed("it is a production host", "nothing was changed")
    span = trace(every_second(BEGAN, Stage("connecting", "connect"), failed))
    assert shown(span) == ("run", 0, 2, ("connect", 1, 2))
    assert span.error == "it is a production host; nothing was changed"
    assert span.attributes["error.type"] == "refused"


def test_a_trial_that_was_given_up_ends_with_the_next_event() -> None:
    events = (BEGAN, Armed("d", 3, 30), TrialBegan(1, asked("a")), CONCLUDED, finished())
    (search,) = trace(every_second(*events)).children
    assert shown(search) == ("search", 2, 3, ("trial", 2, 3))
    assert "modbisect.trial.verdict" not in search.children[0].attributes


def test_trials_of_the_run_that_it_goes_on_from_are_counted_and_have_no_spans() -> None:
    known = (Known(1, asked("a"), saw("a")), Known(2, asked("b"), saw("b")))
    events = (replace(BEGAN, resumes="e" * 32), *known, TrialBegan(3, asked()), TrialEnded(3, saw()), CONCLUDED)
    span = trace(every_second(*events, finished(trials=3, known_trials=2)))
    assert shown(span) == ("run", 0, 6, ("search", 3, 5, ("trial", 3, 4)))
    assert (span.attributes["modbisect.trials"], span.attributes["modbisect.known_trials"]) == (1, 2)
    assert span.attributes["modbisect.resumes"] == "e" * 32


OLD = sorted(path.stem for path in HERE.glob("*.jsonl"))


def written(name: str, folder: Path) -> list[tuple[datetime, Event]]:
    run = folder / "runs" / RUN
    run.mkdir(parents=True, mode=0o700)
    (run / "journal.jsonl").write_bytes((HERE / f"{name}.jsonl").read_bytes())
    (run / "journal.jsonl").chmod(0o600)
    return list(timed("last", folder / "runs"))


@pytest.mark.parametrize("name", OLD)
def test_its_times_are_those_of_the_journal(name: str, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]
    stamps = {(line["type"], line.get("number")): datetime.fromisoformat(line["at"]) for line in lines}
    span = trace(written(name, tmp_path))
    assert (span.began, span.ended) == (stamps["began", None], stamps["finished", None])
    (search,) = span.children
    assert search.ended == stamps["concluded", None]
    for number, trial in enumerate(search.children, 1):
        assert (trial.began, trial.ended) == (stamps["trial-began", number], stamps["trial-ended", number])
    took = [line["measurement"]["seconds"] for line in lines if line["type"] == "trial-ended"]
    assert len(search.children) == len(took)
    assert all(
        (trial.ended - trial.began).total_seconds() == pytest.approx(each, abs=0.05)
        for trial, each in zip(search.children, took, strict=True)
    )


@pytest.mark.parametrize("name", OLD)
def test_a_trial_is_fast_exactly_where_the_culprit_is_flipped(name: str, tmp_path: Path) -> None:
    span = trace(written(name, tmp_path))
    assert span.attributes["modbisect.culprits"] == ("php-module:uploadguard",)
    verdicts = [
        (trial.attributes["modbisect.trial.verdict"], "php-module:uploadguard" in flipped)
        for trial in span.children[0].children
        if isinstance(flipped := trial.attributes["modbisect.trial.flipped"], tuple)
    ]
    assert {verdict for verdict, cured in verdicts if cured} == {"fast"}
    assert {verdict for verdict, cured in verdicts if not cured} == {"slow"}


def every(span: Span) -> Iterator[tuple[Span, Span]]:
    """Each span in it, with the one that it is in."""
    for child in span.children:
        yield child, span
        yield from every(child)


@given(cut=st.integers(1, len(WHOLE)), seconds=st.lists(st.floats(-1e6, 1e6), min_size=len(WHOLE), max_size=len(WHOLE)))
def test_wherever_a_run_ends_and_whatever_its_clock_does_spans_lie_within_each_other(
    cut: int, seconds: list[float]
) -> None:
    span = trace([(second(at), event) for at, (_, event) in zip(seconds, WHOLE[:cut], strict=False)])
    assert span.began <= span.ended
    for child, above in every(span):
        assert above.began <= child.began <= child.ended <= above.ended
    assert bool(span.error) == (cut < len(WHOLE))
