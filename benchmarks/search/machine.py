"""What the search takes of the machine it runs on: memory, modules, and the time until the command answers."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

_COMPONENTS = 150
_STARTS = 10
_MODULES = """
import sys
before = set(sys.modules)
import modbisect.search
loaded = set(sys.modules) - before
heavy = " and ".join(sorted({"numpy", "scipy"} & loaded)) or "neither numpy nor scipy"
print(f"import modbisect.search loads {len(loaded)} modules, {heavy} among them")
"""


def figures(strategy: str) -> Iterator[str]:
    """Lines for a person."""
    yield _output([sys.executable, str(Path(__file__)), strategy])
    yield _output([sys.executable, "-c", _MODULES])
    commands = [sys.executable, "-m", "modbisect", "--help"], [sys.executable, "-c", "import yaml, paramiko"]
    times = [[_seconds(command) for command in commands] for _ in range(_STARTS)]
    ours, theirs = (median(one) for one in zip(*times, strict=True))
    yield (
        f"modbisect --help takes {1000 * ours:.0f} ms, python -c 'import yaml, paramiko' {1000 * theirs:.0f} ms:"
        f" x{ours / theirs:.2f} (medians of {_STARTS})"
    )


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    _output(command)
    return time.perf_counter() - began


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """One conversation about many components, in a process of its own."""
    from contest import converse  # noqa: PLC0415  only the child has a use for it
    from sites import CASES, simulate  # noqa: PLC0415

    run = converse(simulate(CASES[0], _COMPONENTS, 0), sys.argv[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sys.argv[1]} with {_COMPONENTS} components: peak memory {peak:.0f} MiB, {run.restarts} restarts,"
        f" {1000 * run.processor:.0f} ms of processor time for each decision"
    )


if __name__ == "__main__":
    main()
