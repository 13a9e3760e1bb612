"""How long the planner thinks between an answer and its next question, on simulated sites of two sizes.

The aim is 400 ms at the most with 400 components. The peer is the same planner with 150.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).parent / "search"))

from sites import CASES, Case, Server, simulate

from modbisect.search import STRATEGIES

SIZES = (150, 400)
PLAYED = ("x2", "x100", "together", "two", "three", "needs")
AIM_SECONDS = 0.4
_LINE = "{:<22}{:>6}{:>11}{:>12}{:>12}{:>12}  {}"


def thought(case: Case, size: int, number: int) -> list[float]:
    """Seconds of processor time before each question, the first included: what else is at work does not count."""
    server = Server(simulate(case, size, number))
    talk = STRATEGIES["auto"](server.problem)
    took, answer = [], None
    while True:
        began = time.process_time()
        try:
            ask = next(talk) if answer is None else talk.send(answer)
        except StopIteration:
            return took
        took.append(time.process_time() - began)
        answer = server.answer(ask)


def main() -> None:
    """One line a kind of site and size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worlds", type=int, default=3, help="sites of each kind and size (3)")
    worlds = parser.parse_args().worlds
    aim = f"aim {AIM_SECONDS * 1e3:g} ms"
    print(_LINE.format("site", "size", "decisions", "median, ms", "95 %, ms", "longest, ms", aim))
    usual: dict[int, list[float]] = {size: [] for size in SIZES}
    for case in (case for case in CASES if case.name in PLAYED):
        for size in SIZES:
            times = sorted(each for number in range(worlds) for each in thought(case, size, number))
            usual[size] += times
            figures = [f"{each * 1e3:.0f}" for each in (median(times), times[int(len(times) * 0.95)], times[-1])]
            met = "met" if times[-1] <= AIM_SECONDS else "MISSED"
            print(_LINE.format(case.name, size, len(times), *figures, met), flush=True)
    few, many = (median(usual[size]) for size in SIZES)
    print(f"\nmedian with {SIZES[1]} over that with {SIZES[0]}: {many / few:.1f}")


if __name__ == "__main__":
    main()
