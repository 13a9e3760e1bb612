"""A receiver of OTLP on loopback: HTTP, decoded by OpenTelemetry's protobuf; it only keeps, and is no collector."""

from __future__ import annotations

import gzip
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What it was sent."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    """Set when the test is: whoever does not answer may stop that."""

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Span:
        (span,) = (span for span in self.spans if span.name == name)
        return span

    @property
    def resource(self) -> dict[str, object]:
        return read(self.requests[0].resource_spans[0].resource.attributes)


def read(attributes: Iterable[KeyValue]) -> dict[str, object]:
    """Attributes as Python's own values."""
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind or "string_value")


Answering = Callable[[BaseHTTPRequestHandler, Event], None]


def answer(status: int) -> Answering:
    def answered(handler: BaseHTTPRequestHandler, _: Event) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answered


def say_nothing(_: BaseHTTPRequestHandler, over: Event) -> None:
    over.wait()


def drip(handler: BaseHTTPRequestHandler, over: Event) -> None:
    """A header that has no end, a letter at a time: no wait for a single read is ever long."""
    handler.wfile.write(b"HTTP/1.1 200 ")
    while not over.wait(0.02):
        handler.wfile.write(b"O")


TAKE_IT = answer(200)


def interrupt(_: BaseHTTPRequestHandler, over: Event) -> None:
    """What Ctrl-C is to the process, while it waits for an answer."""
    os.kill(os.getpid(), signal.SIGINT)
    over.wait()


@contextmanager
def collector(answering: Answering = TAKE_IT) -> Iterator[Collector]:
    seen = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            seen.paths.append(self.path)
            seen.headers.append({name.lower(): value for name, value in self.headers.items()})
            seen.requests.append(ExportTraceServiceRequest.FromString(body))
            answering(self, seen.over)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        seen.url = f"http://127.0.0.1:{server.server_port}"
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield seen
        finally:
            seen.over.set()
            server.shutdown()
            serving.join()
