"""Is this response the site's correct answer? What is fast must also be right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from modbisect.harmless import one_line
from modbisect.model import Expect

# Sites send what they like, and 47 KB may unpack to 32 MiB of "<title>": so a title ends at the next "<", whichever.
_END = re.compile(rb"</html>\s*(<!--[^>]*-->\s*)*\Z", re.IGNORECASE)
_TITLE = re.compile(rb"<title\b[^<>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_LEAKS = (
    ("the server sends PHP source", re.compile(rb"<\?php\b", re.IGNORECASE)),
    (
        "the page has a PHP error",
        re.compile(rb"Fatal error(?:</b>)?:|Uncaught [\w\\]{0,200}(?:Error|Exception)\b"),
    ),
)
_SIZE_SHARE = 0.25
_WHOLE_SHARE = 1.0
_SIZE_BYTES = 256
_SHOWN = 160


def printable(text: str) -> str:
    """``text`` from outside made fit for a terminal: one line, bounded, no control characters."""
    return one_line(text, "\N{REPLACEMENT CHARACTER}", _SHOWN)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response, as far as its correctness goes."""

    status: int
    content_type: str = ""
    location: str = ""
    """Where it redirects to, or where the redirects that were followed ended; empty for neither."""
    body: bytes = field(default=b"", repr=False)
    """After decoding."""
    cookies: tuple[str, ...] = field(default=(), repr=False)
    """What it wants to be kept and sent again: each as its header has it."""
    passed: str = ""
    """Its headers, fit for a terminal, that only proxies and caches on the way add; empty without any."""
    unkept: str = ""
    """Why a cache keeps nothing of it, fit for a terminal; empty where nothing is against that."""

    def text(self) -> str:
        """The body as text, whatever charset is declared: a conf that only changes that is no fault."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            return self.body.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Markers:
    """What correct responses look like: of one response, or of all those of a window."""

    status: int
    size: int
    """Bytes after decoding; the median of a window."""
    content_type: str
    """The media type alone, lower case."""
    title: str | None
    """Text of ``<title>``; empty without one, None when it changes from response to response."""
    location: str | None = ""
    """As in `Response`; None when it changes from response to response."""
    leaks: tuple[str, ...] = ()
    """Signs of a broken PHP that this page has anyway."""
    spread: int = 0
    """Largest distance in bytes of a response of the window from ``size``."""
    passed: str = ""
    """As in `Response`, of the latest that has any."""
    unkept: str = ""
    """As in `Response`, where it is so of each."""
    whole: bool = False
    """It ends as a page of HTML does."""

    @classmethod
    def of(cls, response: Response) -> Markers:
        """What one response looks like."""
        title = _TITLE.search(response.body)
        return cls(
            status=response.status,
            size=len(response.body),
            content_type=response.content_type.partition(";")[0].strip().lower(),
            title=" ".join(title[1].decode(errors="replace").split()) if title else "",
            location=response.location,
            leaks=tuple(text for text, pattern in _LEAKS if pattern.search(response.body)),
            passed=response.passed,
            unkept=response.unkept,
            whole=bool(_END.search(response.body)),
        )

    @classmethod
    def pooled(cls, seen: Sequence[Markers]) -> Markers:
        """What the responses of a window, at least one, have in common; the commonest status speaks."""
        status = Counter(each.status for each in seen).most_common(1)[0][0]
        alike = sorted((each for each in seen if each.status == status), key=lambda each: each.size)
        middle = alike[len(alike) // 2]
        return replace(
            middle,
            title=middle.title if len({each.title for each in alike}) == 1 else None,
            location=middle.location if len({each.location for each in alike}) == 1 else None,
            leaks=tuple(sorted({leak for each in alike for leak in each.leaks})),
            passed=next((each.passed for each in reversed(seen) if each.passed), ""),
            unkept=middle.unkept if all(each.unkept for each in alike) else "",
            spread=max(abs(each.size - middle.size) + each.spread for each in alike),
            whole=all(each.whole for each in alike),
        )


@dataclass(frozen=True, slots=True)
class Oracle:
    """Tells a correct response: by what the playbook expects, and by what the baseline looked like.

    Without either, any status 2xx is correct: that is how a baseline is learned.
    """

    expect: Expect = field(default_factory=Expect)
    baseline: tuple[Markers, ...] = ()

    def fault(self, response: Response) -> str:
        """Why ``response`` is not correct, in a few words fit for a terminal; empty when it is."""
        seen = Markers.of(response)
        return (
            self._wrong_status(seen.status)
            or self._unlike_baseline(seen)
            or self._wrong_size(seen)
            or self._wrong_text(response)
        )

    def _wrong_status(self, status: int) -> str:
        right = self.expect.status or {each.status for each in self.baseline}
        if status in right or (not right and 200 <= status < 300):  # noqa: PLR2004 - the class 2xx
            return ""
        return f"status {status}, not {' or '.join(str(code) for code in sorted(right)) or '2xx'}"

    def _unlike_baseline(self, seen: Markers) -> str:
        if not self.baseline:
            return ""
        known = {leak for each in self.baseline for leak in each.leaks}
        for leak in seen.leaks:
            if leak not in known:
                return leak
        locations = {each.location for each in self.baseline}
        if seen.location not in locations and None not in locations:
            return f"redirects to {printable(seen.location)!r}" if seen.location else "no longer redirects"
        types = sorted({each.content_type for each in self.baseline})
        if seen.content_type not in types:
            return f"content type {printable(seen.content_type)!r}, not {printable(' or '.join(types))!r}"
        titles = {each.title for each in self.baseline}
        if seen.title not in titles and None not in titles:
            right = " or ".join(sorted(title for title in titles if title is not None))
            return f"title {printable(seen.title or '')!r}, not {printable(right)!r}"
        return ""

    def _wrong_size(self, seen: Markers) -> str:
        size = seen.size
        low: float = self.expect.min_bytes
        high = float("inf") if self.expect.max_bytes is None else self.expect.max_bytes
        if self.baseline and (low, high) == (0, float("inf")):
            low = min(each.size - each.spread for each in self.baseline) * (1 - _SIZE_SHARE) - _SIZE_BYTES
            # A page that has all that the playbook asks for, or its end, may be without what made it smaller.
            ends = seen.whole and all(each.whole for each in self.baseline)
            more = _WHOLE_SHARE if ends or self.expect.contains or self.expect.matches else _SIZE_SHARE
            high = max(each.size + each.spread for each in self.baseline) * (1 + more) + _SIZE_BYTES
        if size < low:
            return f"{size} bytes, at least {low:.0f} expected"
        if size > high:
            return f"{size} bytes, at most {high:.0f} expected"
        return ""

    def _wrong_text(self, response: Response) -> str:
        expect = self.expect
        if not (expect.contains or expect.matches or expect.absent):
            return ""
        text = response.text()
        for wanted in expect.contains:
            if wanted not in text:
                return f"the body lacks {printable(wanted)!r}"
        for pattern in expect.matches:
            if not re.search(pattern, text):
                return f"nothing in the body matches {printable(pattern)!r}"
        for unwanted in expect.absent:
            if unwanted in text:
                return f"the body has {printable(unwanted)!r}"
        return ""
