"""The culprits of ``run.py``, looked at and not switched: where does the true one stand, and what did looking cost?

Each look has a lab host of its own, one at a time. Needs root on Debian.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from modbisect import lab
from scenes import SCENES, Scene

_LINE = "{:<26} {:<50} {:>5} {:>6} {:>6}  {}"


def looked(scene: Scene, seconds: int) -> dict[str, Any]:
    """The JSON of one look."""
    name = f"look-{os.getpid()}"
    lab.up(name, [lab.SETUPS / f"{setup}.sh" for setup in ("shop", "pages", *scene.setups)])
    try:
        with tempfile.TemporaryDirectory() as folder:
            playbook, inventory = Path(folder) / "book.yml", Path(folder) / "hosts.yml"
            playbook.write_text(scene.playbook("auto"))
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


def main() -> None:
    """The table: rank of each true culprit among all, its share, the look's own cost, what was seen first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="this scene alone")
    parser.add_argument("--seconds", type=int, default=5, help="how long each look lasts (5)")
    arguments = parser.parse_args()
    print(_LINE.format("culprit", "component", "rank", "share", "cost", "seen first"))
    for scene in SCENES:
        if arguments.only not in (None, scene.name):
            continue
        answer = looked(scene, arguments.seconds)
        ranked = answer["suspicions"]
        first = ranked[0] if ranked else {"component": "nothing", "why": ""}
        for component in sorted(one for culprit in scene.truth for one in culprit):
            places = [place for place, one in enumerate(ranked, 1) if one["component"] == component]
            place = str(places[0]) if places else "-"
            share = f"{100 * ranked[places[0] - 1]['share']:.0f} %" if places else ""
            cost = f"{100 * answer['cost_seconds'] / answer['seconds']:.0f} %"
            seen = f"{first['component']}: {first['why']}"
            print(_LINE.format(scene.name, component, place, share, cost, seen)[:220], flush=True)


if __name__ == "__main__":
    main()
