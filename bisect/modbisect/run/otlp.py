"""A run's trace, sent to where OpenTelemetry's own environment variables lead; needs the extra ``opentelemetry``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import modbisect
from modbisect.harmless import one_line
from modbisect.run.spans import Span, Value

_LONGEST = 500
"""Letters of an attribute."""


class _Ids(RandomIdGenerator):
    """A trace that is nobody's child has the run's id."""

    def __init__(self, run: str) -> None:
        self._run = int(run, 16)

    def generate_trace_id(self) -> int:
        return self._run


def send(run: str, span: Span, environ: Mapping[str, str], seconds: float) -> str:
    """Send a run's trace; why that failed, in words, or nothing.

    Args:
        run: its id, 32 hexadecimal digits.
        span: of all of it.
        environ: whose TRACEPARENT, where there is one, makes it a part of that trace.
        seconds: how long it is tried, as far as the exporter keeps to that.
    """
    kept = InMemorySpanExporter()
    own = {"service.name": "modbisect", "service.version": modbisect.__version__}
    resource = Resource.create({**own, **OTELResourceDetector().detect().attributes})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=_Ids(run))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    above = {name: environ.get(name.upper(), "") for name in ("traceparent", "tracestate")}
    with _heard() as heard:
        _record(
            provider.get_tracer("modbisect", modbisect.__version__),
            span,
            TraceContextTextMapPropagator().extract(above),
        )
        spans = kept.get_finished_spans()
        if not spans or OTLPSpanExporter(timeout=seconds).export(spans) is SpanExportResult.SUCCESS:
            return ""
    return heard[0] if heard else "the exporter does not say why"


def _record(tracer: Tracer, span: Span, above: Context) -> None:
    attributes = {name: _harmless(value) for name, value in span.attributes.items() if value not in ("", ())}
    recorded = tracer.start_span(span.name, above, attributes=attributes, start_time=_nanoseconds(span.began))
    for each in span.said:
        recorded.add_event(each.name, {"modbisect.words": _harmless(each.words)}, _nanoseconds(each.at))
    if span.error:
        recorded.set_status(Status(StatusCode.ERROR, one_line(span.error, limit=_LONGEST)))
    for child in span.children:
        _record(tracer, child, set_span_in_context(recorded, above))
    recorded.end(_nanoseconds(span.ended))


def _harmless(value: Value) -> Value:
    if isinstance(value, str):
        return one_line(value, limit=_LONGEST)
    return tuple(one_line(each, limit=_LONGEST) for each in value) if isinstance(value, tuple) else value


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1000


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What OpenTelemetry's packages would tell on standard error meanwhile, kept in its place."""
    log, heard = logging.getLogger("opentelemetry"), _Heard()
    log.addHandler(heard)
    propagates, log.propagate = log.propagate, False
    try:
        yield heard.said
    finally:
        log.propagate = propagates
        log.removeHandler(heard)


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Of an exception only what began it: the layers above it say the same at length."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        raised = next((each for each in arguments if isinstance(each, BaseException)), None)
        while raised and (deeper := raised.__cause__ or raised.__context__):
            raised = deeper
        self.said.append(one_line(str(raised or record.getMessage()), limit=_LONGEST))
