"""Times and sizes with their units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.playbook import format_seconds, format_size, parse_seconds, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("2s", 2.0), ("10m", 600.0), ("1h30m", 5400.0), ("1m1.5s", 61.5), ("5m5ms", 300.005)],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds
    assert parse_seconds(format_seconds(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("20MiB", 20 << 20), ("64KB", 64_000), ("64 KiB", 65_536), ("1.5GiB", 3 << 29), ("7B", 7), ("2GB", 2 * 10**9)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "s", "ms", "2", "2.", " 2s", "2s ", "-2s", "2S", "2s1m", "2s2s", "1e3s", "٣s", None]
)
def test_no_times(text: object) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_seconds(text)


@pytest.mark.parametrize("text", ["", "MiB", "2", "20M", "20mb", "-1B", "1B\n", "٣B", 20, 2.5, True, None])
def test_no_sizes(text: object) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0ms"), (0.0005, "0.5ms"), (90, "1m30s"), (3600, "1h"), (7201.25, "2h1.25s")]
)
def test_times_are_written_short(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@given(st.integers(0, 10**12))
def test_times_round_trip(microseconds: int) -> None:
    seconds = microseconds / 1_000_000
    assert parse_seconds(format_seconds(seconds)) == seconds


@given(st.integers(0, 10**12 - 1))
def test_sizes_round_trip(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.none()))
def test_anything_is_read_or_refused_with_advice(value: object) -> None:
    for parse in (parse_seconds, parse_size):
        try:
            read, advice = parse(value), ""
        except ValueError as error:
            read, advice = 0, str(error)
        assert read >= 0
        assert advice or read or str(value).startswith("0")
