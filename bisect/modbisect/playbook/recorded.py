"""Which pages were slow, by what others recorded: a browser's HAR file, or the access log of a server.

HAR is that of version 1.2; a log has a line a request, with the request in quotes and the status behind it, as Apache
and nginx write it. A time is what stands last on the line, or has a name that says so. The line does not tell its
unit, so that times of one file are only compared with each other.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from modbisect.errors import UsageError

_MOST_BYTES = 64 << 20
"""Of a file: of a log its end, of a HAR all there may be."""
_LINE = re.compile(r'"(?P<method>[A-Z]{3,10}) (?P<target>\S{1,2000}) HTTP/[0-9.]{1,3}" (?P<status>\d{3})\b(?P<rest>.*)')
_NAMED = re.compile(r"\b(?:rt|request_time|duration|dur|time|[DT])[=:](\d+(?:\.\d+)?)\b")
_LAST = re.compile(r"(?:^|\s)(\d+(?:\.\d+)?)\s*$")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~%!$&'()*+,;=:@/-]{0,300}")
_KEPT = re.compile(
    r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot|mp4|webm|pdf|zip|gz|txt|xml)$", re.IGNORECASE
)
"""Files that are only handed out: told by no time, they would be the ones asked for most."""
_ACTS = re.compile(
    r"(?:log|sign)[-_]?(?:out|off)|delete|remove|unsubscribe|cron|install|setup|purge|flush|reset", re.IGNORECASE
)
"""What may do something by being asked."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was asked for."""

    path: str
    requests: int
    time: float | None
    """The typical one, in the file's own unit; None where it has no times."""


_Asked = tuple[str, float | None]
"""The path of a page that may be asked again, empty for any other request; and its time."""


def read_recorded(path: Path) -> tuple[Page, ...]:
    """The pages of a file that may be asked again, the slowest first; those without a time by how often.

    Left out are other methods than GET, answers other than 2xx, whatever has a query (it may hold somebody's secret, or
    do something), files that are only handed out, and paths whose words say that they do something.

    Raises:
        UsageError: the file cannot be read, or is neither.
    """
    try:
        text = _end_of(path)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read: {why}", advice="name a HAR file or an access log") from None
    found = pages(text)
    if found is None:
        advice = "a log has lines as Apache or nginx writes them"
        raise UsageError(f"{path} is no HAR file and no access log", advice=advice)
    return found


def pages(text: str) -> tuple[Page, ...] | None:
    """As ``read_recorded``, of the file's text; None where it is neither."""
    asked = list(_har(text) if text.lstrip().startswith("{") else _log(text.splitlines()))
    if not asked:
        return None
    times: dict[str, list[float | None]] = {}
    for path, time in asked:
        if path:
            times.setdefault(path, []).append(time)
    found = [Page(path, len(seen), _typical(seen)) for path, seen in times.items()]
    return tuple(sorted(found, key=lambda page: (-(page.time or 0.0), -page.requests, page.path)))


def _typical(times: list[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return median(known) if known else None


def _again(target: str) -> str:
    """The path, where it may be asked again; else nothing."""
    if target.startswith("http"):
        target = "/" + "".join(target.split("/", 3)[3:])
    path, query, _ = target.partition("?")
    return "" if query or not _PATH.fullmatch(path) or _KEPT.search(path) or _ACTS.search(path) else path


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        if path.suffix == ".gz":
            with gzip.open(file) as unpacked:
                return unpacked.read(_MOST_BYTES).decode(errors="replace")
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _MOST_BYTES))
        return file.read(_MOST_BYTES).decode(errors="replace")


def _log(lines: Iterable[str]) -> Iterator[_Asked]:
    for line in lines:
        if match := _LINE.search(line):
            page = match["method"] == "GET" and match["status"].startswith("2")
            yield (_again(match["target"]) if page else "", _time(match["rest"]))


def _time(rest: str) -> float | None:
    """What stands behind the status: bytes first, which are no time."""
    plain = _QUOTED.sub(" ", rest)
    if named := _NAMED.search(plain):
        return float(named[1])
    words = plain.split()
    last = _LAST.search(plain)
    return float(last[1]) if last and len(words) > 1 else None


def _har(text: str) -> Iterator[_Asked]:
    """Of the site that is asked first: a page brings others' along."""
    try:
        entries = json.loads(text)["log"]["entries"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    site = None
    for entry in entries if isinstance(entries, list) else ():
        match entry:
            case {"request": {"method": str(method), "url": str(url)}, "response": {"status": int(status)}, **more}:
                here = "/".join(url.split("/", 3)[:3])
                site = site or here
                page = method == "GET" and 200 <= status < 300 and here == site  # noqa: PLR2004  # as HTTP has it
                yield (_again(url) if page else "", _milliseconds(more))


def _milliseconds(entry: Mapping[object, object]) -> float | None:
    time = entry.get("time")
    return float(time) if isinstance(time, int | float) and time >= 0 else None
