"""The playbook that ``scan --write`` wrote, with what a person would have to change in it for a case."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

BUDGET = "4m"

_Words = tuple[str, ...]


def written(
    wanted: str, folder: Path, scan: Callable[[_Words], subprocess.CompletedProcess[str]]
) -> tuple[str, tuple[str, ...]]:
    """A playbook's text, and the lines that were changed by hand, as ``probe: cookies``.

    Args:
        wanted: the playbook of somebody who knows the host; of it counts what is slow, and what must be said of that.
        folder: an empty one.
        scan: runs ``modbisect scan HOST`` with further words.

    Raises:
        RuntimeError: nothing was written.
    """
    book: dict[str, Any] = yaml.safe_load(wanted)
    symptom: dict[str, Any] = book["symptom"]
    probe: dict[str, Any] = book["probes"][symptom["probe"]]
    url = str(probe.get("get") or probe.get("post"))
    words: _Words = ("--url", url, "--write", str(folder))
    if upload := probe.get("file"):
        words += ("--upload", f"{upload['field']}:{upload['size']}")
    done = scan(words)
    if not (folder / "playbook.yml").exists():
        raise RuntimeError(done.stderr.strip())
    told: dict[str, Any] = yaml.safe_load((folder / "playbook.yml").read_text())
    name = told.get("symptom", {}).get("probe") or next(iter(told["probes"]))
    ours = told["probes"][name]
    changes = []
    for key, value in probe.items():
        if key in ("get", "file", "expect") or (key == "post" and upload):
            continue
        if key == "post":
            ours.pop("get", None)
        ours[key] = value
        changes.append(f"probe: {key}")
    for key, value in symptom.items():
        if key != "probe":
            told.setdefault("symptom", {"probe": name})[key] = value
            changes.append(f"symptom: {key}")
    if "components" in book:
        told["components"] = book["components"]
        changes += [f"components: {key}" for key in book["components"]]
    told["budget"] = {"time": book.get("budget", {}).get("time", BUDGET)}
    return yaml.safe_dump(told, sort_keys=False), tuple(changes)
