"""A whole run as a person starts it, on a lab host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from modbisect import lab
from modbisect.report import Report, from_json
from warm import modbisect

MANIFEST = (
    "for d in /etc/apache2 /etc/php /var/lib/apache2 /var/lib/php/modules /etc/systemd/system; do "
    r"find $d -printf '%p %y %m %U %G %T@ %l\n'; find $d -type f -exec sha256sum {} +; done | sort"
)


def manifest(host: str) -> str:
    """Paths, types, modes, owners, times, targets and contents of all that a run could touch."""
    return lab.execute(host, ["sh", "-c", MANIFEST]).stdout.decode()


@dataclass(frozen=True)
class Outcome:
    code: int
    report: Report
    document: dict[str, object]
    progress: str


def run(folder: Path, host: str, playbook: str, *arguments: str) -> Outcome:
    (folder / "playbook.yml").write_text(playbook)
    (folder / "inventory.yml").write_text(lab.inventory())
    words = (str(folder / "playbook.yml"), host, "-i", str(folder / "inventory.yml"), "--json", *arguments)
    done = modbisect("run", *words, timeout=600)
    assert done.stdout, done.stderr
    return Outcome(done.returncode, from_json(done.stdout), json.loads(done.stdout), done.stderr)
