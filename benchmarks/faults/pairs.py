"""Two parts that die at the same time, and the host still comes back: each pair has its turn.

``fuzz.py --pairs`` plays each once; ``pairs.py FILE`` prints the table of what ``fuzz.py --json FILE`` has played.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import damage
import watchers
from result import Result
from strikes import put_back, watched
from trial import Trial

NAME = "two parts at once"
_IDLE_SECONDS = 1.0
_SURVIVES = "/root/disk"
"""A disk of the bench is back behind a boot when it was copied there: see small.sh."""


@contextmanager
def _controller(trial: Trial) -> Iterator[None]:
    trial.kill(trial.controllers[-1])
    yield


@contextmanager
def _keep(trial: Trial) -> Iterator[None]:
    trial.sight.call("pkill", "-KILL", "-f", watchers.KEEP)
    yield


@contextmanager
def _power(trial: Trial) -> Iterator[None]:
    trial.cut()
    trial.kill(trial.controllers[-1])
    yield


def _network(trial: Trial) -> AbstractContextManager[None]:
    return damage.silence(trial.host)


@contextmanager
def _disk(trial: Trial) -> Iterator[None]:
    damage.fill(trial.sight, trial.disk, "blocks")
    yield


PARTS: dict[str, Callable[[Trial], AbstractContextManager[None]]] = {
    "controller": _controller,
    "network": _network,
    "keep": _keep,
    "timer": watchers.stopped_timer,
    "tick": watchers.stopped_tick,
    "disk": _disk,
    "power": _power,
}
"""What may die; the disk is full, the tick stopped."""
PAIRS = tuple(combinations(PARTS, 2))


def two_parts(trial: Trial) -> None:
    """Both at a drawn moment; the host is put back while they are dead, or by the boot."""
    pair = PAIRS[trial.seed % len(PAIRS)]
    trial.by_itself, trial.whole_journal = True, False
    if "disk" in pair:
        trial.may_stay = damage.BASE
        trial.disk = damage.BASE  # what fills another folder of the run's lies in it, and is somebody's edit there
    with damage.small_disk(trial.sight, trial.disk) if trial.disk else nullcontext(), ExitStack() as dead:
        controller = trial.start(replace(trial.plan, idle=_IDLE_SECONDS))
        trial.moment(controller, "measure")
        for part in pair:
            if pair == ("disk", "power") and part == "power":
                trial.sight.sh('cp -a "$1" "$2"', trial.disk, _SURVIVES)
                dead.callback(trial.sight.sh, 'rm -r "$1"', _SURVIVES)
            dead.enter_context(PARTS[part](trial))
        trial.step = " + ".join(pair)
        trial.struck()
        if "power" in pair:
            if "network" in pair:
                dead.close()  # the lab waits until a host that boots can be reached
            trial.reboot()
            trial.struck()
        watched(trial, put_back, alive="network" not in pair)
        dead.close()
        if trial.disk:
            damage.clear(trial.sight, trial.disk)
            trial.calm()


def table(results: Sequence[Result]) -> str:
    """The pairs as a Markdown table: the slowest way back in seconds, or FAILED, or nothing where it was not tried."""
    cells: dict[str, str] = {}
    for result in sorted((one for one in results if one.fault == NAME), key=lambda one: one.seconds):
        failed = result.failure or cells.get(result.step) == "FAILED"
        cells[result.step] = "FAILED" if failed else f"{result.seconds:.1f} s"
    names = list(PARTS)
    rows = [["", *names[1:]], ["---"] * len(names)]
    for row in names[:-1]:
        later = names[names.index(row) + 1 :]
        rows.append([row, *(cells.get(f"{row} + {one}", "") if one in later else "" for one in names[1:])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="what fuzz.py --json has written")
    lines = [json.loads(line) for line in parser.parse_args().file.read_text().splitlines()]
    print(table([Result(**line) for line in lines if "fault" in line]))


if __name__ == "__main__":
    main()
