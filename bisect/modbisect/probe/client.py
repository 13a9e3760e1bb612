"""HTTP requests with libcurl: one at a time, or a few at once, each with its times as libcurl took them."""

from __future__ import annotations

import errno
import math
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pycurl

from modbisect.model import Probe, Request
from modbisect.probe import options
from modbisect.probe.keeping import unkept
from modbisect.probe.oracle import Response, printable
from modbisect.probe.redirect import redirected
from modbisect.probe.upload import Files

MAX_REDIRECTS = 5
MOST_LANES = 64
"""Requests under way at once in an open loop."""
_SHORTEST = 0.05
BODY_LIMIT = 32 << 20
NONCE = "{nonce}"
_AWAY = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR})
_PASSED = re.compile(rb"(?:Via|Age|X-Cache|X-Varnish|X-Proxy-Cache|CF-Cache-Status):", re.IGNORECASE)
_CACHING = re.compile(rb"(?:Cache-Control|Pragma|Vary):", re.IGNORECASE)
_USER = re.compile(r"^(\w+://)[^/?#]*@")
_RESET = frozenset({errno.ECONNRESET, errno.EPIPE})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it."""

    request: Request
    """With a fault when there is no response for another reason than the limit."""
    response: Response | None = None
    """The whole response, not yet judged."""
    away: bool = False
    """Refused, reset or closed without an answer: nobody may be serving, yet."""


class Client:
    """Makes the requests of one probe; its connections live as long as the ``with`` block.

    Raises:
        ValueError: The probe asks for what does not exist.
        OSError: The file to upload cannot be made.
    """

    def __init__(self, probe: Probe, files: Files, end: float = math.inf) -> None:
        self._end = end
        """By the monotonic clock: then every request is cut off."""
        lanes = MOST_LANES if probe.rate else max(1, probe.concurrency)
        self._probe = probe
        self._lanes = [_Lane(probe, files) for _ in range(lanes)]
        self._multi = pycurl.CurlMulti()
        self._parent = os.getppid()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.curl.close()
        self._multi.close()

    def one(self, limit: float) -> Exchange:
        """A single request, cut off after ``limit`` seconds."""
        return next(self._run(1, limit, lambda: True))

    def run(self, count: int, limit: float, more: Callable[[], bool]) -> Iterator[Exchange]:
        """At most ``count`` measurements, in the order they end: requests in a closed loop, in an open one, or bursts.

        ``more`` is asked before each is started. Those under way are always waited for: leaving out the
        last to end would leave out the slow ones.
        """
        if not self._probe.burst:
            yield from self._run(count, limit, more, self._probe.rate)
            return
        for _ in range(count):
            if not more():
                return
            yield max(self._run(len(self._lanes), limit, lambda: True), key=_fault_or_seconds)

    def _run(self, count: int, limit: float, more: Callable[[], bool], rate: float = 0.0) -> Iterator[Exchange]:
        """A closed loop at the probe's concurrency; with a rate an open one.

        There a request that found no way to start counts the time since it was due, or the slowest answers would
        hide themselves ("coordinated omission"; Tene, How NOT to Measure Latency, 2013).
        """
        idle, busy = list(self._lanes), dict[pycurl.Curl, _Lane]()
        began, started = time.monotonic(), 0

        def early() -> float:
            """Seconds until the next one is due; at once in a closed loop."""
            return began + started / rate - time.monotonic() if rate else 0.0

        try:
            while True:
                while idle and started < count and early() <= 0 and more():
                    lane = idle.pop()
                    lane.late = -early()
                    lane.begin(min(limit, max(_SHORTEST, self._end - time.monotonic())))
                    self._multi.add_handle(lane.curl)
                    busy[lane.curl] = lane
                    started += 1
                if not busy and (not rate or started >= count or not more()):
                    return
                if not busy:
                    time.sleep(max(0.0, early()))
                    continue
                for curl, code, message in self._ended(early() if rate and idle and started < count else math.inf):
                    self._multi.remove_handle(curl)
                    lane = busy[curl]
                    if lane.goes_on(code):
                        self._multi.add_handle(curl)
                        continue
                    idle.append(busy.pop(curl))
                    yield lane.end(code, message)
        finally:
            for curl in busy:
                self._multi.remove_handle(curl)

    def _ended(self, most: float) -> list[tuple[pycurl.Curl, int, str]]:
        """Moves the transfers on until one has ended, or so many seconds have passed, or a while."""
        self._multi.perform()
        ended: list[tuple[pycurl.Curl, int, str]] = []
        queued = 1
        while queued:
            queued, good, bad = self._multi.info_read()
            ended += [(curl, pycurl.E_OK, "") for curl in good] + bad
        if not ended:
            self._wait(most)
        return ended

    def _wait(self, most: float) -> None:
        if os.getppid() != self._parent:
            raise SystemExit("the run is gone")
        timer = self._multi.timeout()
        pause = max(0.0, min(1.0 if timer < 0 else timer / 1000, 1.0, most))
        if self._multi.select(pause) < 0:
            time.sleep(min(pause, 0.001))  # libcurl has no descriptor to wait on for the moment


def _fault_or_seconds(exchange: Exchange) -> tuple[bool, float]:
    """Of a burst the wrong answer counts, or the slowest."""
    return bool(exchange.request.fault), exchange.request.seconds


@dataclass(frozen=True, slots=True)
class _Spent:
    """What a request has taken so far, the redirects that it followed included. Times are seconds."""

    seconds: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    sent: int = 0


class _Lane:
    """A libcurl handle that makes one request after the other, each with the redirects that it follows.

    libcurl itself would take the playbook's headers along to whatever server a redirect names.
    """

    def __init__(self, probe: Probe, files: Files) -> None:
        self.curl = pycurl.Curl()
        self._probe = probe
        self._files = files
        self._limit = 0.0
        self.late = 0.0
        """Seconds between when the request was due and its start."""
        self._nonce = ""
        self._body = bytearray()
        self._passed: list[bytes] = []
        self._caching: list[bytes] = []
        self._cookies: list[bytes] = []
        self._hops = 0
        self._before = _Spent()
        """Up to the latest redirect."""
        self._ask(probe)

    def begin(self, limit: float) -> None:
        self._limit = limit
        if self._hops:
            self._ask(self._probe)
        self._hops, self._before = 0, _Spent()
        self._body, self._cookies = bytearray(), []
        self.curl.setopt(pycurl.TIMEOUT_MS, max(1, round(limit * 1000)))
        if NONCE in self._probe.url:
            self._nonce = secrets.token_hex(8)
            self.curl.setopt(pycurl.URL, self._probe.url.replace(NONCE, self._nonce).encode())

    def goes_on(self, code: int) -> bool:
        """Whether what has ended with ``code`` is a redirect to follow; the handle is then set up for that."""
        location = self._text(pycurl.REDIRECT_URL)
        if code != pycurl.E_OK or not location or not self._probe.follow_redirects:
            return False
        self._hops += 1
        if self._hops > MAX_REDIRECTS:
            return False
        self._before = self._spent()
        self._ask(redirected(self._asked, self.curl.getinfo(pycurl.RESPONSE_CODE), location))
        self._body = bytearray()
        self.curl.setopt(pycurl.TIMEOUT_MS, max(1, round((self._limit - self._before.seconds) * 1000)))
        return True

    def end(self, code: int, message: str) -> Exchange:
        if self._hops > MAX_REDIRECTS:
            code = pycurl.E_TOO_MANY_REDIRECTS
        get, spent = self.curl.getinfo, self._spent()
        # A limit hit before any byte of the request was sent says nothing about how slow the site is.
        asked = get(pycurl.REQUEST_SIZE) > 0 or (self._hops > 0 and spent.seconds >= self._limit)
        censored = code == pycurl.E_OPERATION_TIMEDOUT and asked
        request = Request(
            probe=self._probe.name,
            seconds=self.late + (self._limit if censored else spent.seconds),
            first_byte=self._before.seconds + self._took(pycurl.STARTTRANSFER_TIME_T),
            connect=spent.connect,
            tls=spent.tls,
            status=get(pycurl.RESPONSE_CODE),
            sent=spent.sent,
            received=len(self._body),
            censored=censored,
            fault="" if code == pycurl.E_OK or censored else self._fault(code, message),
        )
        reset = code == pycurl.E_SSL_CONNECT_ERROR and get(pycurl.OS_ERRNO) in _RESET
        return Exchange(request, self._response() if code == pycurl.E_OK else None, code in _AWAY or reset)

    def _ask(self, probe: Probe) -> None:
        self.curl.reset()  # or a header, a password or a body of the request before would stay
        options.apply(self.curl, probe, self._files)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._hear)
        self._asked = probe

    def _take(self, chunk: bytes) -> int | None:
        if len(self._body) + len(chunk) > BODY_LIMIT:
            return 0
        self._body += chunk
        return None

    def _hear(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):
            self._passed, self._caching = [], []
        elif line[:11].lower() == b"set-cookie:":
            self._cookies.append(line[11:].strip())
            self._caching.append(line)
        elif _CACHING.match(line):
            self._caching.append(line)
        elif _PASSED.match(line):
            self._passed.append(line.strip())

    def _spent(self) -> _Spent:
        before, connect = self._before, self._took(pycurl.CONNECT_TIME_T)
        return _Spent(
            before.seconds + self._took(pycurl.TOTAL_TIME_T),
            before.connect + connect,
            before.tls + max(0.0, self._took(pycurl.APPCONNECT_TIME_T) - connect),
            before.sent + self.curl.getinfo(pycurl.SIZE_UPLOAD_T),
        )

    def _took(self, info: int) -> float:
        return float(self.curl.getinfo(info)) / 1e6

    def _response(self) -> Response:
        body = bytes(self._body)
        self._body = bytearray()
        location = self._text(pycurl.REDIRECT_URL)
        if not location and self._hops:
            location = self._text(pycurl.EFFECTIVE_URL)
        location = _USER.sub(r"\1", location)
        if self._nonce:
            location = location.replace(self._nonce, NONCE)
            body = body.replace(self._nonce.encode(), NONCE.encode())
        return Response(
            status=self.curl.getinfo(pycurl.RESPONSE_CODE),
            content_type=self._text(pycurl.CONTENT_TYPE),
            location=location,
            body=body,
            cookies=tuple(each.decode(errors="replace") for each in self._cookies),
            passed=printable(b", ".join(self._passed).decode(errors="replace")),
            unkept=printable(unkept(line.decode(errors="replace") for line in self._caching)),
        )

    def _text(self, info: int) -> str:
        value = self.curl.getinfo_raw(info)
        return value.decode(errors="replace") if value else ""

    def _fault(self, code: int, message: str) -> str:
        number = self.curl.getinfo(pycurl.OS_ERRNO)
        texts = {
            pycurl.E_COULDNT_CONNECT: os.strerror(number).lower() if number else "no connection",
            pycurl.E_OPERATION_TIMEDOUT: (f"no connection within {min(self._probe.connect_timeout, self._limit):g} s"),
            pycurl.E_GOT_NOTHING: "the server closed the connection without an answer",
            pycurl.E_PEER_FAILED_VERIFICATION: f"the server's certificate could not be verified: {message}",
            pycurl.E_TOO_MANY_REDIRECTS: f"more than {MAX_REDIRECTS} redirects",
            pycurl.E_WRITE_ERROR: f"the body is larger than {BODY_LIMIT >> 20} MiB",
        }
        return printable(texts.get(code, message)) or f"libcurl's error {code}"
