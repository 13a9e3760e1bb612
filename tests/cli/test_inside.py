"""What a run has left for a second search, inside the file that is to blame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modbisect.cli.inside import _left, further, looking_into, within
from modbisect.errors import UsageError
from modbisect.inventory import Host
from modbisect.model import Effect, Finding, Outcome
from modbisect.playbook import Budget, Playbook
from modbisect.report import Report, Restored
from modbisect.report.values import Inside
from modbisect.run.events import Began, Finished
from modbisect.run.journal import Journal, read
from modbisect.run.options import Options
from modbisect.run.past import past

REPORT = Report(
    "a" * 32, "web1", "book", Outcome.NONE, "2026-07-14T10:15:02+00:00", 50.0, Restored(verified=True, how=""),
    found_seconds=1.2, restarts=9, requests=200, downtime_seconds=3.0,
)  # fmt: skip


def test_what_the_first_search_has_spent_is_not_there_for_the_second() -> None:
    assert _left(Budget(), REPORT) == Budget()
    assert _left(Budget(120.0, 30, 1000, 10.0), REPORT) == Budget(70.0, 21, 800, 7.0)


@pytest.mark.parametrize(
    "budget", [Budget(seconds=60.0), Budget(restarts=12), Budget(requests=210), Budget(downtime=4.0)]
)
def test_with_next_to_nothing_left_there_is_none(budget: Budget) -> None:
    assert _left(budget, REPORT) is None
    book = Playbook("book", budget=budget)
    assert further(REPORT, Host("web1", "192.0.2.1"), book, Options(), quiet=True) == (REPORT, 6)


def test_nor_where_a_page_takes_less_than_any_slowdown_that_matters() -> None:
    quick = replace(REPORT, found_seconds=0.003)
    assert further(quick, Host("web1", "192.0.2.1"), Playbook("book"), Options(), quiet=True) == (quick, 6)


def test_nor_on_a_host_that_is_not_as_found() -> None:
    dirty = replace(REPORT, restored=Restored(verified=False, how="a file differs"))
    assert further(dirty, Host("web1", "192.0.2.1"), Playbook("book"), Options(), quiet=True) == (dirty, 5)


def test_what_was_found_inside_is_in_the_journal_of_the_first_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = replace(REPORT, details={"apache-conf:a": "seen"})
    journal = Journal(first.run)
    journal(Began(first.run, "web1", "book", first.started, "1", 0))
    journal(Finished(first))
    journal.close()
    line = "apache-directive:/etc/a.conf:3"
    more = replace(REPORT, run="b" * 32, outcome=Outcome.NONE, reason="no line alone", details={line: "RewriteMap"})
    told = within(first, more, ("/etc/a.conf",))
    assert told.inside == Inside("b" * 32, "/etc/a.conf", Outcome.NONE, "no line alone")
    assert past(read(first.run)).report == told
    assert past(read("last")).run == first.run


@pytest.mark.parametrize("path", ["relative.conf", "/etc/apache2/../shadow", "/etc/a b", "/etc/$(id)", ""])
def test_a_file_to_look_into_is_a_whole_path_of_plain_letters(path: str) -> None:
    with pytest.raises(UsageError):
        looking_into(Playbook("book"), path)
    assert looking_into(Playbook("book"), "/etc/apache2/a.conf").select.into == ("/etc/apache2/a.conf",)


@pytest.mark.parametrize(("ratio", "larger"), [(40.0, True), (1.5, False)])
def test_what_speaks_of_the_rest_is_to_blame_only_where_it_costs_more(
    monkeypatch: pytest.MonkeyPatch, ratio: float, *, larger: bool
) -> None:
    """And there is one second search, with what the first has left."""

    def blamed(run: str, component: str, ratio: float) -> Report:
        effect = Effect(ratio, ratio / 1.1, ratio * 1.1, 1.2, 1.2 / ratio)
        return replace(REPORT, run=run * 32, outcome=Outcome.FOUND, findings=(Finding((component,), effect),))

    first = replace(blamed("a", "apache-conf:a", 2.5), left_in=("/etc/apache2/b.conf",), told_in=("/etc/a.conf",))
    more, asked = blamed("b", "apache-directive:/etc/apache2/b.conf:6", ratio), []

    def perform(_: Host, book: Playbook, *__: object, **___: object) -> tuple[Report, int]:
        asked.append((book.select.into, book.budget))
        return more, 1

    monkeypatch.setattr("modbisect.cli.inside.perform", perform)
    book = Playbook("book", budget=Budget(seconds=120.0))
    told, code = further(first, Host("web1", "192.0.2.1"), book, Options(), quiet=True)
    assert asked == [(("/etc/apache2/b.conf",), Budget(seconds=70.0))]
    assert (told.findings, code) == ((more if larger else first).findings, 1)
    assert any("a smaller contributor, run aaaaaaaa" in warning for warning in told.warnings) is larger


@pytest.mark.parametrize(("seconds", "goes_on"), [(1.2, True), (75.0, False)])
def test_what_tells_the_culprit_is_looked_into_where_that_takes_no_minutes(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, goes_on: bool
) -> None:
    effect = Effect(40.0, 30.0, 50.0, seconds, seconds / 40)
    finding = Finding(("php-module:guard",), effect)
    first = replace(
        REPORT, outcome=Outcome.FOUND, findings=(finding,), found_seconds=seconds, told_in=("/etc/php/guard.ini",)
    )
    asked = []

    def perform(_: Host, book: Playbook, *__: object, **___: object) -> tuple[Report, int]:
        asked.append(book.select.into)
        return replace(REPORT, outcome=Outcome.INCONCLUSIVE), 3

    monkeypatch.setattr("modbisect.cli.inside.perform", perform)
    further(first, Host("web1", "192.0.2.1"), Playbook("book"), Options(), quiet=True)
    assert asked == ([("/etc/php/guard.ini",)] if goes_on else [])
