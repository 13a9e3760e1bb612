"""A controller that is killed at any trial: the host is as found, and `resume` goes on with what was not measured."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import pytest

from guard.lab_target import Target, wait_until
from lab_fixtures import LabHostFactory
from modbisect.run import journal
from modbisect.run.events import Event, Known, TrialBegan, TrialEnded
from modbisect.run.past import past
from run.controller import LEASE, Controllers

pytestmark = pytest.mark.lab

SLOW_REPORT = """
version: 1
name: slow report
probes: {report: {get: /report, expect: {status: 200}}}
symptom: {probe: report}
components: {include: ["apache-conf:*", "php-module:[a-c]*", "php-module:opcache"]}
trial: {requests: 2, warm_up: 1}
"""


@pytest.fixture(scope="module")
def target(lab_host: LabHostFactory) -> Target:
    return Target(lab_host(setup=("shop", "lean", "opcache-off")))


def events(folder: Path, run: str = "last") -> list[Event]:
    return list(journal.read(run, folder / "state" / "modbisect" / "runs"))


@pytest.mark.parametrize("seed", [1])
def test_a_killed_run_goes_on_where_it_was_and_finds_the_same(
    target: Target, controllers: Controllers, seed: int
) -> None:
    gold = target.kept()
    controllers.playbook = SLOW_REPORT
    undisturbed = controllers.run("--seed", "1", "--json").ended(300)
    assert undisturbed.code == 1, undisturbed.said
    expected = json.loads(undisturbed.out)

    number = random.Random(seed).randint(2, expected["trials"] - 1)  # noqa: S311  # a moment, no secret
    killed = controllers.run("--seed", "1")
    killed.wait_line(f"trial {number:>3}")
    killed.send(signal.SIGKILL)
    assert killed.ended().code == -signal.SIGKILL
    first = events(controllers.folder)
    wait_until(lambda: not target.traces(), LEASE + 10, target.traces)
    assert target.kept() == gold

    resumed = controllers.start("resume", "last", "--lease", str(LEASE), "--json").ended(300)
    assert resumed.code == 1, resumed.said
    report = json.loads(resumed.out)
    assert [one["components"] for one in report["findings"]] == [one["components"] for one in expected["findings"]]
    assert (target.state(), target.traces(), target.kept()) == ("NONE", "", gold)

    second = events(controllers.folder)
    before = past(first)
    assert report["resumed"] == before.run
    assert report["known_trials"] == len(before.trials) >= number
    assert before.surveyed
    assert "apache2" in before.surveyed.versions
    known = [event for event in second if isinstance(event, Known)]
    assert tuple(known) == before.trials
    measured = [event.number for event in (*first, *second) if isinstance(event, TrialEnded)]
    assert measured == list(range(1, report["trials"] + 1))
    begun = [event.number for event in second if isinstance(event, TrialBegan)]
    assert begun == list(range(len(known) + 1, report["trials"] + 1))
