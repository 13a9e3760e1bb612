"""The fault bench: whatever strikes a run, the host is as found soon after. Real lab hosts; needs root on Debian.

A trial is a fault and a seed, and everything random comes from these: ``--fault NAME --seed N --trials 1`` plays one
again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import on_steps
import pairs
from bench import Bench
from deck import FAULTS, Fault, deck
from ground import named
from result import Result
from summary import Summary, as_json
from tracer import AVAILABLE

from modbisect import lab


def work(
    bench: Bench, job: int, jobs: int, cards: Iterator[tuple[Fault, int]], *, until: float, trials: int, writer: int
) -> None:
    """Every ``jobs``-th card, until the time or the cards are over."""
    try:
        for number, (fault, seed) in enumerate(cards):
            if number >= trials or time.monotonic() > until:
                break
            if number % jobs != job:
                continue
            result = bench.play(fault.name, fault.act, seed)
            os.write(writer, json.dumps(asdict(result)).encode() + b"\n")
            if fault.counted and not (result.injection or result.failure):
                result = bench.play(fault.name, fault.counted, seed)
                os.write(writer, json.dumps(asdict(result)).encode() + b"\n")
    finally:
        bench.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="how long (60)")
    parser.add_argument("--trials", type=int, default=10**9, help="at most so many")
    parser.add_argument("--fault", action="append", metavar="NAME", help="only this one; more than once for more")
    parser.add_argument("--pairs", action="store_true", help="each pair of parts that may die at the same time, once")
    parser.add_argument("--host", default="", metavar="NAME", help="one of benchmarks/culprits; whole runs strike it")
    parser.add_argument("--seed", type=int, help="of each fault's first trial")
    parser.add_argument("--jobs", type=int, default=2, choices=(1, 2), help="lab hosts at a time (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="a line a trial as it ends, and at last the table")
    arguments = parser.parse_args()
    if arguments.pairs:
        arguments.fault, arguments.trials = [pairs.NAME], len(pairs.PAIRS)
    if not any(arguments.fault is None or fault.name in arguments.fault for fault in FAULTS):
        parser.error("no such fault; there are:\n  " + "\n  ".join(fault.name for fault in FAULTS))
    return arguments


def main() -> int:
    """1 when a host was left dirty."""
    arguments = _arguments()
    ground = named(arguments.host)
    faults = [fault for fault in FAULTS if arguments.fault is None or fault.name in arguments.fault]
    if arguments.host:
        faults = [fault for fault in faults if fault.name.startswith("modbisect run: ")]
    if not AVAILABLE:
        faults = [fault for fault in faults if fault.seeds is None]
        print("no steps are counted on this processor: those faults are left out", file=sys.stderr)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))  # through every finally: no host stays behind
    if arguments.json:
        arguments.json.write_text("")
    lab.build_tree(lambda _: None)
    began = time.monotonic()
    until = began + 60 * arguments.minutes
    stepwise = [fault for fault in faults if fault.seeds]
    counts = _counted() if stepwise and arguments.seed is None else {}
    boundaries = frozenset(on_steps.guard_steps(counts) if counts else ())
    reader, writer = os.pipe()
    workers = []
    for job in range(arguments.jobs):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(reader)
                cards = deck(faults, arguments.seed, counts)
                bench = Bench(f"-{job}", ground)
                work(bench, job, arguments.jobs, cards, until=until, trials=arguments.trials, writer=writer)
                code = 0
            except Exception:  # noqa: BLE001  # the others go on
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        workers.append(pid)
    os.close(writer)
    results = list(_collected(reader, arguments.json, workers))
    (killed,) = (fault.name for fault in FAULTS if fault.act is on_steps.guard_killed_at_a_step)
    summary = Summary.of(results, (time.monotonic() - began) / 60, killed, boundaries)
    if arguments.json:
        with arguments.json.open("a") as file:
            file.write(json.dumps(as_json(summary)) + "\n")
    return _shown(summary, results)


def _shown(summary: Summary, results: Sequence[Result]) -> int:
    summary.show()
    if any(result.fault == pairs.NAME for result in results):
        print(f"\n{pairs.table(results)}")
    for result in results:
        if result.failure:
            print(f"\n--fault '{result.fault}' --seed {result.seed}  {result.injection}\n  {result.failure}")
    return 1 if any(result.failure for result in results) else 0


def _counted() -> on_steps.Counts:
    bench = Bench("-count")
    try:
        return bench.count()
    finally:
        bench.close()


def _collected(reader: int, path: Path | None, workers: Sequence[int]) -> Iterator[Result]:
    dirty: Counter[str] = Counter()
    try:
        with os.fdopen(reader) as lines:
            for number, line in enumerate(lines, 1):
                result = Result(**json.loads(line))
                if path:
                    with path.open("a") as file:
                        file.write(line)
                if result.failure:
                    dirty[result.fault] += 1
                    print(f"FAILED {result.fault} --seed {result.seed}: {result.failure}", file=sys.stderr)
                print(
                    f"{number} {result.fault} {result.seed} at {result.injection or result.step}: by {result.by}, "
                    f"{result.seconds:.1f} s; took {result.took:.1f} s; {dirty.total()} failed",
                    file=sys.stderr,
                )
                yield result
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


if __name__ == "__main__":
    sys.exit(main())
