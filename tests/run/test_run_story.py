"""What a run says when it ends before its planner does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from modbisect.inventory import Host
from modbisect.model import (
    AS_FOUND,
    Ask,
    Component,
    Configuration,
    Measurement,
    Outcome,
    Probe,
    Request,
    Untestable,
    Verdict,
)
from modbisect.playbook import Playbook
from modbisect.report import from_json, markdown, text, to_json
from modbisect.run.events import Began, Effort, FoundSlow, Known, Surveyed, TrialBegan, TrialEnded
from modbisect.run.past import Past
from modbisect.run.story import Story

SUSPECTS = (("php-module:xdebug", 0.62), ("php-module:curl", 0.2))
ASK = Ask(AS_FOUND, 3, 1.0, "is it xdebug?", 4, suspects=SUSPECTS)
SEEN = Measurement(AS_FOUND)
STARTED = "2026-07-14T10:15:02+00:00"


@pytest.fixture
def story() -> Story:
    book = Playbook("book", probes=(Probe("home", "/"),))
    began = Began("a" * 32, "web1", "book", STARTED, "0.1.0", 1)
    return Story.of(began, Host("web1", "192.0.2.1"), book, lambda _: None)


def test_an_interrupted_run_tells_what_was_suspected_last(story: Story) -> None:
    story.observe(TrialBegan(1, ASK))
    story.ended_early(Outcome.INTERRUPTED, "interrupted by SIGINT")
    report = story.report()
    assert report.suspects_left == ("php-module:xdebug", "php-module:curl")
    told = text(report) + markdown(report) + to_json(report)
    assert not re.search(r"\b0\.62\b|\b62 ?%", told), "a chance that nobody has proven"
    assert report.trials == 0


def test_a_request_that_was_cut_off_is_told_as_such(story: Story) -> None:
    story.observe(FoundSlow(Measurement(AS_FOUND, (Request("home", 180.0, censored=True),))))
    report = story.report()
    assert (report.found_seconds, report.found_censored) == (pytest.approx(180.0), True)


def test_a_run_cut_short_tells_what_many_at_once_did_and_what_stayed_out(story: Story) -> None:
    components = (
        Component("php-module:zip", "php-module", "zip", on=True),
        Component("php-module:gd", "php-module", "gd", on=True),
        Component("apache-module:mpm_event", "apache-module", "mpm_event", on=True, pinned="the process model"),
        Component("apache-module:perl", "apache-module", "perl", on=False, pinned="off as found"),
    )
    story.observe(Surveyed(components))
    story.observe(FoundSlow(Measurement(AS_FOUND, (Request("home", 20.0),) * 3)))
    flipped = Configuration(frozenset({"php-module:zip"}))
    story.observe(TrialBegan(1, replace(ASK, configuration=flipped)))
    story.observe(TrialEnded(1, Measurement(flipped, (Request("home", 20.0),) * 3)))
    story.ended_early(Outcome.INTERRUPTED, "interrupted by SIGINT")
    report = story.report()
    assert [(one.components, one.verdict) for one in report.together] == [(("php-module:zip",), Verdict.SLOW)]
    assert (report.suspects, report.tested, report.kinds) == (2, 1, {"php-module": 2})
    assert report.pinned == (Untestable("apache-module:mpm_event", "the process model"),)
    assert from_json(to_json(report)) == report


def test_a_resumed_run_counts_what_the_earlier_ones_have_cost(story: Story) -> None:
    trials = tuple(Known(number, ASK, SEEN, Effort(number, 3 * number, 0.5 * number, 100.0)) for number in (1, 2))
    before = Past(Began("b" * 32, "web1", "book", "", "0.1.0", 1), trials=trials)
    began = Began("a" * 32, "web1", "book", STARTED, "0.1.0", 1, resumes=before.run)
    told = Story.of(began, story.host, story.playbook, lambda _: None, before)
    for trial in trials:
        told.observe(trial)
    told.observe(TrialBegan(3, ASK))
    told.observe(TrialEnded(3, SEEN))
    report = told.report()
    assert (report.trials, report.known_trials, report.resumed) == (3, 2, "b" * 32)
    assert [(trial.number, trial.why) for trial in report.tried] == [(number, ASK.why) for number in (1, 2, 3)]
    assert (report.restarts, report.requests, report.downtime_seconds) == (2, 6, 1.0)
    assert report.seconds >= 100.0
