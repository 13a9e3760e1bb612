"""Whatever a site sends has an end, in time and in bytes."""

from __future__ import annotations

import gzip
import itertools
import math
import re
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_site import Answer, Site

from modbisect.errors import ProbeError
from modbisect.model import Expect, Probe
from modbisect.probe import Oracle, ProbeProcess, Window, client, protocol
from modbisect.probe.oracle import Markers, Response
from modbisect.probe.process import measure
from modbisect.probe.upload import Files

MIB = 1 << 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
CAP = 0.5
DEADLINE = 120.0


def pid(probe: ProbeProcess) -> int:
    assert probe._process is not None
    return probe._process.pid


def peak(process: int) -> int:
    """Largest memory it ever had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.fixture
def probe() -> Iterator[ProbeProcess]:
    with ProbeProcess() as probe:
        yield probe


def window(url: str, **changes: object) -> Window:
    made = Window(Probe("home", url), Oracle(), 1, 0, cap=CAP, cold_cap=CAP, seconds=5.0, settle=0.0)
    return replace(made, **changes)  # type: ignore[arg-type]


@contextmanager
def speaking(words: Callable[[threading.Event], Iterable[bytes]]) -> Iterator[str]:
    """The URL of a server that sends ``words`` to whoever asks, until he has had enough."""
    over = threading.Event()

    def talk(taken: socket.socket) -> None:
        with taken, suppress(OSError):
            taken.recv(1 << 16)
            for word in words(over):
                if over.is_set():
                    return
                taken.sendall(word)

    def listen() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=listen, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)


def endless(beginning: bytes, again: bytes) -> Callable[[threading.Event], Iterable[bytes]]:
    return lambda _: itertools.chain([beginning], itertools.repeat(again * (1 + (1 << 14) // len(again))))


def dripping(beginning: bytes, again: bytes) -> Callable[[threading.Event], Iterable[bytes]]:
    def drops(over: threading.Event) -> Iterator[bytes]:
        yield beginning
        while not over.wait(0.02):
            yield again

    return drops


def unpacking(size: int) -> bytes:
    """A kilobyte of gzip in gzip in gzip whose innermost layer is ``size`` bytes, and unpacks to nothing."""
    block = b"\x00\x00\x00\xff\xff" * (MIB // 5)
    packer = zlib.compressobj(9, wbits=31)
    body = packer.compress(b"\x1f\x8b\x08\x00" + b"\0" * 6) + packer.flush(zlib.Z_FULL_FLUSH)
    body += (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)) * (size // len(block))
    body = gzip.compress(gzip.compress(body, 9), 9)
    return HEAD + b"Content-Encoding: gzip, gzip, gzip, gzip\r\n\r\n" + body


ENDLESS = {
    "status line": endless(b"HTTP/1.1 200 ", b"O"),
    "header line": endless(HEAD + b"X: ", b"x"),
    "headers": endless(HEAD, b"X: y\r\n"),
    "interim answers": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim answers with headers": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "small chunks": endless(CHUNKED + b"\r\n", b"1\r\nx\r\n"),
    "chunk extensions": endless(CHUNKED + b"\r\n1;", b"x"),
    "chunk sizes": endless(CHUNKED + b"\r\n", b"0"),
    "trailers": endless(CHUNKED + b"\r\n0\r\n", b"X: y\r\n"),
    "body": endless(HEAD + b"\r\n", b"<title>"),
    "body of one that announced little": endless(HEAD + b"Content-Length: 10\r\n\r\n", b"x"),
    "gzip header": endless(HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08" + b"\0" * 6, b"x"),
    "empty blocks of gzip": endless(
        HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00" + b"\0" * 6, b"\x00\x00\x00\xff\xff"
    ),
    "drip of the status line": dripping(b"HTTP/1.1 200 ", b"O"),
    "drip of headers": dripping(HEAD, b"X: y\r\n"),
    "drip of the body": dripping(HEAD + b"\r\n", b"x"),
    "drip of chunks": dripping(CHUNKED + b"\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_without_end_ends_at_the_cap(files: Files, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BODY_LIMIT", MIB)
    with speaking(ENDLESS[kind]) as url:
        result = measure(window(url), files)
    every = (*result.requests, *((result.cold,) if result.cold else ()))
    assert result.broken or all(one.censored or one.received == 10 for one in every)
    assert all(one.received <= MIB for one in every)


def test_a_bomb_is_given_up_at_the_limit_of_a_body(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BODY_LIMIT", MIB)
    packed = gzip.compress(gzip.compress(b"0" * (256 * MIB)))
    with speaking(lambda _: [HEAD + b"Content-Encoding: gzip, gzip\r\n\r\n" + packed]) as url:
        assert measure(window(url, cold_cap=60.0), files).broken == "the body is larger than 1 MiB"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProbeProcess]:
    """A probe process with little processor time."""
    monkeypatch.setattr(protocol, "JUDGING_SECONDS", 0.2)
    code = "from modbisect.probe import process, protocol; protocol.JUDGING_SECONDS = 0.2; process.main()"
    with ProbeProcess((sys.executable, "-c", code)) as probe:
        yield probe


def test_an_answer_that_unpacks_without_end_ends_the_probe_process_and_is_said(hurried: ProbeProcess) -> None:
    """libcurl unpacks all that it has read before it looks at the time again."""
    body = unpacking(8192 * MIB)  # the time of a whole minute, in which no processor is too quick
    assert len(body) < 1 << 14
    with speaking(lambda _: [body]) as url, pytest.raises(ProbeError, match=r"busy for over 0\.2 s of processor time"):
        hurried.measure(window(url, seconds=0.0, cold_cap=60.0), DEADLINE)


@pytest.mark.parametrize("pattern", ["(a+)+$", r"\s+x", "(?:.*,){20}y"])
def test_a_regular_expression_that_takes_too_long_ends_it_as_well(
    site: Site, hurried: ProbeProcess, pattern: str
) -> None:
    site.rule = lambda _: Answer(b"a" * 60 + b"!" + b" " * MIB + b"," * 3000)
    slow = window(site.url(), oracle=Oracle(Expect(matches=(pattern,))), seconds=0.0)
    with pytest.raises(ProbeError, match="to home kept the probe busy") as caught:
        hurried.measure(slow, DEADLINE)
    assert '"matches"' in caught.value.advice
    assert hurried.measure(window(site.url()), DEADLINE).broken == "", "the next window has a process of its own"


def test_waiting_is_no_work(site: Site, hurried: ProbeProcess) -> None:
    site.rule = lambda _: site.held()
    result = hurried.measure(window(site.url(), cold_cap=0.6, seconds=0.0), DEADLINE)
    assert (result.requests[0].censored, result.requests[0].seconds) == (True, 0.6)


@pytest.mark.parametrize("chunk", [b"2\r\nxx\r\n", b"10000\r\n" + b"x" * (1 << 16) + b"\r\n"])
def test_an_answer_takes_as_much_memory_in_small_chunks(probe: ProbeProcess, chunk: bytes) -> None:
    size = 4 * MIB
    whole = CHUNKED + b"\r\n" + chunk * (size // chunk.count(b"x")) + b"0\r\n\r\n"
    with speaking(lambda _: [CHUNKED + b"\r\n" + chunk + b"0\r\n\r\n"]) as url:
        probe.measure(window(url), DEADLINE)
    before = peak(pid(probe))
    with speaking(lambda _: [whole]) as url:
        result = probe.measure(window(url, cold_cap=60.0, cap=60.0), DEADLINE)
    assert result.requests[0].received == size
    assert peak(pid(probe)) - before < 6 * size


# --- the oracle -----------------------------------------------------------------------------------

NASTY = [
    b"<title>",
    b"<title ",
    b"<title",
    b"<title>x",
    b"<TITLE\t>",
    b"<titlex",
    b"<",
    b"<title " + b"a" * 150,
    b"<title>" + b" " * 900,
    b"<?",
    b"<?php",
    b"<?phpx",
    b"Fatal error",
    b"Fatal error</b>",
    b"Uncaught ",
    b"Uncaught \\",
    b"Uncaught Error",
    b"Uncaught " + b"Error" * 30,
    b"Uncaught " + b"a" * 150,
    b"Error",
    b"\\",
    b"\xff",
    b"\0",
    b" ",
    b"\n",
]


def work(nasty: bytes, size: int) -> float:
    """Least processor time of a few tries at judging ``size`` bytes of it."""
    response = Response(200, "text/html", body=(nasty * (1 + size // len(nasty)))[:size])
    oracle = Oracle(Expect(contains=("\u20ac",), absent=("\u20ac",)), (Markers.of(Response(200)),))
    least = math.inf
    for _ in range(5):
        begun = time.process_time()
        oracle.fault(response)
        least = min(least, time.process_time() - begun)
    return least


@pytest.mark.parametrize("nasty", NASTY, ids=repr)
def test_judging_takes_as_long_as_an_answer_is_and_hardly_longer_than_a_plain_one(nasty: bytes) -> None:
    once = work(nasty, MIB // 2)
    assert work(nasty, 2 * MIB) < 8 * once + 0.002
    assert once < 20 * work(b"x", MIB // 2)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(NASTY), min_size=1, max_size=4).map(b"".join))
def test_nor_does_any_mixture_take_longer(nasty: bytes) -> None:
    assert work(nasty, 1 << 18) < 20 * work(b"x", 1 << 18)


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"<title>Shop</title>", "Shop"),
        (b"<TITLE lang='de'>\n A\n shop </TITLE>", "A shop"),
        (b"<titles>no</titles><title>Shop</title>", "Shop"),
        (b"<title>Shop<svg><title>Cart</title></svg>", "Shop"),
        (b"<title>" + b"x" * 5000, "x" * 1000),
        (b"<title", ""),
        (b"<title>", ""),
    ],
)
def test_titles(body: bytes, title: str) -> None:
    assert Markers.of(Response(200, body=body)).title == title
