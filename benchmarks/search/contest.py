"""One contestant on one site, and what is kept of many."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from peers import PEERS, Setting
from sites import Case, Server, Site, simulate

from modbisect.model import Conclusion, Outcome
from modbisect.search import STRATEGIES, Flips

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Run:
    """One contestant on one site."""

    right: bool
    """The whole truth and nothing else."""
    wrong: bool
    """It accused an innocent, or acquitted all where there is a culprit."""
    settled: bool
    """It gave a verdict."""
    restarts: int
    requests: int
    seconds: float
    """Simulated, of the whole run."""
    processor: float
    """Seconds of processor time for each decision, simulating left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is played: one contestant with one setting on so many worlds."""

    case: str
    size: int
    name: str
    setting: str
    seed: int
    """The first world."""
    worlds: int
    code: str
    """The fingerprint of what played it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What came of a row: a line of the results file."""

    row: Row
    of: int
    """Worlds played; fewer than the row's when it was clear that the setting is not accurate enough."""
    right: int
    wrong: int
    settled: int
    restarts: float
    restarts_p90: int
    requests: float
    seconds: float
    processor: float

    @property
    def share(self) -> float:
        """Share of worlds that came out right."""
        return self.right / self.of


def play(case: Case, size: int, name: str, setting: Setting | None, number: int) -> Run:
    """World ``number`` of a row; the same whoever plays it, and wherever."""
    site = simulate(case, size, number)
    return converse(site, name) if setting is None else drive(site, name, setting)


def converse(site: Site, name: str) -> Run:
    """Drives one of modbisect's conversations to its end. It has to name the very sets."""
    server = Server(site)
    began = time.process_time()
    server.processor = 0.0
    talk = STRATEGIES[name](server.problem)
    try:
        ask = next(talk)
        while True:
            ask = talk.send(server.answer(ask))
    except StopIteration as end:
        conclusion: Conclusion = end.value
    took = time.process_time() - began - server.processor
    accused = {frozenset(one.components) for one in conclusion.findings}
    innocent = not accused <= site.truth
    missed = conclusion.outcome is Outcome.NONE and bool(site.truth)
    settled = conclusion.outcome is not Outcome.INCONCLUSIVE
    return _run(server, right=settled and accused == site.truth, wrong=innocent or missed, settled=settled, took=took)


def drive(site: Site, name: str, setting: Setting) -> Run:
    """Lets a peer play. It has to name the components, not which of them belong together."""
    server = Server(site)
    server.requests, server.seconds, server.processor = 0, 0.0, 0.0
    began = time.process_time()
    accused = PEERS[name].play(server, setting)
    took = time.process_time() - began - server.processor
    truth: Flips = frozenset().union(*site.truth)
    settled = accused is not None
    accused = accused or frozenset()
    wrong = not accused <= truth or (settled and not accused and bool(truth))
    return _run(server, right=settled and accused == truth, wrong=wrong, settled=settled, took=took)


def _run(server: Server, *, right: bool, wrong: bool, settled: bool, took: float) -> Run:
    decisions = max(1, server.restarts)
    return Run(right, wrong, settled, server.restarts, server.requests, server.seconds, took / decisions)


def record(row: Row, runs: Sequence[Run]) -> Record:
    """What is kept of a row's runs."""
    restarts = sorted(one.restarts for one in runs)
    return Record(
        row=row,
        of=len(runs),
        right=sum(one.right for one in runs),
        wrong=sum(one.wrong for one in runs),
        settled=sum(one.settled for one in runs),
        restarts=median(restarts),
        restarts_p90=restarts[math.ceil(0.9 * len(runs)) - 1],
        requests=median(one.requests for one in runs),
        seconds=median(one.seconds for one in runs),
        processor=median(one.processor for one in runs),
    )


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    share, z2 = hits / of, _Z**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, centre - half), min(1.0, centre + half)
