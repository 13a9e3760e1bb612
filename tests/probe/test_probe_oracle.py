from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.model import Expect
from modbisect.probe.oracle import Markers, Oracle, Response, printable

PAGE = b"<html><title>Shop</title>" + b"x" * 3000 + b"</html>"
GOOD = Response(status=200, content_type="text/html; charset=UTF-8", body=PAGE)
ORACLE = Oracle(baseline=(Markers.of(GOOD),))

responses = st.builds(
    Response,
    status=st.integers(100, 599),
    content_type=st.text(max_size=20),
    location=st.text(max_size=20),
    body=st.binary(max_size=300),
)


@given(responses)
def test_what_the_baseline_looked_like_is_correct(response: Response) -> None:
    assert Oracle(baseline=(Markers.of(response),)).fault(response) == ""


@given(st.lists(responses, min_size=1, max_size=4))
def test_every_response_of_a_window_of_one_status_agrees_with_what_they_have_in_common(
    seen: list[Response],
) -> None:
    alike = [Response(200, "text/html", response.location, response.body.replace(b"<?", b"")) for response in seen]
    oracle = Oracle(baseline=(Markers.pooled([Markers.of(response) for response in alike]),))
    assert [oracle.fault(response) for response in alike] == [""] * len(alike)


@given(responses, st.tuples(responses) | st.just(()))
def test_a_fault_is_one_line_fit_for_a_terminal(response: Response, baseline: tuple[Response, ...]) -> None:
    fault = Oracle(baseline=tuple(Markers.of(each) for each in baseline)).fault(response)
    assert fault.isprintable()


@given(st.integers(100, 599))
def test_without_baseline_and_expectation_any_2xx_is_correct(status: int) -> None:
    assert bool(Oracle().fault(Response(status))) == (not 200 <= status < 300)


@given(st.integers(100, 599), st.frozensets(st.integers(100, 599), min_size=1))
def test_expected_status_goes_before_the_baseline(status: int, right: frozenset[int]) -> None:
    oracle = Oracle(Expect(status=right), (Markers.of(Response(status)),))
    assert bool(oracle.fault(Response(status))) == (status not in right)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response(500, "text/html", body=PAGE), "status 500, not 200"),
        (Response(200, "text/html", body=b"<?php echo 1;" + PAGE), "the server sends PHP source"),
        (
            Response(200, "text/html", body=PAGE + b"<b>Fatal error</b>:  Uncaught Error: Call to"),
            "the page has a PHP error",
        ),
        (
            Response(200, "text/html", body=PAGE.replace(b"Shop", b"Index of /")),
            "title 'Index of /', not 'Shop'",
        ),
        (Response(200, "text/html", body=PAGE.replace(b"title", b"h1")), "title '', not 'Shop'"),
        (Response(200, "text/plain", body=PAGE), "content type 'text/plain', not 'text/html'"),
        (Response(200, "text/html", body=PAGE[:200]), "200 bytes, at least 2018 expected"),
        (Response(200, "text/html", body=PAGE * 3), "9096 bytes, at most 6320 expected"),
        (Response(200, "text/html", body=PAGE * 2 + b"<p>"), "6067 bytes, at most 4046 expected"),
        (
            Response(200, "text/html", "https://other.test/", PAGE),
            "redirects to 'https://other.test/'",
        ),
    ],
)
def test_names_what_differs_from_the_baseline(response: Response, reason: str) -> None:
    assert ORACLE.fault(response) == reason


def test_a_lost_redirect_is_a_fault() -> None:
    before = Response(302, location="https://site.test/login")
    oracle = Oracle(Expect(status=frozenset({200, 302})), (Markers.of(before),))
    assert oracle.fault(Response(200)) == "no longer redirects"


def test_what_the_baseline_showed_anyway_is_no_fault() -> None:
    tutorial = Response(200, "text/html", body=PAGE + b"<pre><?php echo 1;</pre> Fatal error: example")
    oracle = Oracle(baseline=(Markers.of(tutorial),))
    assert oracle.fault(tutorial) == ""


def test_a_conf_that_only_changes_the_declared_charset_breaks_nothing() -> None:
    assert ORACLE.fault(Response(200, "TEXT/HTML", body=PAGE)) == ""
    latin = Response(200, "text/html", body="Grüße".encode("latin-1"))
    assert Oracle(Expect(contains=("Grüße",))).fault(latin) == ""


def test_a_title_that_changes_all_the_time_is_no_marker() -> None:
    clock = [Response(200, "text/html", body=PAGE.replace(b"Shop", b"12:00:%02d" % n)) for n in range(3)]
    seen = Markers.pooled([Markers.of(each) for each in clock[:2]])
    assert seen.title is None
    assert Oracle(baseline=(seen,)).fault(clock[2]) == ""


@given(size=st.integers(0, 10_000), base=st.lists(st.integers(0, 5_000), min_size=1, max_size=3))
def test_size_may_leave_the_baseline_by_a_quarter_and_256_bytes(size: int, base: list[int]) -> None:
    oracle = Oracle(baseline=tuple(Markers.of(Response(200, body=b"x" * each)) for each in base))
    right = min(base) * 0.75 - 256 <= size <= max(base) * 1.25 + 256
    assert (oracle.fault(Response(200, body=b"x" * size)) == "") == right


def test_a_page_that_has_what_was_asked_for_may_have_been_made_smaller() -> None:
    """As by a filter that takes white space out: without it the page is half as long again, and whole."""
    baseline = (Markers.of(Response(200, "text/html", body=PAGE)),)
    longer = Response(200, "text/html", body=PAGE + b" " * (len(PAGE) * 3 // 4))
    assert Oracle(Expect(contains=("Shop",)), baseline).fault(longer) == ""
    assert Oracle(baseline=baseline).fault(longer) == ""  # it ends as a page does
    torn = Response(200, "text/html", body=longer.body + b"<p>")
    assert "at most" in Oracle(baseline=baseline).fault(torn)
    assert "at most" in Oracle(Expect(contains=("Shop",)), baseline).fault(Response(200, "text/html", body=PAGE * 3))


def test_expected_sizes_replace_the_baselines() -> None:
    baseline = (Markers.of(Response(200, body=b"x" * 9000)),)
    oracle = Oracle(Expect(min_bytes=10, max_bytes=20), baseline)
    assert oracle.fault(Response(200, body=b"x" * 15)) == ""
    assert oracle.fault(Response(200, body=b"x" * 9)) == "9 bytes, at least 10 expected"
    assert oracle.fault(Response(200, body=b"x" * 21)) == "21 bytes, at most 20 expected"


def test_expected_texts() -> None:
    oracle = Oracle(Expect(contains=("Cart",), matches=(r"\d+ items",), absent=("maintenance",)))
    assert oracle.fault(Response(200, body=b"Cart: 12 items")) == ""
    assert oracle.fault(Response(200, body=b"12 items")) == "the body lacks 'Cart'"
    assert oracle.fault(Response(200, body=b"Cart")) == r"nothing in the body matches '\\d+ items'"
    assert oracle.fault(Response(200, body=b"Cart: 1 items, maintenance")) == "the body has 'maintenance'"


@given(st.text())
def test_printable_is_one_bounded_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= 160
    assert printable(shown) == shown
