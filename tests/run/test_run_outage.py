"""What ends a run by itself: a site that is away, downtime spent, a window that closes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.inventory import Host
from modbisect.model import AS_FOUND, Measurement
from modbisect.playbook import Budget, Health, Playbook
from modbisect.run.dialogue import larger, spent
from modbisect.run.events import Began, Effort, FoundSlow
from modbisect.run.outage import Outage
from modbisect.run.past import Past
from modbisect.run.story import Story
from search.worldtext import world


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0, 60), st.booleans())))
def test_it_counts_restarts_and_what_does_not_serve(trials: list[tuple[float, float, bool]]) -> None:
    clock = Clock()
    outage = Outage(clock)
    away, row = 0.0, 0.0
    for restart, looked, serves in trials:
        clock.now += restart
        outage.restarted(restart)
        away, row = away + restart, row + restart
        clock.now += looked
        if serves:
            outage.serves()
            row = 0.0
        else:
            away, row = away + looked, row + looked
        assert outage.total == pytest.approx(away)
        assert outage.in_a_row == pytest.approx(row)


def story(playbook: Playbook, clock: Clock) -> Story:
    began = Began("a" * 32, "web1", playbook.name, "", "0.1.0", 1)
    return Story(Past(began), Host("web1", "web1"), playbook, lambda _: None, outage=Outage(clock))


def test_a_site_that_is_away_for_too_long_ends_it() -> None:
    clock = Clock()
    told = story(Playbook("p", health=Health("home", 30.0)), clock)
    told.outage.restarted(1.0)
    clock.now += 28
    assert (told.patience(), told.must_end()) == (1.0, "")
    clock.now += 1
    assert told.must_end() == "the site has not served for 30.0 s in a row, and its health allows 30s"
    told.outage.restarted(1.0)
    told.outage.serves()
    assert (told.patience(), told.must_end()) == (30.0, "")


def test_a_window_ends_it_before_a_trial_that_would_not_be_over() -> None:
    told = story(Playbook("p"), Clock())
    assert (told.patience(), told.must_end(), told.seconds_left()) == (math.inf, "", math.inf)
    told.closes = datetime.now(UTC) + timedelta(hours=1)
    assert told.must_end() == ""
    assert 3500 < told.seconds_left() <= 3600
    told.observe(FoundSlow(Measurement(AS_FOUND, seconds=3700.0)))
    assert told.must_end().startswith(f"the maintenance window closes at {told.closes:%H:%M} UTC")


def test_a_budget_of_downtime() -> None:
    budget, effort = Budget(downtime=120.0), Effort(downtime_seconds=120.0)
    assert spent(budget, effort) == "the budget of 2m of downtime is spent"
    assert spent(budget, replace(effort, downtime_seconds=119.0)) == ""
    assert larger(budget, effort, world("components: 8\nslow: c01\n").problem(), 5) == " --downtime 4m"


def test_no_trial_begins_that_could_not_end_in_time() -> None:
    budget, effort = Budget(seconds=60.0), Effort(seconds=57.0)
    assert spent(budget, effort, 3.0) == ""
    assert spent(budget, effort, 4.5) == "the time budget of 1m is spent but for 3.0 s, and a trial takes 4.5 s"
    assert larger(budget, effort, world("components: 8\nslow: c01\n").problem(), 5, 4.5) == " --time 2m"
