"""Verbs that only look: every file of the host, its server's process and the guard's folder stay as they are."""

from __future__ import annotations

import json

import pytest

from guard.lab_target import Target
from run.controller import Controllers

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "verb",
    [
        ("plan", "PLAYBOOK", "HOST"),
        ("plan", "PLAYBOOK", "HOST", "--verbose"),
        ("plan", "PLAYBOOK", "HOST", "--json"),
        ("scan", "HOST"),
        ("scan", "HOST", "--all", "--playbook", "PLAYBOOK"),
        ("scan", "HOST", "--json"),
        ("scan", "HOST", "--since", "36h", "--url", "/items/12"),
        ("status", "HOST"),
        ("restore", "HOST"),
        ("probe", "PLAYBOOK", "HOST", "-n", "1"),
    ],
    ids=" ".join,
)
def test_looking_touches_nothing(target: Target, controllers: Controllers, verb: tuple[str, ...]) -> None:
    before = target.untouched()
    ended = controllers.start(*verb).ended()
    assert ended.code == 0, ended.said
    assert ended.out
    assert target.untouched() == before
    assert target.sh("ls -d /var/lib/modbisect /run/modbisect 2>/dev/null; :") == ""
    if "--json" in verb:
        json.loads(ended.out)
