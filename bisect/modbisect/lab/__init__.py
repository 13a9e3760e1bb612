"""The lab: real Debian hosts on one Linux box, to plant a slow component in and to find it again.

A host is an overlay on one cached Debian tree and a set of namespaces with a real systemd in it; it has an
address of its own that only this box reaches. Needs root.
"""

from pathlib import Path

from modbisect.lab.errors import LabError
from modbisect.lab.host import LabHost, boot, down, execute, hosts, inventory, kill, up
from modbisect.lab.sources import SUITES
from modbisect.lab.tree import build_tree

SETUPS = Path(__file__).parent / "setups"

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
    "up",
]
