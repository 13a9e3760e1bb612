"""The site under test as the probes see it: as found, and in each trial."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median

from modbisect.errors import Refused
from modbisect.host.privilege import RootLink
from modbisect.host.survey import sample
from modbisect.judging import REQUESTS, measured
from modbisect.model import AS_FOUND, Aged, Ageing, Ask, Measure, Measurement, Probe, Request
from modbisect.playbook import Playbook
from modbisect.probe import Markers, Oracle, ProbeProcess, Window, WindowResult
from modbisect.probe.login import REQUESTS as LOGIN_REQUESTS
from modbisect.probe.login import Cookies, LoginError, log_in, logged_in
from modbisect.report.figures import at_least
from modbisect.run.load import Load, added_up
from modbisect.run.look import Beside
from modbisect.run.outage import Outage
from modbisect.search import Spent

SETTLE_SECONDS = 20.0
WINDOW_SECONDS = 30.0
CHECK_SECONDS = 10.0
"""Longest a request of a probe that is not the symptom's may take in a trial."""
CHECK_REQUESTS = 5
"""So many, after a warm-up, tell how such a probe fares with a culprit and without."""
BURST_RATIO = 3.0
"""Beside a steady loop, of what bursts have to take to be measured in its place."""
QUICK_SECONDS = 2.0
"""A page faster than this is measured several times as found."""
AGAIN_SHARE = 0.25
"""Of a slow first request's time: so long a second one is waited for. One that ends by then belies the first."""
_LOGIN_SECONDS = 15.0
"""For each of the two requests of a login between trials."""
_SHORTEST = 0.5
"""Seconds: less is no time to wait for anything."""
AGAIN_SECONDS = 5.0
"""Seconds: no longer is a second request waited for."""


@dataclass(slots=True)
class Site:
    """The site under test: asks it, and learns what it looks like as found."""

    playbook: Playbook
    probes: ProbeProcess
    root: RootLink
    learned: dict[str, tuple[Markers, ...]] = field(default_factory=dict)
    """What each probe's answers look like as found."""
    bypassing: frozenset[str] = frozenset()
    """Probes that go past what stands in front of the server, as visitors do not."""
    outside: dict[str, tuple[Markers, ...]] = field(default_factory=dict)
    """For each of those probes, what visitors get as found."""
    fastest_cold: float | None = None
    bursts: bool = False
    """Several requests at the same moment show what a steady loop of them hides: they are measured."""
    sent: int = 0
    cut_off: bool = False
    outage: Outage = field(default_factory=Outage)
    patience: Callable[[], float] = lambda: math.inf
    """Seconds that the site may still go without a correct answer."""
    left: Callable[[], float] = lambda: math.inf
    """Seconds that the run's budget leaves."""
    beside: Beside | None = None
    """What may be done on the host while the first of two slow requests is under way, and a look during the second."""
    cookies: Cookies = ()
    """Of the latest login, where the first one's session was over."""
    _until: float = math.inf
    """When a trial that is under way has to be over, by the monotonic clock."""

    @property
    def symptom(self) -> Sequence[Probe]:
        """The probes that show the symptom, in the order they are asked."""
        probes = self.playbook.symptom_probes
        return [replace(probes[0], burst=True)] if self.bursts else probes

    @property
    def others(self) -> Sequence[Probe]:
        """The probes that only tell whether the site works, that of its health first."""
        others = [probe for probe in self.playbook.probes if probe not in self.playbook.symptom_probes]
        return sorted(others, key=lambda probe: not self._tells_health(probe))

    @property
    def measure(self) -> Measure:
        """What the symptom is about."""
        measure = self.playbook.symptom.measure if self.playbook.symptom else Measure.LATENCY
        return Measure.MEMORY if measure is Measure.GROWTH else measure  # which takes more than a look

    def stop(self) -> None:
        """End a measurement that is under way."""
        self.probes.stop()

    def found(self) -> Measurement:
        """Measure the untouched host: complete requests, however long they take.

        Raises:
            Refused: the site does not answer correctly as found.
        """
        began = time.monotonic()
        self._look_from_outside()
        for probe in self.others:
            self._learn(probe, self.window(probe, Load(requests=1)))
        ask = partial(self._rounds, Load(), learn=True)
        whole = self.beside.while_long(ask) if self.beside else ask()
        usual, warnings = whole.cold, whole.warnings
        burst: tuple[Request, ...] = ()
        if quicker := self._quicker(usual):
            warnings += (f"as found the first request took {_took(usual)}, the next {_took(quicker)}, which counts",)
            usual = quicker
        requests: tuple[Request, ...] = (usual,) if usual else ()
        if usual and usual.seconds < QUICK_SECONDS:
            requests = self._rounds(Load(REQUESTS.get(self.measure, 10), warm_up=3), learn=True).requests or requests
            burst = self._burst(requests)
        if burst:
            took = f"{_typical(burst):.2g} s, {_typical(requests):.2g} s in a steady loop"
            warnings += (f"bursts of {self.symptom[0].concurrency} are measured: the slowest of each took {took}",)
        seen = Measurement(
            AS_FOUND,
            burst or requests,
            cold=whole.cold,
            memory=sample(self.root).memory,
            seconds=time.monotonic() - began,
            warnings=warnings,
            measure=self.measure,
        )
        if not measured(seen) and not (usual and usual.censored):
            raise Refused(
                f"the host does not tell the {self.measure} that the symptom is about",
                host=self.root.name,
                state="nothing was changed",
                advice="leave out the symptom's measure, or look at the workers' /proc/PID/status on the host",
            )
        return seen

    def _burst(self, steady: Sequence[Request]) -> tuple[Request, ...]:
        """Where several requests at once are asked for: bursts, if they show much more than a steady loop does.

        From then on that is what is measured.
        """
        [probe, *others] = self.symptom
        steadily = probe.concurrency > 1 and not probe.burst
        if others or not steadily or not steady or self.measure is not Measure.LATENCY:
            return ()
        seen = self.window(replace(probe, burst=True), Load(len(steady), warm_up=1))
        if seen.broken or not seen.requests or _typical(seen.requests) < BURST_RATIO * _typical(steady):
            return ()
        self.bursts = True
        return seen.requests

    def _quicker(self, first: Request | None) -> Request | None:
        """The second request, where it belies a slow first one: that of a server long idle, or one that met a lock."""
        if first is None or first.seconds < QUICK_SECONDS:
            return None
        limit = min(max(QUICK_SECONDS, AGAIN_SHARE * first.seconds), AGAIN_SECONDS)
        if self.beside and AGAIN_SHARE * first.seconds >= self.beside.lasts:
            load = Load(cold_cap=self.beside.lasts)
            again = self.beside.during(lambda ports: self._rounds(load, ports=ports))
        else:
            again = self._rounds(Load(cold_cap=limit))
        return None if again.broken or again.cold is None or again.cold.censored else again.cold

    def see(self, ask: Ask) -> Measurement:
        """Whether the site works in the configuration that is applied, and how long it takes.

        Raises:
            ProbeError: nothing can be said.
            Spent: the run's time was over before anything could be.
        """
        self.cut_off = False
        self._until = time.monotonic() + self.left()
        options = self.playbook.trial
        proof = ask.stage == "confirm"
        elsewhere: tuple[Request, ...] = ()
        broken = ""
        for probe in self.others:
            cap = min(CHECK_SECONDS, self._pause()) if self._tells_health(probe) else CHECK_SECONDS
            load = Load(CHECK_REQUESTS, options.warm_up, cap, cap) if proof else Load(cap=cap, cold_cap=cap)
            result = self.window(probe, load)
            if proof:  # else the one request has told whether it works
                elsewhere += result.requests
            if self._tells_health(probe) and result.cold and not (result.broken or result.cold.censored):
                self.outage.serves()
            broken = f"{probe.name}: {result.broken}" if result.broken else broken
            if broken and not ask.through:
                return Measurement(ask.configuration, broken=broken)
        cap = options.cap or ask.cap
        # A page that is quick when warm may well take long when it is compiled for the first time.
        cold_cap = max(cap, 3 * self.fastest_cold) if self.fastest_cold else cap
        enough = None if options.requests else ask.enough
        requests = options.requests or ask.requests
        result = self._rounds(Load(requests, options.warm_up, cap, cold_cap, enough, ask.age))
        if result.broken:
            return Measurement(
                ask.configuration, result.requests, cold=result.cold, broken=result.broken, aged=result.aged
            )
        if result.cold and not result.cold.censored:
            self.fastest_cold = min(result.cold.seconds, self.fastest_cold or result.cold.seconds)
        return Measurement(
            ask.configuration,
            result.requests,
            cold=result.cold,
            broken=broken,
            warnings=result.warnings,
            measure=ask.measure or self.measure,
            elsewhere=elsewhere,
            aged=result.aged,
        )

    def age(self, count: int, most: float) -> Aged:
        """So many more requests of the symptom's first probe, in at most so many seconds."""
        probe = self.symptom[0]
        result = self.window(probe, Load(requests=1, age=Ageing(count, most=most)))
        return result.aged or Aged(0, 0.0)

    def _tells_health(self, probe: Probe) -> bool:
        return self.playbook.health is not None and probe.name == self.playbook.health.probe

    def _pause(self) -> float:
        """How long a site that does not serve is waited for."""
        return min(SETTLE_SECONDS, max(self.patience(), 1.0))

    def _rounds(self, load: Load, *, learn: bool = False, ports: range | None = None) -> WindowResult:
        """One window of each of the symptom's probes; a request of the result is one of each, their times added up.

        What one probe's requests tell alone never says that the sum is clear: ``enough`` is for one probe.
        """
        seen: list[WindowResult] = []
        for each in self.symptom:
            probe = replace(each, local_ports=(ports.start, ports.stop - 1)) if ports else each
            clear = load.enough if len(self.symptom) == 1 else None
            result = self.window(probe, replace(load, enough=clear, age=None if seen else load.age))
            if learn:
                self._learn(probe, result)
            if result.broken:
                return replace(result, broken=f"{probe.name}: {result.broken}")
            seen.append(result)
            if all(request.censored for request in result.requests or (result.cold,) if request):
                break  # as slow as can be seen, whatever the rest would take
        return seen[0] if len(self.symptom) == 1 else added_up(self.playbook.shown_by, seen, load)

    def _look_from_outside(self) -> None:
        """Nothing is learned where visitors' way does not lead from here."""
        for probe in self.playbook.probes:
            if probe.name in self.bypassing:
                seen = self.window(as_visitors(probe), Load(cap=CHECK_SECONDS, cold_cap=CHECK_SECONDS))
                if seen.markers and not seen.broken:
                    self.outside[probe.name] = (seen.markers,)

    def _learn(self, probe: Probe, result: WindowResult) -> None:
        if result.cold and result.cold.censored:
            return  # slower than the probe's own timeout: slow, with nothing to learn from
        if result.broken or result.cold is None or result.markers is None:
            raise Refused(
                f"probe {probe.name} gets no correct answer from the site as found: {result.broken or 'none at all'}",
                host=self.root.name,
                state="nothing was changed",
                advice="correct the probe's url, what it expects, or where the site begins (modbisect_base_url in the "
                "inventory); 'modbisect probe' shows the answer",
            )
        self.learned[probe.name] = (*self.learned.get(probe.name, ()), result.markers)

    def window(self, probe: Probe, load: Load) -> WindowResult:
        """One window.

        Raises:
            Spent: the run's time is over, and requests that were cut off for that tell nothing.
        """
        seen = self._window(logged_in(probe, self.cookies, self.playbook.login), load)
        login = self.playbook.login
        if not seen.broken or login is None:
            return seen
        # Sessions may not outlive a restart.
        self.sent += LOGIN_REQUESTS
        try:
            self.cookies = log_in(login, min(_LOGIN_SECONDS, max(self._until - time.monotonic(), _SHORTEST)))
        except LoginError:
            return seen
        return self._window(logged_in(probe, self.cookies, login), load)

    def _window(self, probe: Probe, load: Load) -> WindowResult:
        left = max(self._until - time.monotonic(), _SHORTEST)
        window = Window(
            probe,
            Oracle(probe.expect, self.learned.get(probe.name, ())),
            requests=load.requests,
            warm_up=load.warm_up,
            cap=load.cap,
            cold_cap=load.cold_cap,
            seconds=WINDOW_SECONDS,
            settle=self._pause(),
            enough=load.enough,
            age=load.age,
            within=None if math.isinf(left) else left,
        )
        longest = probe.timeout if load.cap is None else min(load.cap, probe.timeout)
        first = probe.timeout if load.cold_cap is None else min(load.cold_cap, probe.timeout)
        ageing = load.age.most + longest if load.age else 0.0
        seen = self.probes.measure(window, SETTLE_SECONDS + WINDOW_SECONDS + 2 * first + 2 * longest + 30 + ageing)
        every = (*seen.requests, seen.cold) if seen.cold else seen.requests
        self.cut_off = self.cut_off or any(request.censored for request in every)
        # A first request that was cut off is all there is.
        each = probe.concurrency if probe.burst else 1
        self.sent += each * (len(seen.requests) if seen.requests == (seen.cold,) else len(every))
        self.sent += seen.aged.requests if seen.aged else 0
        if time.monotonic() >= self._until:
            raise Spent
        return seen


def _typical(requests: Sequence[Request]) -> float:
    return median(request.seconds for request in requests)


def as_visitors(probe: Probe) -> Probe:
    """The same, past nothing."""
    return replace(probe, connect_to="")


def _took(request: Request | None) -> str:
    return at_least(request.seconds, censored=request.censored) if request else "no time"
