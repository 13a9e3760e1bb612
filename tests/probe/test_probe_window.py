from __future__ import annotations

import gc
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_site import PAGE, Answer, Asked, Site, running

from modbisect.model import Enough, Expect, Limit, Probe, Request, Upload
from modbisect.probe import process
from modbisect.probe.client import Client, Exchange
from modbisect.probe.oracle import Markers, Oracle, Response
from modbisect.probe.process import measure, unsteady
from modbisect.probe.protocol import Window
from modbisect.probe.upload import Files

BASELINE = Oracle(baseline=(Markers.of(Response(200, "text/html", body=PAGE)),))


def window(url: str, **changes: object) -> Window:
    made = Window(
        probe=Probe("home", url),
        oracle=BASELINE,
        requests=10,
        warm_up=0,
        cap=30.0,
        cold_cap=60.0,
        seconds=60.0,
        settle=0.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def from_the(first: int, then: Answer | Callable[[], Answer]) -> Callable[[Asked], Answer]:
    """The page, and from the ``first`` request on something else."""
    number = count(1)

    def rule(_: Asked) -> Answer:
        if next(number) < first:
            return Answer()
        return then if isinstance(then, Answer) else then()

    return rule


def test_a_window_has_a_cold_request_a_warm_up_and_the_measured_ones(site: Site, files: Files) -> None:
    result = measure(window(site.url(), requests=12, warm_up=3), files)
    assert result.broken == ""
    assert result.cold is not None
    assert (result.cold.probe, result.cold.status, result.cold.fault) == ("home", 200, "")
    assert [each.fault for each in result.requests] == [""] * 12
    assert len(site.asked) == 1 + 3 + 12
    assert result.warnings == ()


def test_markers_teach_the_next_oracle(site: Site, files: Files) -> None:
    first = measure(window(site.url(), oracle=Oracle()), files)
    assert first.markers == Markers(200, len(PAGE), "text/html", "Shop", whole=True)
    assert first.markers is not None
    learned = Oracle(baseline=(first.markers,))
    assert measure(window(site.url(), oracle=learned), files).broken == ""
    site.rule = lambda _: Answer(PAGE.replace(b"Shop", b"Index of /"))
    assert measure(window(site.url(), oracle=learned), files).broken == "title 'Index of /', not 'Shop'"


def test_signs_of_a_broken_php_in_the_site_as_found_are_told(site: Site, files: Files) -> None:
    site.rule = lambda _: Answer(PAGE + b"Fatal error: no more memory")
    result = measure(window(site.url(), oracle=Oracle()), files)
    assert result.broken == ""
    assert result.warnings == ("the page has a PHP error, as found",)


def test_php_source_is_broken(site: Site, files: Files) -> None:
    site.rule = lambda _: Answer(b"<?php require 'secrets.php';")
    result = measure(window(site.url()), files)
    assert result.broken == "the server sends PHP source"
    assert (result.requests, result.markers) == ((), None)
    assert result.cold
    assert result.cold.fault == result.broken


def test_an_error_page_is_broken_however_fast(site: Site, files: Files) -> None:
    site.rule = lambda _: Answer(b"oops", 500)
    assert measure(window(site.url()), files).broken == "status 500, not 200"
    assert len(site.asked) == 2, "one more try, and no window"


def test_a_window_that_turns_bad_is_broken(site: Site, files: Files) -> None:
    site.rule = from_the(6, Answer(b"oops", 500))
    result = measure(window(site.url()), files)
    assert result.broken == "6 of 10 responses are wrong: status 500, not 200"
    assert result.cold is not None
    assert [bool(each.fault) for each in result.requests] == [False] * 4 + [True] * 6


def test_a_window_that_loses_its_server_is_broken(site: Site, files: Files) -> None:
    site.rule = from_the(6, Answer(dead=True))
    assert measure(window(site.url()), files).broken == (
        "6 of 10 responses are wrong: the server closed the connection without an answer"
    )


@pytest.mark.parametrize(("measured", "broken"), [(200, False), (99, True)])
def test_one_fault_in_a_hundred_is_borne(site: Site, files: Files, *, measured: int, broken: bool) -> None:
    number = count(1)
    site.rule = lambda _: Answer(b"oops", 500) if next(number) == 50 else Answer()
    probe = Probe("home", site.url(), keep_alive=True)
    result = measure(window(site.url(), probe=probe, requests=measured), files)
    assert bool(result.broken) == broken
    assert sum(bool(each.fault) for each in result.requests) == 1


def test_a_wrong_first_response_has_one_more_try(site: Site, files: Files) -> None:
    number = count(1)
    site.rule = lambda _: Answer(b"warming up", 503) if next(number) == 1 else Answer()
    result = measure(window(site.url()), files)
    assert result.broken == ""
    assert result.cold is not None
    assert result.cold.status == 200
    assert result.warnings == ("the first response was wrong: status 503, not 200",)


def test_a_server_that_is_still_starting_is_waited_for(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(listening=False) as site:
        seen: list[Exchange] = []

        class Starter(Client):
            def one(self, limit: float) -> Exchange:
                seen.append(super().one(limit))
                if len(seen) == 2:
                    site.listen()
                return seen[-1]

        monkeypatch.setattr(process, "Client", Starter)
        result = measure(window(site.url(), settle=60.0), files)
        assert [each.request.fault for each in seen] == ["connection refused"] * 2 + [""]
        assert result.broken == ""
        assert result.cold is not None
        assert result.cold.seconds == seen[2].request.seconds
        assert len(result.requests) == 10
        [warning] = result.warnings
        assert warning.endswith("after the restart: connection refused")


@pytest.mark.parametrize("settle", [0.0, 0.25])
def test_a_server_that_does_not_come_back_is_broken(files: Files, settle: float) -> None:
    with running(listening=False) as site:
        result = measure(window(site.url(), settle=settle), files)
    assert result.broken == "connection refused"
    assert result.requests == ()


def test_a_cold_request_over_its_cap_is_the_one_sample_where_the_next_is_no_quicker(site: Site, files: Files) -> None:
    site.rule = lambda _: site.held()
    result = measure(window(site.url(), cold_cap=0.1, cap=0.2), files)
    assert result.broken == ""
    assert result.cold is not None
    assert (result.cold.censored, result.cold.seconds) == (True, 0.1)
    assert result.requests == (result.cold,)
    assert len(site.asked) == 2


def test_what_takes_long_only_once_is_measured_behind_it(site: Site, files: Files) -> None:
    """As a page is that is compiled and then kept."""
    held = iter([site.held])
    site.rule = lambda _: next(held, Answer)()
    result = measure(window(site.url(), cold_cap=0.1), files)
    assert result.cold is not None
    assert result.cold.censored
    assert [each.censored for each in result.requests] == [False] * 10
    assert (result.broken, result.markers is not None) == ("", True)


def test_a_check_of_one_request_stays_one(site: Site, files: Files) -> None:
    site.rule = lambda _: site.held()
    result = measure(window(site.url(), requests=0, cold_cap=0.1, cap=0.1), files)
    assert result.requests == (result.cold,)
    assert len(site.asked) == 1


def test_two_cut_off_requests_end_a_window(site: Site, files: Files) -> None:
    site.rule = from_the(2, site.held)
    result = measure(window(site.url(), cap=0.1), files)
    assert [(each.censored, each.seconds) for each in result.requests] == [(True, 0.1)] * 2
    assert result.broken == ""
    assert result.warnings == ()


@given(st.lists(st.booleans(), max_size=12))
def test_enough_cut_off_requests_are_two_at_the_start_or_three_fifths(cut: list[bool]) -> None:
    requests = [Request("home", 1.0, censored=each) for each in cut]
    mostly = len(cut) >= 5 and sum(cut) / len(cut) > 0.6
    assert process._surely_slow(requests) == (cut[:2] == [True, True] or mostly)


@pytest.mark.parametrize(("least", "measured"), [(1.0, 4), (1000.0, 7)])
def test_a_window_ends_when_it_is_clear_at_which_level_it_is(
    site: Site, files: Files, least: float, measured: int
) -> None:
    enough = Enough((Limit(math.log(60.0), least, 1.0),))
    result = measure(window(site.url(), enough=enough, requests=7), files)
    assert (len(result.requests), result.warnings, result.broken) == (measured, (), "")


def test_the_probes_timeout_is_a_cap_too(site: Site, files: Files) -> None:
    site.rule = lambda _: site.held()
    probe = Probe("home", site.url(), timeout=0.1)
    result = measure(window(site.url(), probe=probe, cold_cap=None), files)
    assert result.cold is not None
    assert (result.cold.censored, result.cold.seconds) == (True, 0.1)


def test_a_window_without_time_measures_one_request_and_says_so(site: Site, files: Files) -> None:
    result = measure(window(site.url(), seconds=0.0, warm_up=5), files)
    assert len(result.requests) == 1
    assert result.warnings == ("only 1 of 10 requests fitted into 0 s",)
    assert len(site.asked) == 2


def test_a_slow_site_is_not_warmed_up_for_long(site: Site, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "WARM_UP_SECONDS", 0.0)
    result = measure(window(site.url(), warm_up=100), files)
    assert len(result.requests) == 10
    assert len(site.asked) == 11


def test_bodies_are_judged_in_parts_when_they_take_much_memory(
    site: Site, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "HELD_BYTES", 3 * len(PAGE))
    site.rule = from_the(8, Answer(b"oops", 500))
    probe = Probe("home", site.url(), concurrency=2)
    result = measure(window(site.url(), probe=probe), files)
    assert len(result.requests) == 10
    assert sum(bool(each.fault) for each in result.requests) == 4


def test_expectations_reach_the_measurement(site: Site, files: Files) -> None:
    oracle = Oracle(Expect(contains=("Cart",)))
    assert measure(window(site.url(), oracle=oracle), files).broken == "the body lacks 'Cart'"


@pytest.mark.parametrize(("share", "upload", "limited"), [(-1, None, True), (9, None, False), (-1, 1, False)])
@pytest.mark.filterwarnings("ignore:HTTPPOST")
def test_a_busy_client_is_told_but_for_uploads(
    site: Site,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    *,
    share: float,
    upload: int | None,
    limited: bool,
) -> None:
    monkeypatch.setattr(process, "BUSY_SHARE", share)
    probe = Probe("home", site.url(), upload=Upload("file", upload) if upload else None)
    assert measure(window(site.url(), probe=probe), files).client_limited == limited


def test_python_collects_no_garbage_in_a_window(site: Site, files: Files) -> None:
    seen = []
    site.rule = lambda _: seen.append(gc.isenabled()) or Answer()  # type: ignore[func-returns-value]
    measure(window(site.url()), files)
    assert not any(seen)
    assert gc.isenabled()


@given(st.floats(0.001, 10), st.integers(9, 40), st.floats(1.2, 50))
def test_a_step_within_a_window_is_unsteady(level: float, number: int, factor: float) -> None:
    half = number // 2
    assert unsteady([level] * half + [level * factor] * (number - half))
    assert unsteady([level * factor] * half + [level] * (number - half))
    assert not unsteady([level] * number)


@given(st.lists(st.floats(1.0, 1.15), max_size=40))
def test_a_small_drift_is_steady(seconds: list[float]) -> None:
    assert not unsteady(seconds)


@given(st.lists(st.floats(0.001, 100), max_size=8))
def test_few_times_tell_nothing_of_steadiness(seconds: list[float]) -> None:
    assert not unsteady(seconds)


def test_noise_as_large_as_the_drift_is_steady() -> None:
    assert not unsteady([1.0, 1.4] * 5 + [1.2] * 10 + [1.2, 1.6] * 5)
