"""A report, and what a canary saw, as metrics: Prometheus' text format, for its node exporter's textfile collector.

OpenMetrics, https://prometheus.io/docs/specs/om/open_metrics_spec/, is for whoever serves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open

from modbisect.harmless import one_line
from modbisect.model import Measure, Outcome
from modbisect.report.values import Report
from modbisect.report.wording import proven

_WHERE = ("host", "playbook")
_FORMAT = "1.0.0"
"""The old text format, the only one that the textfile collector reads."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check of a canary saw of a probe."""

    host: str
    playbook: str
    probe: str
    at: float
    """Unix time."""
    seconds: float | None
    """None where the answer was not correct."""
    usual: float | None
    alarm: float | None
    slower: bool


class _Metrics:
    """Gauges with the same labels, in the order they were named."""

    def __init__(self, *labels: str) -> None:
        self.registry = CollectorRegistry()
        self.labels = labels
        self._gauges: dict[str, Gauge] = {}

    def set(self, name: str, said: str, value: float | None, values: Iterable[str], **more: str) -> None:
        """One sample; none where nobody knows the value."""
        if value is None:
            return
        if name not in self._gauges:
            self._gauges[name] = Gauge(f"modbisect_{name}", said, (*self.labels, *more), registry=self.registry)
        self._gauges[name].labels(*map(one_line, (*values, *more.values()))).set(value)

    def written(self) -> str:
        return generate_latest(self.registry, escaping="underscores").decode()

    def open(self) -> str:
        text: bytes = generate_open(self.registry)
        return text.decode()


def prometheus(report: Report) -> str:
    """The report as metrics, one sample a line, ending in a newline."""
    return _of_run(report).written()


def openmetrics(report: Report) -> str:
    """The same as OpenMetrics 1.0, ending in ``# EOF`` and a newline."""
    return _of_run(report).open()


def _of_run(report: Report) -> _Metrics:
    metrics, where = _Metrics(*_WHERE), (report.host, report.playbook)

    def set_(name: str, said: str, value: float | None, **more: str) -> None:
        metrics.set(name, said, value, where, **more)

    set_("run_started_timestamp_seconds", "When it began.", datetime.fromisoformat(report.started).timestamp())
    for outcome in Outcome:
        is_it = float(outcome is report.outcome)
        set_("run_outcome", "1 for the outcome that it had, 0 for each other.", is_it, outcome=outcome.value)
    set_("run_restored", "1 where the host is as it was found.", float(report.restored.verified))
    set_("run_in_doubt", "1 where a person must look at the host.", float(report.restored.in_doubt))
    set_("run_seconds", "What it took.", report.seconds)
    set_("run_trials", "Configurations that were tried.", report.trials)
    set_("run_restarts", "Restarts of a server.", report.restarts)
    set_("run_requests", "Requests that were sent.", report.requests)
    set_("run_downtime_seconds", "Sum of the restarts' times.", report.downtime_seconds)
    if report.found_seconds and report.measure in (Measure.LATENCY, Measure.TAIL):
        set_("run_found_seconds", "What a request took as found.", report.found_seconds, probe=report.probe)
    for finding in report.findings:
        name = " and ".join(finding.components)
        said = "Slow beside fast, by the culprit; with several components these together."
        set_("culprit_ratio", said, finding.effect.ratio, component=name)
        set_("culprit_proven", "1 where it was proven both ways.", float(proven(finding)), component=name)
    return metrics


FORMS: Mapping[str, Callable[[Report], str]] = MappingProxyType({"prometheus": prometheus, "openmetrics": openmetrics})


def checked(rows: Iterable[Checked]) -> str:
    """What a canary saw, one sample a line, ending in a newline."""
    metrics = _Metrics(*_WHERE, "probe")
    for row in rows:
        where = (row.host, row.playbook, row.probe)
        metrics.set("canary_check_timestamp_seconds", "When it was checked.", row.at, where)
        metrics.set("canary_up", "1 where the answer was correct.", float(row.seconds is not None), where)
        metrics.set("canary_slower", "1 where it is slower than usual.", float(row.slower), where)
        metrics.set("canary_seconds", "What a request took, in the median.", row.seconds, where)
        metrics.set("canary_usual_seconds", "What it usually takes at this time of day.", row.usual, where)
        metrics.set("canary_alarm_seconds", "Checks above this count towards an alarm.", row.alarm, where)
    return metrics.written()
