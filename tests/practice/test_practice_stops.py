"""A run that ends by itself: the host is as found, the report says why and how to go on."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from practice_runs import run_on, small, state_of

from modbisect.inventory import Host
from modbisect.lab.practice import CULPRIT
from modbisect.model import Outcome, Symptom
from modbisect.playbook import Budget, Playbook, TrialOptions
from modbisect.run import preflight
from modbisect.run.events import Concluded, Event, TrialBegan, TrialEnded


def test_no_more_restarts_than_the_budget_has(tmp_path: Path) -> None:
    with small(tmp_path, lambda on: CULPRIT in on) as made:
        before = state_of(made)
        report = run_on(replace(made, playbook=replace(made.playbook, budget=Budget(restarts=4))))
        assert (report.outcome, report.restarts) == (Outcome.INCONCLUSIVE, 4)
        assert report.restored.verified
        assert state_of(made) == before


def test_downtime_that_is_spent(tmp_path: Path) -> None:
    ended: list[TrialEnded] = []

    def seen(event: Event) -> None:
        if isinstance(event, TrialEnded):
            ended.append(event)

    with small(tmp_path, lambda on: CULPRIT in on) as made:
        before = state_of(made)
        report = run_on(replace(made, playbook=replace(made.playbook, budget=Budget(downtime=0.001))), seen)
        assert report.outcome is Outcome.INCONCLUSIVE
        assert "downtime is spent" in report.reason
        assert len(ended) == 1
        assert ended[0].effort.downtime_seconds >= 0.001
        assert report.restored.verified
        assert state_of(made) == before


def test_a_window_that_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(host: Host, playbook: Playbook) -> datetime:
        del host, playbook
        return datetime.now(UTC)

    monkeypatch.setattr(preflight, "closing_time", at_once)
    with small(tmp_path, lambda on: CULPRIT in on) as made:
        before = state_of(made)
        report = run_on(made)
        assert (report.outcome, report.trials) == (Outcome.INCONCLUSIVE, 0)
        assert "the maintenance window closes" in report.reason
        assert report.restored.verified
        assert state_of(made) == before


def test_a_time_budget_is_kept_although_requests_take_long(tmp_path: Path) -> None:
    """A trial is cut off for it, and counts for nothing."""
    budget, slow = 16.0, 6.0
    at: list[float] = []

    def seen(event: Event) -> None:
        if isinstance(event, TrialBegan | Concluded):
            at.append(time.monotonic() - began)

    with small(tmp_path, lambda _: True, slow / 2) as made:
        before = state_of(made)
        book = replace(
            made.playbook, symptom=Symptom("upload"), trial=TrialOptions(warm_up=0), budget=Budget(seconds=budget)
        )
        began = time.monotonic()
        report = run_on(replace(made, playbook=book), seen)
        assert report.outcome is Outcome.INCONCLUSIVE
        assert "the time budget of 16s is spent" in report.reason
        assert len(at) > 1
        assert at[-1] - budget < slow / 2, "a request of so long was cut off"
        assert state_of(made) == before
