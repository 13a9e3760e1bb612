"""After the restore the site is asked once more: a host whose site answers otherwise is not called restored."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from practice_runs import ignore, run_on, small, state_of, written

from cli.hostile import Commands
from modbisect.lab.practice import CULPRIT, PracticeHost, site
from modbisect.model import Outcome
from modbisect.run import again
from modbisect.run.access import opened
from modbisect.run.events import Event, PutBack, TrialEnded
from modbisect.run.signals import Signals
from probe.probe_site import Answer, running

AWAY = (503, "Away", "<p>Back soon.</p>")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path / "host", lambda on: CULPRIT in on) as host:
        yield host


@pytest.fixture
def after_restore(monkeypatch: pytest.MonkeyPatch) -> Callable[[site.Page, int], Callable[[Event], None]]:
    """An observer: from the restore on, so many requests get this page."""
    monkeypatch.setattr(again, "SETTLE_SECONDS", 1.0)
    honest = site._refusal

    def planted(page: site.Page, times: int) -> Callable[[Event], None]:
        left = [times]

        def refusal(path: str, on: frozenset[str]) -> site.Page | None:
            left[0] -= 1
            return page if left[0] >= 0 else honest(path, on)

        def seen(event: Event) -> None:
            if isinstance(event, PutBack) and event.restored.verified:
                monkeypatch.setattr(site, "_refusal", refusal)

        return seen

    return planted


After = Callable[[site.Page, int], Callable[[Event], None]]


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (AWAY, "status 503, not 200"),
        ((200, "Maintenance", "<p>Back soon.</p>"), "title 'Maintenance - Practice shop'"),
        ((302, "", ""), "status 302, not 200"),
    ],
)
def test_a_site_that_answers_otherwise_is_not_restored(
    made: PracticeHost, after_restore: After, page: site.Page, says: str
) -> None:
    before = state_of(made)
    report = run_on(made, after_restore(page, 1000))
    assert state_of(made) == before
    assert report.outcome is Outcome.FOUND
    assert not report.restored.verified
    assert f"does not answer as before: {says}" in report.restored.how
    assert "as found it answered with status 200" in report.restored.how
    assert not report.resume


def test_a_server_that_is_still_starting_gets_its_chance(
    made: PracticeHost, after_restore: After, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "SETTLE_SECONDS", 60.0)
    report = run_on(made, after_restore(AWAY, 2))
    assert report.restored.verified


def test_an_interrupted_run_asks_as_well(made: PracticeHost, after_restore: After) -> None:
    planted = after_restore(AWAY, 1000)

    def seen(event: Event) -> None:
        planted(event)
        if isinstance(event, TrialEnded) and event.number == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with Signals(ignore) as signals:
        report = run_on(made, seen, signals)
    assert report.outcome is Outcome.INTERRUPTED
    assert not report.restored.verified


def test_a_host_that_can_no_longer_be_asked_is_not_called_restored(
    made: PracticeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(event: Event) -> None:
        if isinstance(event, PutBack):
            monkeypatch.setattr(again, "opened", lambda *_: opened(replace(made.host, port=1)))

    report = run_on(made, seen)
    assert report.outcome is Outcome.FOUND
    assert not report.restored.verified
    assert "the site could not be asked: cannot connect" in report.restored.how


def test_a_probe_that_never_answered_in_time_is_no_reason(made: PracticeHost, after_restore: After) -> None:
    book = made.playbook
    (upload,) = (replace(probe, timeout=0.9) for probe in book.probes if probe.name == "upload")
    slow = replace(made, playbook=replace(book, probes=(upload,)))
    report = run_on(slow, after_restore(AWAY, 1000))
    assert report.restored.verified


def test_the_command_says_so_by_its_code(
    made: PracticeHost, command: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> str:
        return "upload does not answer as before: status 503"

    monkeypatch.setattr(again, "_fault", fault)
    book, hosts = written(made, tmp_path, {})
    answer = command("run", book, "practice", "-i", hosts, "-q")
    assert answer.code == 5
    assert "practice is NOT RESTORED" in answer.out
    assert "its files and its live server are as found, yet upload does not answer as before" in answer.out
    assert f"run now: modbisect probe {book} practice -i {hosts}" in answer.out


def test_what_visitors_get_from_a_cache_in_front_is_looked_at_as_well(made: PracticeHost) -> None:
    """It has kept the answer of a broken trial; the probes go past it."""
    front = [("Content-Type", "text/html; charset=utf-8"), ("Via", "1.1 varnish")]
    origin = made.host.base_url
    with urllib.request.urlopen(origin + "/") as answer:  # noqa: S310  the practice host's own
        kept = [Answer(answer.read(), headers=tuple(front))]

    def seen(event: Event) -> None:
        if isinstance(event, TrialEnded) and event.number == 2:
            kept[0] = Answer(b"Not Found", 404, tuple(front))

    with running() as cache:
        cache.rule = lambda _: kept[0]
        there = urlsplit(origin).netloc
        probes = tuple(replace(one, connect_to=there) for one in made.playbook.probes)
        host = replace(made.host, base_url=cache.url().rstrip("/"))
        report = run_on(replace(made, host=host, playbook=replace(made.playbook, probes=probes)), seen)
    assert report.outcome is Outcome.FOUND
    assert any("visitors come through a proxy or a cache (Via: 1.1 varnish)" in one for one in report.warnings)
    assert not report.restored.verified
    assert "status 404, not 200" in report.restored.how
    assert "purge it" in report.restored.how
