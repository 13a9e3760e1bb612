"""Requests between a restart and the window: until enough were sent, or until it is slow."""

from __future__ import annotations

import time

import pytest
from probe_site import Answer, Asked, Site
from test_probe_window import window

from modbisect.model import Ageing
from modbisect.probe import process
from modbisect.probe.process import measure, thinned
from modbisect.probe.upload import Files

SHOWN = 0.05


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_A_SECOND", 1e6)


def test_as_many_requests_as_asked_for_come_before_the_window(site: Site, files: Files) -> None:
    result = measure(window(site.url(), requests=4, age=Ageing(60, shown=30.0)), files)
    assert result.aged
    assert 60 <= result.aged.requests <= 60 + process.CROWD
    assert not result.aged.shown
    assert [count for count, _ in result.aged.curve] == sorted({count for count, _ in result.aged.curve})
    assert len(site.asked) == 1 + result.aged.requests + 4


def test_it_ends_where_several_in_a_row_are_slow(site: Site, files: Files) -> None:
    def slower_from_the_thirtieth(_: Asked) -> Answer:
        if len(site.asked) > 30:
            time.sleep(2 * SHOWN)
        return Answer()

    site.rule = slower_from_the_thirtieth
    result = measure(window(site.url(), requests=4, age=Ageing(10_000, shown=SHOWN)), files)
    assert result.aged
    assert result.aged.shown
    assert 30 <= result.aged.requests < 100
    assert result.aged.curve[-1][1] > max(SHOWN, min(seconds for _, seconds in result.aged.curve))
    assert min(one.seconds for one in result.requests) > SHOWN


def test_a_hiccup_of_several_in_a_row_does_not_end_it(site: Site, files: Files) -> None:
    """What the window behind it does not show, either, was none of what the ageing is for."""

    def for_a_moment(_: Asked) -> Answer:
        if 30 < len(site.asked) <= 40:
            time.sleep(2 * SHOWN)
        return Answer()

    site.rule = for_a_moment
    result = measure(window(site.url(), requests=8, age=Ageing(200, shown=SHOWN)), files)
    assert result.aged
    assert not result.aged.shown
    assert 200 <= result.aged.requests <= 200 + 2 * process.CROWD
    counts = [count for count, _ in result.aged.curve]
    assert counts == sorted(set(counts))
    assert len(result.requests) == 8


def test_a_single_slow_one_shows_nothing(site: Site, files: Files) -> None:
    def now_and_then(_: Asked) -> Answer:
        if len(site.asked) % 7 == 0:
            time.sleep(2 * SHOWN)
        return Answer()

    site.rule = now_and_then
    result = measure(window(site.url(), requests=1, age=Ageing(70, shown=SHOWN)), files)
    assert result.aged
    assert not result.aged.shown


def test_it_ends_with_its_time_and_with_the_run_s(site: Site, files: Files) -> None:
    result = measure(window(site.url(), requests=2, age=Ageing(10**9, most=0.3)), files)
    assert result.aged
    assert 0.3 <= result.aged.seconds < 30
    assert len(result.requests) == 2
    began = time.monotonic()
    measure(window(site.url(), requests=2, age=Ageing(10**9, most=60.0), within=0.3), files)
    assert time.monotonic() - began < 30


def test_a_curve_is_thinned_by_medians() -> None:
    assert thinned([(1, 1.0), (2, 2.0)]) == ((1, 1.0), (2, 2.0))
    long = [(at, 9.0 if at == 5 else float(at > 50)) for at in range(1, 101)]
    assert len(thinned(long, 10)) == 10
    assert thinned(long, 10)[0] == (10, 0.0)
    assert thinned(long, 10)[-1] == (100, 1.0)
