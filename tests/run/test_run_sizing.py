"""How the time grows with what is sent: what is asked, and what is made of it."""

from collections.abc import Callable

import pytest

from modbisect.model import Probe, Request, Upload
from modbisect.probe import WindowResult
from modbisect.run.sizing import enough, exponent, sizes

MIB = 1 << 20


def site(took: Callable[[float], float]) -> Callable[[Probe], WindowResult]:
    """A site that takes so long for so many MiB."""

    def ask(probe: Probe) -> WindowResult:
        size = probe.upload.size / MIB if probe.upload else 0.0
        request = Request(probe.name, took(size), status=200)
        return WindowResult(request, (request,))

    return ask


def upload(size: int) -> Probe:
    return Probe("upload", "/upload", "POST", upload=Upload("file", size))


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_a_power_is_told_past_what_every_request_takes(power: float) -> None:
    seen = sizes(upload(16 * MIB), site(lambda size: 0.02 + 0.05 * size**power))
    assert [each.bytes for each in seen] == [MIB, 4 * MIB, 16 * MIB]
    assert exponent(seen) == pytest.approx(power, abs=0.1)


def test_what_would_take_too_long_is_not_sent() -> None:
    seen = sizes(upload(64 * MIB), site(lambda size: size**2 / 10))
    assert [each.bytes for each in seen] == [4 * MIB, 16 * MIB]


def test_the_smallest_that_shows_it_is_enough() -> None:
    seen = sizes(upload(16 * MIB), site(lambda size: 0.5 * size))
    assert enough(seen) == Upload("file", 4 * MIB)


def test_all_of_it_is_needed_where_only_all_of_it_is_slow() -> None:
    seen = sizes(upload(16 * MIB), site(lambda size: 60.0 if size > 10 else 0.1))
    assert enough(seen) is None


def test_nothing_grows_where_the_size_does_not_matter() -> None:
    seen = sizes(upload(16 * MIB), site(lambda _: 3.0))
    assert exponent(seen) == pytest.approx(0.0)
    assert enough(seen) is None


def test_an_answer_that_is_wrong_ends_it() -> None:
    def ask(probe: Probe) -> WindowResult:
        return WindowResult(None, (), broken=f"status 413 for {probe.name}")

    [only] = sizes(upload(16 * MIB), ask)
    assert only.broken
    assert exponent([only]) is None


def test_a_page_is_asked_once() -> None:
    seen = sizes(Probe("page", "/"), site(lambda _: 0.1))
    assert len(seen) == 1
    assert exponent(seen) is None
