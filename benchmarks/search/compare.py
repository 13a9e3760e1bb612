"""What each strategy costs and how often it is right, on the same simulated sites."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded: worlds are what is spread over processors

import argparse
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import oracle
import table
from machine import figures
from peers import MISSING, PEERS
from rows import Rows, say
from sites import CASES, MISSED, Case

from modbisect.search import STRATEGIES

_OURS = ("auto", "bisect", "one-at-a-time")
_LARGEST_SWEEP = 32
"""One at a time is left out beyond: it takes minutes of processor time to say what the smaller rows say."""


def wanted(patterns: Sequence[str]) -> list[Case]:
    """The cases of these names.

    Raises:
        SystemExit: a pattern names none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(case.name, pattern) for case in CASES):
            raise SystemExit(f"no case is called {pattern}; there are {', '.join(case.name for case in CASES)}")
    return [case for case in CASES if not patterns or any(fnmatchcase(case.name, one) for one in patterns)]


def block(rows: Rows, case: Case, size: int, names: Sequence[str]) -> table.Block:
    """Everyone on one case; the first strategy says how accurate a peer has to be."""
    plain = [name for name in names if name in STRATEGIES and (name != "one-at-a-time" or size <= _LARGEST_SWEEP)]
    ours = [rows.get(case, size, name, None) for name in plain]
    target = min([oracle.ENOUGH, *(one.share for one in ours[:1])])
    peers = [oracle.tune(rows, (case,), size, name, target) for name in names if name in PEERS]
    return table.Block(case, size, target, ours, peers)


def missed(rows: Rows, here: table.Block) -> Iterator[str]:
    """The same contestants with the same settings where there is a culprit after all."""
    there = [rows.get(MISSED, here.size, one.row.name, None) for one in here.ours]
    both = []
    for one in (peer.shown for peer in here.peers if peer.fewest):
        name = one.row.name
        setting = next(setting for setting in PEERS[name].grid if str(setting) == one.row.setting)
        there.append(rows.get(MISSED, here.size, name, setting))
        tuned = oracle.tune(rows, (here.case, MISSED), here.size, name, here.target)
        both += [tuned.shown] if tuned.fewest else []
    return table.missed(here.size, there, both)


def lines(rows: Rows, cases: Sequence[Case], sizes: Sequence[int], names: Sequence[str]) -> Iterator[str]:
    """The whole table."""
    yield table.notes(rows.worlds, rows.worlds_large, rows.seed, cases)
    yield table.HEAD
    blocks = []
    for case in cases:
        for size in sizes:
            if case.sizes and size not in case.sizes:
                continue
            blocks.append(block(rows, case, size, names))
            yield from blocks[-1].lines()
            if case.name == "nothing":
                yield from missed(rows, blocks[-1])
    for name in names:
        yield from table.calibration(name, [one for here in blocks for one in here.ours if one.row.name == name])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=300, help="sites a row (300)")
    parser.add_argument("--worlds-large", type=int, default=64, help="of 128 components and more (64)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 32, 128], help="numbers of components")
    parser.add_argument("--only", nargs="+", default=[], metavar="CASE", help="these cases; * stands for anything")
    parser.add_argument("--strategies", nargs="+", choices=[*STRATEGIES, *PEERS], default=[*_OURS, *PEERS])
    parser.add_argument("--seed", type=int, default=1000, help="the first site (1000)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2); no figure but the CPU time depends on it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep rows there, and do not play those again")
    options = parser.parse_args()
    if MISSING and not set(options.strategies) <= set(STRATEGIES):
        say(f"left out, since their packages are not installed (pip install -e '.[bench]'): {', '.join(MISSING)}")
    rows = Rows(options.worlds, options.worlds_large, options.seed, options.jobs, options.json)
    for line in lines(rows, wanted(options.only), options.sizes, options.strategies):
        print(line, flush=True)
    if not options.only:
        for line in figures(next((name for name in options.strategies if name in STRATEGIES), _OURS[0])):
            print(line, flush=True)


if __name__ == "__main__":
    main()
