"""A run that ends by itself: the host is as found, the report says why and how to go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from practice_runs import run_on, small, state_of

from modbisect.inventory import Host
from modbisect.lab.practice import CULPRIT
from modbisect.model import Outcome
from modbisect.playbook import Budget, Playbook
from modbisect.run import preflight
from modbisect.run.events import Event, TrialEnded


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
