"""Report -> text, JSON, Markdown: each one function, all of them in `FORMATS`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from modbisect.report.document import from_json, json_schema, to_json
from modbisect.report.headline import verdict
from modbisect.report.in_markdown import markdown
from modbisect.report.terminal import text
from modbisect.report.values import SCHEMA, Report, Restored, Tried
from modbisect.report.wording import proven

FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType({"text": text, "json": to_json, "markdown": markdown})
"""By the name that a person writes; what each returns ends in a newline."""

__all__ = [
    "FORMATS",
    "SCHEMA",
    "Report",
    "Restored",
    "Tried",
    "from_json",
    "json_schema",
    "markdown",
    "proven",
    "text",
    "to_json",
    "verdict",
]
