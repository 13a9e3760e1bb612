"""Whole runs, through SSH, guard, probe, search and restore, on a host that needs no root."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from practice_runs import guard_status, run_on, small, state_of

from modbisect.cli import cli
from modbisect.cli.performing import exit_code
from modbisect.errors import Exit
from modbisect.lab.practice import CULPRIT, practice
from modbisect.model import Outcome, Symptom
from modbisect.playbook import Budget
from modbisect.report import verdict
from modbisect.run.events import Event, FoundSlow, Surveyed, TrialEnded


def test_the_demo_of_a_practice_host_begins_without_a_word_of_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modbisect.lab.practice.practice", partial(practice, slow_seconds=1.0))
    done = CliRunner().invoke(cli, ["demo", "--practice"], standalone_mode=False, catch_exceptions=False)
    assert done.return_value == Exit.OK, done.output
    assert "looking at what is there" in done.stderr
    assert "failed" not in done.stderr


def test_the_demo_finds_the_culprit_and_nothing_else(tmp_path: Path) -> None:
    with practice(tmp_path, slow_seconds=1.0) as made:
        before = state_of(made)
        suspects: list[int] = []

        def seen(event: Event) -> None:
            if isinstance(event, Surveyed):
                suspects.append(event.suspects)

        report = run_on(made, seen)
        assert [finding.components for finding in report.findings] == [(CULPRIT,)]
        assert report.outcome is Outcome.FOUND
        assert report.restored.verified
        assert state_of(made) == before
        assert guard_status(made).state == "NONE"
        assert suspects[0] > 40
        blamed = {one.component for one in report.untestable}
        assert {"php-module:mysqli", "apache-module:rewrite", "apache-site:000-default"} <= blamed
        # A whole page takes no longer: the probes beside the symptom's were measured in the proof as well.
        assert [one.probe for one in report.findings[0].elsewhere] == ["home", "item"]
        assert all(one.effect.after_seconds > 0 for one in report.findings[0].elsewhere)
        memory = report.findings[0].memory_before, report.findings[0].memory_after
        assert memory[0] is not None
        assert memory[1] is not None
        assert memory[0].peak > memory[1].peak


def test_two_together(tmp_path: Path) -> None:
    pair = {"php-module:curl", "php-module:zip"}
    with small(tmp_path, lambda on: on >= pair) as made:
        before = state_of(made)
        report = run_on(made)
        assert [set(finding.components) for finding in report.findings] == [pair]
        assert report.restored.verified
        assert state_of(made) == before


def test_something_that_is_off(tmp_path: Path) -> None:
    with small(tmp_path, lambda on: "php-module:opcache" not in on) as made:
        report = run_on(made)
        assert [finding.components for finding in report.findings] == [("php-module:opcache",)]
        assert report.found_off == ("php-module:opcache",)


def test_a_site_that_is_slow_for_another_reason_accuses_nobody(tmp_path: Path) -> None:
    with small(tmp_path, bool, slow_seconds=0.05) as made:
        before = state_of(made)
        report = run_on(made)
        assert report.outcome is Outcome.NONE
        assert exit_code(report) is Exit.CLEARED
        assert verdict(report).startswith("Cause not found: it is not among the ")
        assert report.residual
        assert 0 < report.found_first_byte <= report.found_seconds
        assert report.findings == ()
        assert report.restarts > 0
        assert report.restored.verified
        assert state_of(made) == before


def test_a_site_that_is_fast_is_not_touched(tmp_path: Path) -> None:
    with small(tmp_path, lambda on: not on) as made:
        server = made.machine.server
        report = run_on(made)
        assert report.outcome is Outcome.NOT_SLOW
        assert exit_code(report) is Exit.OK
        assert report.restarts == 0
        assert report.requests > 0, "it was measured, and that is told"
        assert made.machine.server is server


def test_a_spent_budget_is_said_and_nobody_accused(tmp_path: Path) -> None:
    with small(tmp_path, lambda on: CULPRIT in on) as made:
        hurried = replace(made, playbook=replace(made.playbook, budget=Budget(requests=8)))
        report = run_on(hurried)
        assert report.outcome is Outcome.INCONCLUSIVE
        assert report.reason == "the budget of 8 requests is spent"
        assert report.findings == ()
        assert report.suspects_left
        assert report.restored.verified
        assert report.restarts == 1


def test_a_slow_first_request_that_the_next_belies_does_not_count(tmp_path: Path) -> None:
    once = iter([True])
    with small(tmp_path, lambda _: next(once, False), slow_seconds=1.5) as made:
        report = run_on(made)
    assert report.outcome is Outcome.NOT_SLOW
    assert report.trials == 0
    assert any("the first request took 3" in one for one in report.warnings)


def test_a_slow_first_request_is_asked_for_again_but_not_to_its_end(tmp_path: Path) -> None:
    found: list[FoundSlow] = []

    def seen(event: Event) -> None:
        if isinstance(event, FoundSlow):
            found.append(event)

    with small(tmp_path, lambda on: CULPRIT in on, slow_seconds=4.0) as made:
        report = run_on(made, seen)
    (as_found,) = (event.measurement for event in found)
    (whole,) = as_found.requests
    assert report.outcome is Outcome.FOUND
    assert not whole.censored
    assert as_found.seconds < 1.6 * whole.seconds


def test_a_symptom_of_several_probes_is_what_they_take_together(tmp_path: Path) -> None:
    asked: list[TrialEnded | FoundSlow] = []

    def seen(event: Event) -> None:
        if isinstance(event, TrialEnded | FoundSlow):
            asked.append(event)

    with small(tmp_path, lambda on: CULPRIT in on, slow_seconds=0.4) as made:
        # Of the pages only the upload is slow; all of them together are, and by more than the limit.
        symptom = Symptom("home", slower_than=0.4, then=("upload",))
        report = run_on(replace(made, playbook=replace(made.playbook, symptom=symptom)), seen)
    assert report.outcome is Outcome.FOUND
    assert report.findings[0].components == (CULPRIT,)
    assert report.probe == "home + upload"
    assert report.request == "GET /, then POST /upload, 2 MiB upload"
    assert [one.probe for one in report.findings[0].elsewhere] == ["item"]
    as_found, *trials = [event.measurement.requests for event in asked]
    assert {one.probe for one in (*as_found, *(one for each in trials for one in each))} == {"home + upload"}
    assert all(one.seconds > 0.8 for one in as_found)
    slow, fast = ([one for each in trials for one in each if one.censored is cut] for cut in (True, False))
    assert {one.seconds for one in slow} == {0.5}, "cut off where the sum reaches the cap"
    assert max(one.seconds for one in fast) < 0.5
