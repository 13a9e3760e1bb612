"""Report -> text, JSON, Markdown: each one function."""

from modbisect.report.document import from_json, json_schema, to_json
from modbisect.report.in_markdown import markdown
from modbisect.report.terminal import text
from modbisect.report.values import SCHEMA, Report, Restored
from modbisect.report.wording import proven, verdict

__all__ = [
    "SCHEMA",
    "Report",
    "Restored",
    "from_json",
    "json_schema",
    "markdown",
    "proven",
    "text",
    "to_json",
    "verdict",
]
