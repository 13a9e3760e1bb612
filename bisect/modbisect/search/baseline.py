"""The site as found behind a restart: is it still slow, and if not, does it become so?"""

from __future__ import annotations

import math

from modbisect.judging import difference
from modbisect.judging.judge import floor
from modbisect.model import Measure, Verdict
from modbisect.search import ageing
from modbisect.search.bench import Bench
from modbisect.search.problem import NOTHING, Talk


class Ended(Exception):
    """There is nothing to search for; the message says why."""


def after_a_restart(bench: Bench, left: int) -> Talk[None]:
    """Measures it, and where the restart has made it fast, with visitors. ``left``: about how many trials will follow.

    Raises:
        Ended: there is nothing to search for.
    """
    if bench.measure in (Measure.MEMORY, Measure.GROWTH):
        grown = yield from ageing.memory_grows(bench)
        if grown is None:
            raise Ended(f"as found, the site does not work after a restart: {bench.broken(NOTHING)}")
        if bench.levels(NOTHING):
            return
        if bench.measure is Measure.GROWTH:
            raise Ended(f"as found, a request leaves {grown / 1024:.0f} KiB behind in the workers, which is little")
    if NOTHING not in bench.seen:
        yield from bench.ask(NOTHING, "as found, after a restart", stage="baseline", left=left)
    if not _cured(bench):
        return
    if not bench.age and _can_age(bench):
        yield from ageing.becomes_slow(bench)
    else:
        yield from bench.ask(NOTHING, "as found, again: the restart made it fast", stage="baseline")
    if _cured(bench):
        raise Ended(_stays_fast(bench))


def builds_up(bench: Bench) -> Talk[bool]:
    """Asked before nobody is accused: whether it only looked fast because a restart had just made it so.

    Raises:
        Ended: so it may be, but nothing made it slow again.
    """
    if bench.age or not _can_age(bench) or not bench.levels(NOTHING):
        return False
    now, symptom = bench.level_of(NOTHING), bench.problem.symptom
    as_slow = difference(bench.found, now, bench.noise, symptom) is Verdict.FAST
    if as_slow or (symptom.slower_than is not None and now.seconds >= symptom.slower_than):
        return False
    fell = bench.found.log_seconds - now.log_seconds >= floor(bench.found, symptom)
    rises = yield from ageing.becomes_slow(bench)
    if fell and not rises:
        raise Ended(_stays_fast(bench))
    return rises


def _can_age(bench: Bench) -> bool:
    return bench.problem.visitors and bench.measure is Measure.LATENCY


def _cured(bench: Bench) -> bool:
    """Every restart as found was fast."""
    symptom = bench.problem.symptom
    if reason := bench.broken(NOTHING):
        raise Ended(f"as found, the site does not work after a restart: {reason}")
    limit = math.inf if symptom.slower_than is None else symptom.slower_than
    return all(
        restart.seconds <= limit and difference(bench.found, restart, bench.noise, symptom) is Verdict.SLOW
        for restart in bench.levels(NOTHING)
    )


def _stays_fast(bench: Bench) -> str:
    """Why nobody is to blame."""
    aged = bench.seen[NOTHING][-1].aged
    before = next(iter(bench.seen)) != NOTHING
    if aged is None:
        return "a restart alone cured it, so no component is to blame: look for what builds up while it runs"
    return (
        f"a restart cured it, and {aged.requests} requests in {aged.seconds:.0f} s did not make it slow again, so "
        'no component could be tried: the playbook may say what it takes ("until": requests or minutes)'
        + ("; a page that the application has kept on a disk since others were switched over looks the same" * before)
    )
