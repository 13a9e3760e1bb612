"""Culprits looked at and not switched: where does the true one stand, by which sight, and what did looking cost?

Those of ``run.py``, or with ``--planted`` those that were planted by people who had not read the rules, on any Debian
release that the lab has. Each look has a lab host of its own, one at a time. Needs root on Debian.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from modbisect import lab
from scenes import SCENES, Planted, Scene, planted

_LINE = "{:<26} {:<44} {:>5} {:>6} {:>5}  {:<18} {}"
_FIRST = 5


def looked(case: Scene | Planted, seconds: int, suite: str | None) -> dict[str, Any]:
    """The JSON of one look.

    Raises:
        RuntimeError: there was none.
        LabError: the host could not be made, as where a release has no such package.
    """
    name = f"look-{os.getpid()}"
    ours = [lab.SETUPS / "shop.sh", lab.SETUPS / "pages.sh"]
    lab.up(name, [*ours, *case.scripts], packages=case.packages, suite=suite)
    try:
        with tempfile.TemporaryDirectory() as folder:
            playbook, inventory = Path(folder) / "book.yml", Path(folder) / "hosts.yml"
            playbook.write_text(case.playbook("auto"))
            inventory.write_text(lab.inventory())
            words = ("look", name, "-p", str(playbook), "-i", str(inventory), "-s", str(seconds), "--json")
            done = subprocess.run(
                [sys.executable, "-m", "modbisect", *words], capture_output=True, text=True, timeout=200, check=False
            )
            if not done.stdout:
                raise RuntimeError(done.stderr)
            answer: dict[str, Any] = json.loads(done.stdout)
            return answer
    finally:
        with suppress(lab.LabError):
            lab.down(name)


def sight(why: str, moments: list[dict[str, Any]]) -> str:
    """By which part of the look the words came about."""
    if why.startswith("waiting for a process"):
        return "queue"
    for moment in moments:
        frames = moment["frames"]
        if frames and why.startswith(str(frames[0]).partition(",")[0]):
            return "frames, wait" if ", waiting for " in why else "frames"
    if why.startswith("running"):
        return "stack, open file" if why.endswith(" open") else "running stack"
    return "wait, stack" if ", in " in why else "wait"


def main() -> None:
    """The table: rank of each true culprit among all, its share, the look's own cost, by which sight, and the words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", nargs="*", help="these alone")
    parser.add_argument("--planted", action="store_true", help="those that others planted")
    parser.add_argument("--suite", help="the Debian release of the hosts")
    parser.add_argument("--seconds", type=int, default=5, help="how long each look lasts (5)")
    arguments = parser.parse_args()
    print(_LINE.format("culprit", "component", "rank", "share", "cost", "by", "seen of it, or of the first"))
    ranks: list[int] = []
    for case in planted() if arguments.planted else SCENES:
        if not case.truth or (arguments.only and case.name not in arguments.only):
            continue
        try:
            answer = looked(case, arguments.seconds, arguments.suite)
        except (RuntimeError, lab.LabError) as error:
            print(f"{case.name:<26} not planted: {str(error).strip().splitlines()[-1][:150]}", flush=True)
            continue
        ranks.append(_tell(case, answer))
    count = Counter("first" if rank == 1 else f"in {_FIRST}" if 0 < rank <= _FIRST else "not seen" for rank in ranks)
    print(
        f"\n{len(ranks)} hosts: " + ", ".join(f"{count[word]} {word}" for word in ("first", f"in {_FIRST}", "not seen"))
    )


def _tell(case: Scene | Planted, answer: dict[str, Any]) -> int:
    """Print a line for each component of the truth; the best rank of any, 0 where none was seen."""
    ranked = answer["suspicions"]
    cost = f"{100 * answer['cost_seconds'] / answer['seconds']:.0f} %"
    best = 0
    for component in sorted(frozenset().union(*case.truth)):
        rank = next((place for place, one in enumerate(ranked, 1) if one["component"] == component), 0)
        if rank and (best == 0 or rank < best):
            best = rank
        told = ranked[rank - 1] if rank else (ranked[0] if ranked else {"component": "nobody", "share": 0, "why": ""})
        share = f"{100 * told['share']:.0f} %" if rank else ""
        by = sight(told["why"], answer["moments"]) if rank else ""
        words = told["why"] if rank else f"{told['component']}: {told['why']}"
        print(_LINE.format(case.name, component, rank or "-", share, cost, by, words)[:230], flush=True)
    return best


if __name__ == "__main__":
    main()
