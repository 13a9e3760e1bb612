"""The probe process: a window on standard input, its result on standard output, until there is no more.

It does nothing else, so that no other work of the program shows up in the times.
"""

from __future__ import annotations

import gc
import math
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import median

from modbisect.model import Aged, Ageing, Request
from modbisect.probe import protocol
from modbisect.probe.client import Client, Exchange
from modbisect.probe.oracle import Markers, Oracle, Response
from modbisect.probe.protocol import Window, WindowResult
from modbisect.probe.upload import Files

RETRY_PAUSE = 0.1
WARM_UP_SECONDS = 1.0
HELD_BYTES = 64 << 20
CROWD = 4
MOST_A_SECOND = 100.0
"""Requests, at most: visitors, and no load test."""
_CHUNK = 12
_IN_A_ROW = 3
"""Single requests that show what has built up."""
WARM_SHARE = 0.5
"""Of the time for one request, what a second is given where the first was cut off: nearly always it is slow as well."""
FAULTY_SHARE = 0.01
BUSY_SHARE = 0.5


def main() -> int:
    """Answers windows until standard input ends. Whatever goes wrong ends the process: the run sees that."""
    gc.freeze()
    with Files() as files:
        for line in sys.stdin.buffer:
            window = protocol.window(line)
            # Ends the process, whatever it is at: neither libcurl nor a regular expression can be asked to stop.
            signal.setitimer(signal.ITIMER_VIRTUAL, window.most_work)
            answer = protocol.encode(measure(window, files))
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()
            gc.collect()  # while nobody waits for it
    return 0


def measure(window: Window, files: Files) -> WindowResult:
    """Makes the requests of one window: the cold one, the warm-up, the measured ones.

    Raises:
        ValueError: The probe asks for what does not exist.
        OSError: The file to upload cannot be made.
    """
    end = math.inf if window.within is None else time.monotonic() + window.within
    with Client(window.probe, files, end) as client, _no_collector():
        cold, warnings = _cold(client, window)
        if cold.request.fault:
            return WindowResult(cold=cold.request, requests=(), broken=cold.request.fault, warnings=warnings)
        answer = None if cold.request.censored else cold.response
        answer = answer or _warm(client, window)
        if answer is None:
            return WindowResult(cold=cold.request, requests=(cold.request,), warnings=warnings)
        limit = _limit(window, window.cap)
        aged = age(window, window.age, files, limit, end) if window.age else None
        sample = _sampled(window, client, limit, end)
        # A moment's hiccup looked like what the ageing was for: it goes on.
        while (
            window.age and aged and aged.shown and not sample.shows(window.age.shown) and not _broken(sample.requests)
        ):
            left = _left(window.age, aged)
            if left.most <= 0 or time.monotonic() >= end:
                break
            aged = _joined(aged, age(window, left, files, limit, end))
            sample = _sampled(window, client, limit, end)
    markers = Markers.pooled([Markers.of(answer), *sample.markers])
    if not window.oracle.baseline:
        warnings += tuple(f"{leak}, as found" for leak in markers.leaks)
    return WindowResult(
        cold=cold.request,
        requests=tuple(sample.requests),
        broken=_broken(sample.requests),
        unsteady=unsteady([each.seconds for each in sample.requests]),
        client_limited=not window.probe.upload and sample.busy > BUSY_SHARE * sample.wall,
        warnings=warnings + sample.warnings(),
        markers=markers,
        aged=aged,
    )


def _sampled(window: Window, client: Client, limit: float, end: float) -> _Sample:
    """The requests that are measured, behind those that warm up."""
    until = min(end, time.monotonic() + window.seconds)
    warm = min(until, time.monotonic() + WARM_UP_SECONDS)
    for _ in client.run(window.warm_up, limit, lambda: time.monotonic() < warm):
        pass
    sample = _Sample(window, until)
    while sample.wants_more():
        sample.take(client, limit)
        sample.judge()
    return sample


def _left(ageing: Ageing, aged: Aged) -> Ageing:
    """What is left of an ageing that ended early."""
    return replace(
        ageing,
        requests=max(ageing.requests - aged.requests, 0),
        seconds=max(ageing.seconds - aged.seconds, 0.0),
        most=ageing.most - aged.seconds,
    )


def _joined(aged: Aged, more: Aged) -> Aged:
    """Two ageings, one behind the other."""
    curve = (*aged.curve, *((aged.requests + count, seconds) for count, seconds in more.curve))
    return Aged(aged.requests + more.requests, aged.seconds + more.seconds, more.shown, thinned(curve))


def age(window: Window, ageing: Ageing, files: Files, limit: float, end: float) -> Aged:
    """Makes requests until the ageing is over: a few at once, as visitors do, and between them single ones to time."""
    began = time.monotonic()
    last = min(end, began + ageing.most)
    sent, slow = 0, 0
    curve: list[tuple[int, float]] = []

    def over() -> bool:
        now = time.monotonic()
        return now >= last or (sent >= ageing.requests and now - began >= ageing.seconds)

    alone = replace(window.probe, concurrency=1, burst=False, rate=0.0)
    crowd = replace(alone, concurrency=max(CROWD, window.probe.concurrency))
    with Client(crowd, files, end) as visitors, Client(alone, files, end) as alone_client:
        while not over() and slow < _IN_A_ROW:
            request = alone_client.one(limit).request
            sent += 1
            curve.append((sent, request.seconds))
            slow = slow + 1 if _shows(request, ageing.shown) else 0
            if slow:
                continue
            time.sleep(max(0.0, min(last, began + sent / MOST_A_SECOND) - time.monotonic()))
            missing = ageing.requests - sent
            for _ in visitors.run(min(_CHUNK, missing) if missing > 0 else _CHUNK, limit, lambda: not over()):
                sent += 1
    return Aged(sent, time.monotonic() - began, slow >= _IN_A_ROW, thinned(curve))


def _shows(request: Request, shown: float | None) -> bool:
    return shown is not None and not request.fault and (request.censored or request.seconds > shown)


def thinned(curve: Sequence[tuple[int, float]], most: int = 24) -> tuple[tuple[int, float], ...]:
    """At most so many points of a curve: the median of each stretch, at its end."""
    stretch = -(-len(curve) // most) or 1
    parts = [curve[at : at + stretch] for at in range(0, len(curve), stretch)]
    return tuple((part[-1][0], median(seconds for _, seconds in part)) for part in parts)


def unsteady(seconds: Sequence[float]) -> bool:
    """Whether the first and the last third of a window differ: by over 15 %, and over 3 MAD.

    The MAD is that around each third's own median: around the median of all, a trend would hide itself.
    Fewer than 9 times tell nothing.
    """
    third = len(seconds) // 3
    if third < 3:  # noqa: PLR2004 - n >= 9
        return False
    parts = [seconds[:third], seconds[third:-third], seconds[-third:]]
    middles = [median(part) for part in parts]
    mad = median(abs(each - middle) for part, middle in zip(parts, middles, strict=True) for each in part)
    shift = abs(middles[0] - middles[-1])
    return shift > 0.15 * min(middles[0], middles[-1]) and shift > 3 * mad


def _limit(window: Window, cap: float | None) -> float:
    return window.probe.timeout if cap is None else min(cap, window.probe.timeout)


def _cold(client: Client, window: Window) -> tuple[Exchange, tuple[str, ...]]:
    """The first request with a correct or a cut off response; else the last one, with its fault."""
    start = time.monotonic()
    limit = _limit(window, window.cold_cap)
    wrong = ""
    warnings: tuple[str, ...] = ()
    while True:
        asked = time.monotonic() - start
        exchange = _judged(client.one(limit), window.oracle)
        fault = exchange.request.fault
        if not fault:
            return exchange, warnings + ((f"the first response was wrong: {wrong}",) if wrong else ())
        if exchange.away and asked < window.settle:
            warnings = (f"no answer in the first {asked:.1f} s after the restart: {fault}",)
        elif exchange.away or wrong:
            return exchange, warnings
        else:
            wrong = fault
        time.sleep(RETRY_PAUSE)


def _warm(client: Client, window: Window) -> Response | None:
    """A correct answer behind a first one that was cut off: of a page that is compiled once. None where it is slow."""
    if not window.requests or window.cap is None or window.cold_cap is None:
        return None
    exchange = _judged(client.one(_limit(window, WARM_SHARE * window.cap)), window.oracle)
    return None if exchange.request.fault or exchange.request.censored else exchange.response


def _judged(exchange: Exchange, oracle: Oracle) -> Exchange:
    if exchange.response is None:
        return exchange
    return replace(exchange, request=replace(exchange.request, fault=oracle.fault(exchange.response)))


def _broken(requests: Sequence[Request]) -> str:
    faults = Counter(each.fault for each in requests if each.fault)
    if faults.total() <= FAULTY_SHARE * len(requests):
        return ""
    return f"{faults.total()} of {len(requests)} responses are wrong: {faults.most_common(1)[0][0]}"


def _surely_slow(requests: Sequence[Request]) -> bool:
    """Enough was cut off: going on would only keep the site busy."""
    cut = sum(each.censored for each in requests)
    both = len(requests) >= 2 and requests[0].censored and requests[1].censored  # noqa: PLR2004 - two
    return both or (len(requests) >= 5 and cut > 0.6 * len(requests))  # noqa: PLR2004 - 60 % of a few


class _Sample:
    """The measured requests of a window. Responses are judged only while none is under way."""

    def __init__(self, window: Window, until: float) -> None:
        self.requests: list[Request] = []
        self.markers: list[Markers] = []
        self.busy = self.wall = 0.0
        self._window = window
        self._until = until
        self._unjudged: list[tuple[int, Response]] = []
        self._held = 0

    def wants_more(self) -> bool:
        return (
            len(self.requests) < self._window.requests
            and (not self.requests or time.monotonic() < self._until)
            and not self._clear()
        )

    def _clear(self) -> bool:
        enough = self._window.enough
        return _surely_slow(self.requests) or bool(enough and enough([each.seconds for each in self.requests]))

    def shows(self, shown: float | None) -> bool:
        """Whether most of them are what an ageing was for."""
        return 2 * sum(_shows(each, shown) for each in self.requests) > len(self.requests)

    def take(self, client: Client, limit: float) -> None:
        """Makes requests until enough are there, or their bodies take too much memory."""
        busy, wall = time.process_time(), time.monotonic()
        missing = self._window.requests - len(self.requests)
        for exchange in client.run(missing, limit, lambda: self._held < HELD_BYTES and self.wants_more()):
            if exchange.response is not None:
                self._unjudged.append((len(self.requests), exchange.response))
                self._held += len(exchange.response.body)
            self.requests.append(exchange.request)
        self.busy += time.process_time() - busy
        self.wall += time.monotonic() - wall

    def judge(self) -> None:
        for place, response in self._unjudged:
            fault = self._window.oracle.fault(response)
            self.requests[place] = replace(self.requests[place], fault=fault)
            if not fault:
                self.markers.append(Markers.of(response))
        self._unjudged, self._held = [], 0

    def warnings(self) -> tuple[str, ...]:
        done, asked = len(self.requests), self._window.requests
        if done >= asked or self._clear():
            return ()
        return (f"only {done} of {asked} requests fitted into {self._window.seconds:g} s",)


@contextmanager
def _no_collector() -> Iterator[None]:
    """No pause by Python's collector of garbage inside."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
