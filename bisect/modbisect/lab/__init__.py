"""The lab: real Debian hosts on one Linux box, to plant a slow component in and to find it again.

A host is an overlay on one cached Debian tree and a set of namespaces with a real systemd in it; it has an
address of its own that only this box reaches. Needs root.
"""

import re
from itertools import takewhile
from pathlib import Path

from modbisect.lab.errors import LabError
from modbisect.lab.host import LabHost, boot, down, execute, hosts, inventory, kill, off, up
from modbisect.lab.sources import SUITES
from modbisect.lab.tree import build_tree

SETUPS = Path(__file__).parent / "setups"
_FILE = re.compile(r"([\w-]+)\.sh\b")
"""Remarks name other setups by their files."""


def plantings() -> dict[str, str]:
    """What each script of `SETUPS` plants, in its own words, by name."""
    return {path.stem: _remark(path.read_text(encoding="utf-8")) for path in sorted(SETUPS.glob("*.sh"))}


def _remark(script: str) -> str:
    _, *lines = script.splitlines()
    said = " ".join(line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), lines))
    return _FILE.sub(r"\1", said)


__all__ = [
    "SETUPS",
    "SUITES",
    "LabError",
    "LabHost",
    "boot",
    "build_tree",
    "down",
    "execute",
    "hosts",
    "inventory",
    "kill",
    "off",
    "plantings",
    "up",
]
