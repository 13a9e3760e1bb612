"""Report -> text, JSON, Markdown, a page, JUnit, metrics: each one function, all of them in `FORMATS`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from modbisect.errors import UsageError
from modbisect.report.document import from_json, json_schema, to_json
from modbisect.report.headline import verdict
from modbisect.report.in_junit import junit
from modbisect.report.in_markdown import markdown
from modbisect.report.terminal import text
from modbisect.report.values import SCHEMA, Report, Restored, Tried
from modbisect.report.wording import proven


def html(report: Report) -> str:
    """The report as one page that opens from disk, with every restart drawn; no script, no network."""
    from modbisect.report.in_html import html as written  # noqa: PLC0415  # it draws, which takes long to load

    return written(report)


def prometheus(report: Report) -> str:
    """Metrics in Prometheus' text format, for the node exporter's textfile collector.

    Raises:
        UsageError: prometheus-client is not installed.
    """
    return _metrics("prometheus")(report)


def openmetrics(report: Report) -> str:
    """The same metrics as OpenMetrics.

    Raises:
        UsageError: prometheus-client is not installed.
    """
    return _metrics("openmetrics")(report)


def _metrics(form: str) -> Callable[[Report], str]:
    """What writes them: an extra."""
    try:
        from modbisect.report import metrics  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"metrics need prometheus-client: {error}", advice="pip install 'modbisect[metrics]'"
        ) from error
    return metrics.FORMS[form]


FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "text": text,
        "json": to_json,
        "markdown": markdown,
        "html": html,
        "junit": junit,
        "prometheus": prometheus,
        "openmetrics": openmetrics,
    }
)
"""By the name that a person writes; what each returns ends in a newline."""

__all__ = [
    "FORMATS",
    "SCHEMA",
    "Report",
    "Restored",
    "Tried",
    "from_json",
    "html",
    "json_schema",
    "junit",
    "markdown",
    "openmetrics",
    "prometheus",
    "proven",
    "text",
    "to_json",
    "verdict",
]
