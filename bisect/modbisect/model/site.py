"""What is asked of a site, and what of its answers is the symptom."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

_ORIGIN = re.compile(r"(https?)://([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?(?:[/?#]|\Z)")
_OWN_PORT = {"http": "80", "https": "443"}


class Measure(StrEnum):
    """Which figure of a trial the symptom is about."""

    LATENCY = "latency"
    """The typical request."""
    TAIL = "tail"
    """The slowest tenth of the requests."""
    MEMORY = "memory"
    """The largest worker."""
    GROWTH = "growth"
    """What a request leaves behind in the memory of the workers."""


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as ``https://shop.test``; a scheme's own port is left out.

    Empty where the URL leaves any doubt: it is no http(s) URL, has a user, or a host that readers of URLs might read
    in more than one way. What is empty is no origin, and equal to none.
    """
    match = _ORIGIN.match(url)
    if not match:
        return ""
    scheme, host, port = match.groups()
    port = str(int(port or _OWN_PORT[scheme]))
    return f"{scheme}://{host.lower()}" + ("" if port == _OWN_PORT[scheme] else f":{port}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart form field with a generated file of ``size`` bytes."""

    field: str
    size: int
    filename: str = "modbisect.bin"
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Expect:
    """What a correct response looks like; what is left open is learned from the baseline."""

    status: frozenset[int] = frozenset()
    contains: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    """Regular expressions searched for in the decoded body."""
    absent: tuple[str, ...] = ()
    """Texts that must not be in the body."""
    min_bytes: int = 0
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """HTTP authentication; the secret itself is resolved when the request is made."""

    scheme: str
    """``basic``, ``digest`` or ``bearer``."""
    user: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of request, repeated to measure the site."""

    name: str
    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    auth: Auth | None = None
    body: str | None = None
    form: tuple[tuple[str, str], ...] = ()
    form_secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Fields beside those whose values are secrets, resolved when the request is made."""
    upload: Upload | None = None
    expect: Expect = Expect()
    concurrency: int = 1
    burst: bool = False
    """So many at the same moment, and the next ones when all are answered: what counts is the slowest of each burst."""
    rate: float = 0.0
    """So many a second are due whatever the answers take, each timed from when it was due; 0: one after the other."""
    keep_alive: bool = False
    follow_redirects: bool = False
    http: str = "1.1"
    """``1.1`` or ``2``."""
    connect_to: str = ""
    """``address:port`` to connect to whatever the URL says; Host and SNI stay the URL's."""
    verify: bool = True
    ca_file: str = ""
    encoding: str = "gzip"
    """Accept-Encoding sent; empty for none."""
    connect_timeout: float = 5.0
    timeout: float = 180.0
    """Longest a single complete request may take."""
    local_ports: tuple[int, int] | None = None
    """From which of this machine's ports, first and last; the host can tell our requests by them."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """Requests between a restart and the window, where what makes the site slow builds up only then."""

    requests: int = 0
    seconds: float = 0.0
    """It lasts until so many were sent and so much time has passed, or ends early by ``shown``."""
    shown: float | None = None
    """It ends early when several requests in a row took longer than this, in seconds."""
    most: float = 120.0
    """Seconds after which it ends all the same."""


@dataclass(frozen=True, slots=True)
class Aged:
    """What came of an ageing."""

    requests: int
    seconds: float
    shown: bool = False
    """It became slow."""
    curve: tuple[tuple[int, float], ...] = ()
    """Requests since the restart, and how long one took then in seconds, or how many bytes the workers held."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What counts as slow."""

    probe: str
    slower_than: float | None = None
    """Seconds; a site faster than this has nothing to find. None: whatever flipping everything gains."""
    ratio: float = 1.5
    """Smallest slowdown that matters, as a factor; ``at_least`` has to be exceeded as well."""
    at_least: float = 0.02
    """Smallest slowdown that matters, in seconds (of memory in GiB); ``ratio`` has to be exceeded as well."""
    measure: Measure = Measure.LATENCY
    then: tuple[str, ...] = ()
    """Probes that are asked right after it: how long all of them take, added up, is what counts."""
    until: Ageing | None = None
    """What has to build up after a restart before it shows; None: learned, where a restart makes the site fast."""

    @property
    def name(self) -> str:
        """Its probes, for a person."""
        return " + ".join((self.probe, *self.then))
