"""A kind that comes with a package of its own, by an entry point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

KIND = """
from modbisect.kinds.kind import Kind
from modbisect.kinds.rules import EditRule

class CacheRule(Kind):
    name = "cache-rule"
    noun = "rule of the cache"
    survey = "cache_rule"
    packages = ()
    def components(self, found): return []
    def steps(self, found, flipped): return []
    def folders(self, found): return ()
    def units(self, found): return ()
    def rules(self): return (EditRule("cut", self.name, "/etc/cache/rules[.]conf", "rule .*"),)
    def remedy(self, found, component): return "# ..."
"""
PRINTS = """
from modbisect.host import helper
from modbisect.kinds import KINDS
from modbisect.playbook import parse_playbook
parse_playbook("probes: {home: {get: /}}\\ncomponents: {include: ['cache-rule:*']}")
print([kind.name for kind in KINDS][-1])
print("section cache-rules" in "".join(helper.parts("survey")), "/etc/cache/rules[.]conf" in helper.script().decode())
"""


def installed(folder: Path, module: str, target: str = "cacherules.kind:CacheRule") -> Path:
    """What pip leaves of a package, and no more than that."""
    package, info = folder / "cacherules", folder / "cacherules-1.0.dist-info"
    for each in (package, info):
        each.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "kind.py").write_text(module)
    (package / "cache_rule.sh").write_text("section cache-rules\ncat /etc/cache/rules.conf\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cacherules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[modbisect.kinds]\ncache-rule = {target}\n")
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_a_kind_like_all_others(tmp_path: Path) -> None:
    done = python(installed(tmp_path, KIND), "-c", PRINTS)
    assert (done.stdout, done.stderr) == ("cache-rule\nTrue True\n", "")


@pytest.mark.parametrize(
    ("module", "target", "why"),
    [
        ("import nothing_of_this_name", "cacherules.kind:CacheRule", "No module named 'nothing_of_this_name'"),
        ("CacheRule = dict", "cacherules.kind:CacheRule", "makes no modbisect.api.Kind"),
        (KIND.replace('"cache-rule"', '"htaccess"'), "cacherules.kind:CacheRule", "the name 'htaccess' is taken"),
        (KIND.replace('"cache-rule"', '"../x y"'), "cacherules.kind:CacheRule", "the name '../x y' is taken, or"),
        (KIND, "cacherules.kind:Other", "AttributeError"),
    ],
)
def test_one_that_cannot_be_used_is_told_with_who_brought_it(
    tmp_path: Path, module: str, target: str, why: str
) -> None:
    done = python(installed(tmp_path, module, target), "-m", "modbisect", "scan", "local")
    assert done.returncode == 2
    assert done.stderr.startswith("modbisect: the kind cache-rule that cacherules brings cannot be used: ")
    assert why in done.stderr
    assert "pip uninstall cacherules" in done.stderr
