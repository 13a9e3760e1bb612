"""A look at what a slow request is doing, while requests are made; nothing on the host is touched."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event

from modbisect.errors import Refused
from modbisect.host import look as on_host
from modbisect.host.privilege import RootLink
from modbisect.inventory import Host
from modbisect.kinds import Found, Look, Suspicion, suspicions
from modbisect.model import Component, Measure, Probe
from modbisect.playbook import Playbook
from modbisect.probe import Oracle, ProbeProcess, Window, WindowResult
from modbisect.run.measure import reached

OF_A_REQUEST = (Measure.LATENCY, Measure.TAIL)
"""Figures that a request shows while it is under way."""
_FIRST_PORT, _LAST_PORT, _PORTS = 20_000, 56_000, 4_000
"""Requests that do not keep their connection leave each port unusable for a minute."""
_MOST_REQUESTS = 100_000
_LONG_SECONDS = 20.0
"""A request that is under way for so long is hardly changed by some seconds of a processor's time."""
_STARTS_SECONDS = 1
"""The look has to start, over the same connection."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was asked, what it took, and what was seen meanwhile."""

    host: str
    probe: Probe
    measured: WindowResult
    look: Look
    suspicions: tuple[Suspicion, ...]
    components: tuple[Component, ...]

    @property
    def uncached(self) -> str:
        """That a cache on the way keeps nothing of it, and why; empty where there is none, or nothing is against it."""
        seen = self.measured.markers
        if not seen or not (seen.passed and seen.unkept):
            return ""
        return (
            f"A cache or a proxy on the way ({seen.passed}) can keep none of it: every answer {seen.unkept}; so every "
            "visitor waits for the site behind it."
        )


def look_at(
    root: RootLink,
    host: Host,
    playbook: Playbook,
    seconds: int,
    *,
    found: Found,
    components: tuple[Component, ...],
    most: int | None = None,
) -> Looked:
    """Make the requests that show the symptom, for so many seconds, ``most`` at most, and look at the host meanwhile.

    Raises:
        Refused: the host answers something else.
        ProbeError: the requests could not be made.
    """
    with ThreadPoolExecutor(1) as pool, reached(root.link, host, playbook) as ready, ProbeProcess() as probes:
        ports = _ports()
        probe = replace(ready.symptom_probes[0], local_ports=(ports.start, ports.stop - 1))
        window = _window(probe, float(seconds + _STARTS_SECONDS), most or _MOST_REQUESTS)
        measuring = pool.submit(probes.measure, window, seconds + 60.0)
        try:
            look = on_host.look(root, seconds + _STARTS_SECONDS, ports)
        except BaseException:
            probes.stop()
            raise
        measured = measuring.result()
    return Looked(host.name, probe, measured, look, suspicions(look, found, components), components)


@dataclass(slots=True)
class Beside:
    """What is done while a slow request is under way that is made anyway."""

    root: RootLink
    seconds: int
    """How long is looked."""
    learn: Callable[[], tuple[Component, ...]]
    """Asks, on a copy, what the configuration needs."""
    look: Look | None = None
    """What it saw; None before, and where the host answers something else."""
    learned: tuple[Component, ...] | None = None
    """None where no request took long."""

    @property
    def lasts(self) -> float:
        """Seconds."""
        return float(self.seconds)

    def while_long(self, ask: Callable[[], WindowResult]) -> WindowResult:
        """What is asked; where that takes long, what the configuration needs is learned meanwhile."""
        over = Event()
        pool = ThreadPoolExecutor(1)
        learning = pool.submit(lambda: None if over.wait(_LONG_SECONDS) else self.learn())
        try:
            asked = ask()
            over.set()
            self.learned = learning.result()
        finally:
            over.set()
            pool.shutdown(wait=False)  # a person who ends the run does not wait for it
        return asked

    def during(self, ask: Callable[[range], WindowResult]) -> WindowResult:
        """What is asked from these ports, with a look at it."""
        ports = _ports()
        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(on_host.look, self.root, self.seconds, ports)
            asked = ask(ports)
            with suppress(Refused):
                self.look = looking.result()
        return asked


def by_share(looked: Looked, most: int = 12) -> Iterable[Suspicion]:
    """Those that most of the time speaks against."""
    return looked.suspicions[:most]


def _ports() -> range:
    first = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT)
    return range(first, first + _PORTS)


def _window(probe: Probe, seconds: float, requests: int) -> Window:
    return Window(
        probe,
        Oracle(probe.expect),
        requests=requests,
        warm_up=0,
        cap=None,
        cold_cap=None,
        seconds=seconds,
        settle=0.0,
        within=seconds,
    )
