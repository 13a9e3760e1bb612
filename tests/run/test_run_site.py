"""What a trial makes of a symptom of several probes. The probe process is a fake with the answers given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from modbisect.host.guard import Sample
from modbisect.host.privilege import RootLink
from modbisect.model import AS_FOUND, Ask, Measurement, Probe, Request, Symptom
from modbisect.playbook import Playbook
from modbisect.probe import Markers, ProbeProcess, Window, WindowResult
from modbisect.run.site import Site

_ASK = Ask(AS_FOUND, why="a test", left=1, requests=3, cap=1.0)
_VISIT = Playbook(
    "visit",
    probes=tuple(Probe(name, f"http://site/{name}") for name in ("home", "item", "health")),
    symptom=Symptom("home", then=("item",)),
)


class FakeProbes:
    """Answers each window of a probe with the times given for it, those of the cap as cut off."""

    def __init__(self, **times: Sequence[float]) -> None:
        self.times = times
        self.asked: list[str] = []
        self.broken = ""

    def measure(self, window: Window, deadline: float) -> WindowResult:
        assert deadline > 0
        name = window.probe.name
        self.asked.append(name)
        requests = tuple(
            Request(name, seconds, status=200, censored=seconds == window.cap) for seconds in self.times[name]
        )
        return WindowResult(cold=requests[0], requests=requests[1:], broken="status 500" if name == self.broken else "")


def seen(fake: FakeProbes) -> tuple[Measurement, Site]:
    site = Site(_VISIT, cast("ProbeProcess", fake), cast("RootLink", None))
    return site.see(_ASK), site


def times(measurement: Measurement) -> list[tuple[float, bool]]:
    return [(pytest.approx(one.seconds), one.censored) for one in measurement.requests]


def test_what_the_probes_take_is_added_up_request_by_request() -> None:
    fake = FakeProbes(health=[0.1], home=[0.5, 0.1, 0.2, 0.3], item=[0.25, 0.4, 0.5, 0.6])
    measurement, site = seen(fake)
    assert fake.asked == ["health", "home", "item"]
    assert times(measurement) == [(0.5, False), (0.7, False), (0.9, False)]
    assert measurement.cold is not None
    assert (measurement.cold.seconds, measurement.cold.probe) == (0.75, "home + item")
    assert (site.sent, site.cut_off) == (9, False)


def test_a_sum_above_the_cap_is_cut_off_there() -> None:
    measurement, _ = seen(FakeProbes(health=[0.1], home=[0.5, 0.5, 0.2], item=[0.5, 0.75, 0.2]))
    assert times(measurement) == [(1.0, True), (0.4, False)]


def test_where_one_window_is_shorter_so_are_the_sums() -> None:
    measurement, _ = seen(FakeProbes(health=[0.1], home=[0.5, 0.1, 0.2, 0.3], item=[0.25, 1.0, 1.0]))
    assert times(measurement) == [(1.0, True), (1.0, True)]


def test_nothing_more_is_asked_once_all_of_a_probe_was_cut_off() -> None:
    fake = FakeProbes(health=[0.1], home=[0.5, 1.0, 1.0], item=[0.1])
    measurement, site = seen(fake)
    assert fake.asked == ["health", "home"]
    assert times(measurement) == [(1.0, True), (1.0, True)]
    assert site.cut_off


@pytest.mark.parametrize("broken", ["home", "item", "health"])
def test_a_wrong_answer_is_told_with_its_probe(broken: str) -> None:
    fake = FakeProbes(health=[0.1], home=[0.1, 0.1], item=[0.1, 0.1])
    fake.broken = broken
    assert seen(fake)[0].broken == f"{broken}: status 500"


class Crowded(FakeProbes):
    """A site behind a lock: a steady loop hardly shows it, a burst does."""

    def measure(self, window: Window, deadline: float) -> WindowResult:
        slow = 1.0 if window.probe.burst else 0.07
        self.times = {window.probe.name: [slow] * (1 + window.requests)}
        answer = super().measure(window, deadline)
        return replace(answer, markers=Markers(200, 9, "text/html", "x"))


@pytest.mark.parametrize(("concurrency", "took"), [(4, 1.0), (1, 0.07)])
def test_several_at_once_are_tried_as_bursts(concurrency: int, took: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modbisect.run.site.sample", lambda _: Sample(None, 0, 0))
    book = Playbook("p", probes=(Probe("page", "http://site/", concurrency=concurrency),), symptom=Symptom("page"))
    site = Site(book, cast("ProbeProcess", Crowded()), cast("RootLink", None))
    found = site.found()
    assert {one.seconds for one in found.requests} == {took}
    assert any("bursts of 4 are measured" in one for one in found.warnings) is (took == 1.0)
    assert {one.seconds for one in site.see(_ASK).requests} == {took}


def test_the_requests_of_a_login_that_is_done_again_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(fake: FakeProbes, playbook: Playbook) -> int:
        site = Site(playbook, cast("ProbeProcess", fake), cast("RootLink", None))
        site.see(_ASK)
        return site.sent

    fake = FakeProbes(health=[0.1], home=[0.5, 0.1, 0.2, 0.3], item=[0.25, 0.4, 0.5, 0.6])
    fake.broken = "home"
    monkeypatch.setattr("modbisect.run.site.log_in", lambda *_: (("session", "1"),))
    login = replace(_VISIT, login=Probe("login", "http://site/login", method="POST"))
    asked_once = measured(fake, _VISIT)
    assert len(fake.asked) == 2
    assert measured(fake, login) == asked_once + len(fake.times["home"]) + 2  # home is asked for again, behind a login
