import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.harmless import one_line
from modbisect.report import figures
from modbisect.report.escaping import escaped, fenced

IN_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
IN_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def value(shown: str, units: dict[str, float]) -> float:
    parts = re.findall(r"([0-9.e+-]+) ([A-Za-z]+)", shown)
    assert shown == " ".join(f"{number} {unit}" for number, unit in parts)
    return sum(float(number) * units[unit] for number, unit in parts)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.00042, "0.42 ms"),
        (0.0069, "6.9 ms"),
        (0.00999, "10 ms"),
        (0.102, "102 ms"),
        (0.181, "181 ms"),
        (0.99951, "1.00 s"),
        (1.234, "1.23 s"),
        (9.996, "10.0 s"),
        (75.2, "75.2 s"),
        (119.96, "2 min"),
        (125, "2 min 5 s"),
        (3599.7, "1 h"),
        (3840, "1 h 4 min"),
    ],
)
def test_times(seconds: float, shown: str) -> None:
    assert figures.seconds(seconds) == shown


def test_times_side_by_side_share_a_unit_where_they_can() -> None:
    assert figures.seconds(0.18, beside=71.2) == "0.18 s"
    assert figures.seconds(0.18, beside=0.9) == "180 ms"
    assert figures.seconds(0.0069, beside=71.2) == "6.9 ms"


@given(st.floats(1e-6, 1e7), st.floats(0, 1e3))
def test_a_time_says_what_it_is(seconds: float, beside: float) -> None:
    assert value(figures.seconds(seconds, beside=beside), IN_SECONDS) == pytest.approx(seconds, rel=0.051)


@given(st.integers(0, 1 << 50))
def test_a_size_says_what_it_is(count: int) -> None:
    assert value(figures.size(count), IN_BYTES) == pytest.approx(count, rel=0.05)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (37.4 * (1 << 20), "37.4 MiB"), ((1 << 20) - 1, "1.0 MiB"), (1 << 41, "2048.0 GiB")],
)
def test_sizes(count: float, shown: str) -> None:
    assert figures.size(count) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(396, "396x"), (14.78, "14.8x"), (1.8, "1.8x"), (1.048, "1.05x"), (999.7, "1000x"), (12345, "12345x")],
)
def test_ratios(ratio: float, shown: str) -> None:
    assert figures.ratio(ratio) == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("", ""),
        ("a", "a"),
        ("ab", "a and b"),
        ("abc", "a, b and c"),
        ("abcd", "a, b, c and d"),
        ("abcde", "a, b, c and 2 more"),
    ],
)
def test_lists(words: str, shown: str) -> None:
    assert figures.listed(tuple(words)) == shown


@given(st.text())
def test_plain_text_stays_plain(text: str) -> None:
    once = one_line(text)
    assert one_line(once) == once
    assert once.isprintable() or not once.isascii()
    assert len(once.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("a\tb\r\nc\u2028d", "a b c d"),
        ("\u202eevil\u2066\x00\x7f\x9b", "evil"),
        ("mod_php: grün, 速い", "mod_php: grün, 速い"),
    ],
)
def test_what_a_terminal_would_obey_is_gone(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_ordinary_names_need_no_escaping() -> None:
    assert escaped("php-ini:auto_prepend_file = /srv/a.php (8.2)") == "php-ini:auto_prepend_file = /srv/a.php (8.2)"


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert fenced(("echo ````",)) == "`````sh\necho ````\n`````"
