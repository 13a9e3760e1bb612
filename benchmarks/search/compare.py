"""What each strategy costs and how often it is right, on the same simulated sites."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from statistics import median

from sites import CASES, FAST, LUCK, RESTART, SCATTER, Case, Simulated, simulate

from modbisect.model import Outcome
from modbisect.search import Strategy, bisect, one_at_a_time
from modbisect.search.bayes import bayes

STRATEGIES: Mapping[str, Strategy] = {"bisect": bisect, "one-at-a-time": one_at_a_time, "bayes": bayes}
_LARGEST_SWEEP = 32
"""One at a time is left out beyond: it takes minutes of processor time to say what the smaller rows say."""
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Run:
    """One conversation."""

    right: bool
    wrong: bool
    """It accused something that is not a culprit, or acquitted everyone where there is one."""
    restarts: int
    requests: int
    seconds: float
    cpu: float
    """Seconds of processor time for each decision."""


def converse(site: Simulated, strategy: Strategy) -> Run:
    """Drives one conversation to its end."""
    talk, random = strategy(site.problem()), Random(site.seed)  # noqa: S311  an imagined site, no secret
    restarts, requests, seconds, cpu = 0, 0, 0.0, -time.process_time()
    try:
        ask = next(talk)
        while True:
            seen = site.answer(ask, random)
            restarts, requests, seconds = restarts + 1, requests + len(seen.requests), seconds + seen.seconds
            ask = talk.send(seen)
    except StopIteration as end:
        conclusion = end.value
    cpu += time.process_time()
    accused = {one.components for one in conclusion.findings}
    settled = conclusion.outcome is not Outcome.INCONCLUSIVE
    return Run(
        right=settled and accused == site.truth,
        wrong=not accused <= site.truth or (conclusion.outcome is Outcome.NONE and bool(site.truth)),
        restarts=restarts,
        requests=requests,
        seconds=seconds,
        cpu=cpu / max(1, restarts),
    )


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    share, z2 = hits / of, _Z**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, centre - half), min(1.0, centre + half)


def row(case: Case, size: int, name: str, runs: list[Run]) -> str:
    """One line of the table."""
    right, wrong, of = sum(one.right for one in runs), sum(one.wrong for one in runs), len(runs)
    low, high = interval(right, of)
    restarts = sorted(one.restarts for one in runs)
    return (
        f"{case.name:14} {size:4} {name:14} {right / of:5.0%} [{low:4.0%},{high:5.0%}]"
        f" {wrong:3}/{of:<4} <{interval(wrong, of)[1]:4.0%}"
        f" {median(restarts):6.0f} {restarts[math.ceil(0.9 * of) - 1]:5}"
        f" {median(one.requests for one in runs):6.0f} {median(one.seconds for one in runs):7.0f} s"
        f" {1000 * median(one.cpu for one in runs):7.1f} ms"
    )


def table(cases: list[Case], sizes: list[int], names: list[str], worlds: int, seed: int) -> Iterator[str]:
    """The whole table, line by line."""
    yield (
        f"restart {RESTART:g} s, page {FAST:g} s, luck of restarts {LUCK:.0%}, scatter of requests {SCATTER:.0%};"
        f" {worlds} sites a row, seeds from {seed}. right: the whole truth and nothing else; wrong: accused an innocent"
        " or acquitted all; neither: inconclusive, or part of the truth. Restarts include baseline and confirmation."
    )
    yield (
        f"{'case':14} {'N':>4} {'strategy':14} {'right':>5} {'(95 %)':12} {'wrong':>8} {'upto':>5}"
        f" {'median':>6} {'p90':>5} {'reqs':>6} {'time':>9} {'CPU/dec.':>10}"
    )
    for case in cases:
        for size in sizes:
            for name in names:
                if name == "one-at-a-time" and size > _LARGEST_SWEEP:
                    continue
                sites = (simulate(case, size, seed + number) for number in range(worlds))
                yield row(case, size, name, [converse(site, STRATEGIES[name]) for site in sites])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10, help="sites a row (10)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 32, 128], help="numbers of components")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args()
    cases = [one for one in CASES if options.only in one.name]
    for line in table(cases, options.sizes, options.strategies, options.worlds, options.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
