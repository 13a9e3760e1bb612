"""The words of modbisect as values: frozen, slotted, free of I/O.

Times are seconds, sizes are bytes, unless a name says otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import TypeAlias

ComponentId: TypeAlias = str
"""``kind:name``, one of `modbisect.kinds` in front."""
_FEWEST_REQUESTS = 4
_SHORTEST_SECONDS = 1e-6
_ORIGIN = re.compile(r"(https?)://([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?(?:[/?#]|\Z)")
_OWN_PORT = {"http": "80", "https": "443"}


class Role(StrEnum):
    """How much may be done to a host; an unknown host is production."""

    PRODUCTION = "production"
    STAGING = "staging"
    EXPERIMENTAL = "experimental"


class Verdict(StrEnum):
    """What one configuration turned out to be; BROKEN is neither fast nor slow."""

    FAST = "fast"
    SLOW = "slow"
    UNSURE = "unsure"
    BROKEN = "broken"


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


class Outcome(StrEnum):
    """How a run ended."""

    FOUND = "found"
    NONE = "none"
    """Slow, and all that could be switched was cleared."""
    NOT_SLOW = "not-slow"
    """As found, so that nothing was looked for."""
    INCONCLUSIVE = "inconclusive"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Component:
    """Something that can be switched, as the survey found it."""

    id: ComponentId
    kind: str
    """The name of one of `modbisect.kinds`."""
    name: str
    on: bool
    """Its production state."""
    pinned: str = ""
    """Why it must stay as found; empty for one that may be flipped."""
    depends: frozenset[ComponentId] = frozenset()
    conflicts: frozenset[ComponentId] = frozenset()
    loads: frozenset[str] = frozenset()
    """Base names of the shared objects that the server process maps when it is on."""
    vital: bool = False
    """Most sites need it: tried last, since flipping it most likely breaks the site. A wrong guess costs time only."""
    saves: bool = False
    """On, and most sites are faster for it: suspected last, and alone, since a fast control without it may be slow."""
    suspicion: float = 1.0
    """How much likelier than others to be the culprit: changed lately, say. A wrong guess costs time only."""
    detail: str = ""
    """What a person wants to know of it: the value of a setting, who switched it."""

    @property
    def flipped_word(self) -> str:
        """What flipping does to it, in one word."""
        return "off" if self.on else "on"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole wanted state: every component as found, but for those flipped."""

    flipped: frozenset[ComponentId] = frozenset()


AS_FOUND = Configuration()


# --- what is asked of the site -------------------------------------------------------------------


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


# --- what a trial saw ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the client saw it."""

    probe: str
    seconds: float
    """Total wall time; the cap when censored."""
    first_byte: float = 0.0
    """Seconds until the first byte of the response; 0 when there was none."""
    connect: float = 0.0
    tls: float = 0.0
    status: int = 0
    sent: int = 0
    received: int = 0
    """Size of the body after decoding."""
    censored: bool = False
    """Cut off at the cap: it took at least ``seconds``."""
    fault: str = ""
    """Why it is not a correct response; empty for a correct one."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the server's workers after a window."""

    peak: int
    """Largest VmHWM of one worker."""
    resident: int
    """Largest VmRSS of one worker."""
    workers: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one trial saw. The trial, one restart, is the experimental unit."""

    configuration: Configuration
    requests: tuple[Request, ...] = ()
    """The window of the symptom's probe, warm-up left out."""
    cold: Request | None = None
    """The first request after the restart."""
    broken: str = ""
    """Why this configuration does not serve the site; empty when it does."""
    memory: Memory | None = None
    steal: float = 0.0
    """Share of processor time the hypervisor took away during the window, 0 to 1."""
    restart_seconds: float = 0.0
    seconds: float = 0.0
    """The whole trial."""
    warnings: tuple[str, ...] = ()
    measure: Measure = Measure.LATENCY
    """Which of these figures counts."""
    elsewhere: tuple[Request, ...] = ()
    """Windows of the other probes; only in a proof."""
    aged: Aged | None = None
    """What happened between the restart and the window."""
    growth: float | None = None
    """Bytes that the workers' own memory grew by a request."""


# --- the conversation between a planner and a run -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """Between two levels of latency that a trial may show."""

    log_seconds: float
    """The limit, as the log of a typical request's seconds."""
    least: float
    """How far from the limit the log of the median has to be, after many requests, to be surely on one side of it."""
    more: float
    """How much farther it has to be after a single request; half of that after two, and so on."""


@dataclass(frozen=True, slots=True)
class Enough:
    """When a window may end before its last request: it is clear at which level it is."""

    limits: tuple[Limit, ...]

    def __call__(self, seconds: Sequence[float]) -> bool:
        """Whether these requests are enough."""
        count = len(seconds)
        if count < _FEWEST_REQUESTS:
            return False
        here = math.log(max(median(seconds), _SHORTEST_SECONDS))
        return all(abs(here - limit.log_seconds) >= limit.least + limit.more / count for limit in self.limits)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a planner wants to know next."""

    configuration: Configuration
    requests: int
    """How many measured requests of the symptom's probe."""
    cap: float
    """Seconds after which a request is cut off and counts as at least that slow."""
    why: str
    """For a person: what this trial is for."""
    left: int
    """About how many trials come after this one."""
    stage: str = "search"
    """``baseline``, ``search``, ``confirm`` or ``residual``."""
    suspects: tuple[tuple[ComponentId, float], ...] = ()
    """The likeliest suspects with their probability, 0 to 1, to be of the culprit; the likeliest first."""
    enough: Enough | None = None
    """Fewer requests will do when they are as clear as this."""
    measure: Measure | None = None
    """Which figure is wanted; None: the symptom's."""
    age: Ageing | None = None
    """What comes before the window."""
    through: bool = False
    """The symptom's probes are asked although another is broken."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a culprit costs: the ratio slow / fast with its 95 % interval."""

    ratio: float
    low: float
    high: float
    before_seconds: float
    after_seconds: float
    censored: bool = False
    """``before_seconds`` and the ratio are lower bounds."""
    after_censored: bool = False
    """``after_seconds`` is a lower bound, and the ratio an upper one; with both nothing is known of it."""
    measure: Measure = Measure.LATENCY
    """Of memory, what is called seconds is GiB."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One trial of the confirmation block."""

    state: str
    """``on`` (as found), ``off`` (culprit flipped) or ``alone`` (everything else flipped)."""
    verdict: Verdict
    seconds: float
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a culprit does to a probe that is not the symptom's."""

    probe: str
    verdict: Verdict
    """With the culprit as found, by more than the symptom's floor; ``UNSURE`` where that is not certain."""
    effect: Effect


@dataclass(frozen=True, slots=True)
class Finding:
    """A culprit: a minimal set of components that reproduces the slowdown, confirmed both ways."""

    components: tuple[ComponentId, ...]
    effect: Effect
    confirmations: tuple[Confirmation, ...] = ()
    memory_before: Memory | None = None
    memory_after: Memory | None = None
    also_flipped: tuple[ComponentId, ...] = ()
    """Components that had to be flipped with it: its dependents."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """What it does to the other probes, by the trials of the proof."""

    @property
    def kind(self) -> str:
        """``single`` or ``together``."""
        return "single" if len(self.components) == 1 else "together"


BREAKS = "the site breaks"
"""How the reason begins for one that the site needs."""
NOT_TRIED = "not tried"
"""How the reason begins for a suspect that never had to be flipped."""


@dataclass(frozen=True, slots=True)
class Untestable:
    """A component about which the run can say nothing, and why."""

    component: ComponentId
    reason: str


@dataclass(frozen=True, slots=True)
class Together:
    """Suspects that were flipped at once, and what the site was like then."""

    components: tuple[ComponentId, ...]
    verdict: Verdict
    """``SLOW`` as it was found, or ``FAST``er."""
    seconds: float
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What one component on its own costs, from a one-at-a-time sweep."""

    component: ComponentId
    effect: Effect


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a planner says at the end of the conversation."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    untestable: tuple[Untestable, ...] = ()
    residual: Effect | None = None
    """What is still slow with every culprit flipped, beside everything flipped; of nobody: as found beside that."""
    costs: tuple[Cost, ...] = ()
    suspects_left: tuple[ComponentId, ...] = ()
    """When inconclusive: those that could not be cleared, the likeliest first."""
    reason: str = ""
    """One sentence for a person: why it ended so."""
    warnings: tuple[str, ...] = ()
