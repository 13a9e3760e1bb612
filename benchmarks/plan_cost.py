"""What it takes to plan a trial: from a configuration with everything flipped to its steps, on a recorded host.

The peer is the same plan of a host that nothing is known of yet: what `Found` works out once is worked out anew.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from modbisect import kinds
from modbisect.model import Configuration

SURVEYS = Path(__file__).parents[1] / "tests" / "kinds" / "surveys"
AIM_SECONDS = 0.002
_LINE = "{:<28}{:>10}{:>8}{:>10}{:>11}{:>8}  {}"


def timed(act: Callable[[], object], rounds: int) -> float:
    """Median seconds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return median(times)


def main() -> None:
    """One line a recorded host."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="times that each is measured (200)")
    rounds = parser.parse_args().rounds
    aim = f"aim {AIM_SECONDS * 1e3:g} ms"
    print(_LINE.format("recorded host", "suspects", "steps", "plan, ms", "first, ms", "ratio", aim))
    for path in sorted(SURVEYS.glob("*.txt")):
        text = path.read_text()
        host = kinds.parse(text)
        components = tuple(one for one in kinds.discover(host) if not one.pinned)
        everything = Configuration(frozenset(one.id for one in components))
        count = len(kinds.plan(host, components, everything))
        again = timed(lambda: kinds.plan(host, components, everything), rounds)  # noqa: B023  called here
        hosts = [kinds.parse(text) for _ in range(rounds)]
        first = timed(lambda: kinds.plan(hosts.pop(), components, everything), rounds)  # noqa: B023
        figures = (f"{again * 1e3:.2f}", f"{first * 1e3:.2f}", f"{first / again:.1f}")
        print(_LINE.format(path.stem, len(components), count, *figures, "met" if again < AIM_SECONDS else "MISSED"))


if __name__ == "__main__":
    main()
