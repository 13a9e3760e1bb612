"""Journals that earlier versions wrote are read, told and gone on from.

``before-growth`` was written before measures had growth and asks an age; ``before-folding`` before a report was made of
its events. Both are runs on the practice host.
"""

from __future__ import annotations

import os
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from modbisect.errors import Refused
from modbisect.model import Ask, Conclusion, Enough, Limit, Outcome
from modbisect.playbook import Budget
from modbisect.report import html, text
from modbisect.run import journal
from modbisect.run.events import Event, TrialBegan, TrialEnded
from modbisect.run.past import past, summary
from modbisect.run.replay import finished, resumed
from modbisect.run.telling import report_of, told_report

HERE = Path(__file__).parent / "journals"
OLD = sorted(path.stem for path in HERE.glob("*.jsonl"))
ASKS_THE_SAME = "before-folding"
UPDATE = "UPDATE_GOLDEN"


def events(name: str, folder: Path) -> list[Event]:
    run = folder / "runs" / ("a" * 32)
    run.mkdir(parents=True, mode=0o700, exist_ok=True)
    (run / "journal.jsonl").write_bytes((HERE / f"{name}.jsonl").read_bytes())
    (run / "journal.jsonl").chmod(0o600)
    return list(journal.read("last", folder / "runs"))


@pytest.mark.parametrize("name", OLD)
def test_it_is_told_as_it_was(name: str, tmp_path: Path) -> None:
    told = past(events(name, tmp_path))
    assert told.report
    golden = HERE / f"{name}.txt"
    written = text(told.report)
    if os.environ.get(UPDATE):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8"), f"set {UPDATE}=1 if this is meant"
    assert summary(told, under_way=False).outcome == Outcome.FOUND


@pytest.mark.parametrize("name", OLD)
def test_its_events_tell_the_same_as_the_report_that_was_written(name: str, tmp_path: Path) -> None:
    told = past(events(name, tmp_path))
    assert told.report
    assert told.began.book
    assert told.put_back
    made = report_of(told, told.began.book, told.effort, restored=told.put_back)
    assert made.findings == told.report.findings
    assert (made.trials, made.details) == (told.report.trials, told.report.details)
    assert told.report.tested in (0, made.tested), "0 where it was not written yet"
    assert len(made.tried) == made.trials


@pytest.mark.parametrize("name", OLD)
def test_a_run_that_has_ended_is_not_run_again(name: str, tmp_path: Path) -> None:
    told = past(events(name, tmp_path))
    try:
        dialogue = resumed(told, Budget())
    except Refused:
        assert name != ASKS_THE_SAME
    else:
        assert isinstance(dialogue.now, Conclusion)
        assert finished(told, dialogue, Budget()) == told.report


def asked(ask: Ask) -> Ask:
    """Without what is for a person, and without the last digits, which may be others on another processor."""
    limits = ask.enough.limits if ask.enough else ()
    rounded = tuple(Limit(*(round(figure, 9) for figure in astuple(limit))) for limit in limits)
    return replace(ask, why="", left=0, suspects=(), enough=Enough(rounded) if rounded else None)


@pytest.mark.parametrize("name", OLD)
def test_cut_behind_any_trial_it_goes_on_or_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    whole = events(name, tmp_path)
    ends = [at for at, event in enumerate(whole, 1) if isinstance(event, TrialEnded)]
    asks = [event.ask for event in whole if isinstance(event, TrialBegan)]
    for at, ask in zip(ends, [*asks[1:], None], strict=True):
        now = gone_on(whole[:at])
        if ask and name == ASKS_THE_SAME:
            assert isinstance(now, Ask)
            assert asked(now) == asked(ask)
        elif isinstance(now, Refused):
            assert name != ASKS_THE_SAME
            assert "start it again" in now.advice


def gone_on(events: list[Event]) -> Ask | Conclusion | Refused:
    try:
        return resumed(past(events), Budget()).now
    except Refused as error:
        return error


@pytest.mark.parametrize("name", OLD)
def test_it_becomes_a_page_with_every_trial_drawn(name: str, tmp_path: Path) -> None:
    told = past(events(name, tmp_path))
    report = told_report(told)
    assert report is not None
    assert [trial.number for trial in report.tried] == [trial.number for trial in told.trials]
    page = html(report)
    assert "Every restart: response time" in page
    assert "When each trial was" in page
