"""What others recorded: pages that may be asked again, the slowest first."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.errors import UsageError
from modbisect.playbook.recorded import Page, pages, read_recorded

HEAD = '192.0.2.7 - - [27/Nov/2026:06:25:24 +0000] "'
AGENT = '"-" "Mozilla/5.0 (X11; Linux x86_64)"'


def line(request: str, rest: str = "200 5120", time: str = "") -> str:
    return f'{HEAD}{request} HTTP/1.1" {rest} {AGENT}{time}\n'


def test_the_slowest_first_by_what_stands_last_or_has_a_name() -> None:
    log = line("GET /", time=" 12000") + line("GET /report", time=" 4000000") * 2 + line("GET /report", time=" 9000000")
    assert pages(log) == (Page("/report", 3, 4_000_000.0), Page("/", 1, 12000.0))
    log = line("GET /", time=" rt=0.012 uct=0.001") + line("GET /a", time=" rt=1.5 uct=0.001")
    assert pages(log) == (Page("/a", 1, 1.5), Page("/", 1, 0.012))


def test_a_whole_url_is_its_path() -> None:
    log = line("GET http://shop.example/cart") + line("GET http://[::1")
    assert pages(log) == (Page("/", 1, None), Page("/cart", 1, None))


def test_without_times_those_that_are_asked_for_most() -> None:
    """The bytes of an answer are no time, with or without who asked behind them."""
    plain = f'{HEAD}GET /b HTTP/1.1" 200 99999999\n'
    assert pages(line("GET /a") * 2 + plain) == (Page("/a", 2, None), Page("/b", 1, None))


@pytest.mark.parametrize(
    "asked",
    [
        *("POST /a", "GET /a?token=secret", "GET /logout", "GET /user/sign-out", "GET /cron.php", "GET /cart/remove/7"),
        *("GET /style.css", "GET /logo.PNG", "GET //elsewhere.example/", "OPTIONS *"),
    ],
)
def test_what_is_not_asked_again(asked: str) -> None:
    assert pages(line(asked, time=" 9") + line("GET /", time=" 1")) == (Page("/", 1, 1.0),)
    assert pages(line(asked)) == ()


@pytest.mark.parametrize("status", ["302 0", "404 12", "500 12"])
def test_other_answers_are_no_pages(status: str) -> None:
    assert pages(line("GET /a", rest=status)) == ()


def entry(url: str, time: float, method: str = "GET", status: int = 200) -> dict[str, object]:
    return {"request": {"method": method, "url": url}, "response": {"status": status}, "time": time}


def test_a_browsers_file_has_one_site() -> None:
    site = "https://shop.example"
    entries = [
        *(entry(f"{site}/", 120.5), entry("https://cdn.example/app", 9000), entry(f"{site}/cart", 4000.0)),
        *(entry(f"{site}/pay", 9000, "POST"), entry(f"{site}/x", 9000, status=500), {"request": 1}, "none"),
    ]
    assert pages(json.dumps({"log": {"entries": entries}})) == (Page("/cart", 1, 4000.0), Page("/", 1, 120.5))


@pytest.mark.parametrize("text", ["", "hello\n", "{", "{}", '{"log": 7}', '{"log": {"entries": {}}}', "[" * 90000])
def test_what_is_neither(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(UsageError, match="no HAR file and no access log"):
        read_recorded(tmp_path / "file")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(b"no gzip")
    for name in ("log.gz", "nothing", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            read_recorded(tmp_path / name)
    whole = gzip.compress(line("GET /a").encode() * 50)
    for spoilt in (whole[:-20], whole[:30] + b"spoilt" + whole[36:]):
        (tmp_path / "log.gz").write_bytes(spoilt)
        with pytest.raises(UsageError, match="cannot be read"):
            read_recorded(tmp_path / "log.gz")
    (tmp_path / "log.gz").write_bytes(gzip.compress(line("GET /a").encode()))
    assert read_recorded(tmp_path / "log.gz") == (Page("/a", 1, None),)


@given(st.text() | st.lists(st.sampled_from(['"', "GET /a", " HTTP/1.1", '" 200', " 1", "\n", "{", "\\"])).map("".join))
def test_no_text_is_too_odd(text: str) -> None:
    for page in pages(text) or ():
        assert page.path.startswith("/")
        assert page.requests > 0
