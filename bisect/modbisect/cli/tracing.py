"""A run's trace, for OpenTelemetry: sent when the command has said everything, and never at its expense."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from threading import Thread

import click

from modbisect.cli.streams import tell
from modbisect.errors import in_words
from modbisect.harmless import one_line
from modbisect.run.journal import timed
from modbisect.run.spans import trace

_SECONDS = 5.0
"""For the exporter, its retries included; OTEL_EXPORTER_OTLP_TIMEOUT is milliseconds to some and seconds to others."""
_GRACE_SECONDS = 1.0
"""More, for what the exporter does not count: a name that nothing resolves, an answer that comes byte by byte."""
_PROTOCOL = "http/protobuf"
_PASSWORD = re.compile(r"//[^/\s]*@")
"""Of a URL, and the name before it."""


def trace_at_the_end(run: str) -> None:
    """Have the run's trace sent at the end of this command, where the environment says to where."""
    if wanted(os.environ):
        click.get_current_context().call_on_close(lambda: _send(run))


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's standard variables ask for traces."""
    where = _of_traces(environ, "ENDPOINT")
    disabled = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return bool(where) and not disabled and environ.get("OTEL_TRACES_EXPORTER", "").strip() in ("", "otlp")


def _of_traces(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or environ.get(f"OTEL_EXPORTER_OTLP_{name}", "")


def _send(run: str) -> None:
    """Whatever goes wrong is one line."""
    if why := _failure(lambda: _sent(run)):
        said = f"modbisect: the trace of run {run[:8]} was not sent to {_of_traces(os.environ, 'ENDPOINT')}: {why}"
        tell(one_line(_PASSWORD.sub("//", said)))


def _failure(what: Callable[[], str]) -> str:
    """What it returns; or what it raises, in words: nothing here may change what a run that is over ends with."""
    try:
        return what()
    except KeyboardInterrupt:
        return "interrupted"
    except Exception as error:  # noqa: BLE001  # see above
        return in_words(error).what


def _sent(run: str) -> str:
    """Why it was not; empty where it was."""
    protocol = _of_traces(os.environ, "PROTOCOL") or _PROTOCOL
    if protocol != _PROTOCOL:
        return f"OTEL_EXPORTER_OTLP_PROTOCOL says {protocol}, and only {_PROTOCOL} is spoken here"
    try:
        from modbisect.run.otlp import send  # noqa: PLC0415  # an extra, and slow to load
    except ImportError as error:
        return f"{error}; pip install 'modbisect[opentelemetry]'"
    span = trace(timed(run))
    said: list[str] = []
    # A thread, for no timeout of a library's covers all of it; one that is left behind ends with the process.
    sending = Thread(target=lambda: said.append(_failure(lambda: send(run, span, os.environ, _SECONDS))), daemon=True)
    sending.start()
    sending.join(_SECONDS + _GRACE_SECONDS)
    return said[0] if said else f"no answer within {_SECONDS:g} s"
