"""What a run says of those that were seen at work and stay, before it switches anything."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from modbisect import kinds
from modbisect.kinds import Look
from modbisect.playbook import parse_playbook
from modbisect.run import beginning

if TYPE_CHECKING:
    from modbisect.run.story import Story

SURVEY = (Path(__file__).parents[1] / "kinds" / "surveys" / "debian12-shop.txt").read_text()
DESK = "@@ app-settings\nfile\t/etc/desk/10-base.py\t-\tunit desk.service\tdesk.service\n@@ end\n"
PLAYBOOK = parse_playbook("{version: 1, name: n, probes: {p: {get: /}}, symptom: {probe: p}}")
DESKS = "seen 4.000|R||||tcp 127.0.0.1:8001\n"
MODULE = "seen 4.000|R||/usr/lib/php/20220829/calendar.so|main, /var/www/html/index.php:2|\n"


@pytest.mark.parametrize(("moments", "advised"), [([DESKS], True), ([DESKS, MODULE], False), ([MODULE], False)])
def test_to_allow_first_is_advised_where_nobody_else_was_seen(moments: list[str], advised: bool) -> None:  # noqa: FBT001
    said: list[object] = []
    story = cast("Story", SimpleNamespace(playbook=PLAYBOOK, observe=said.append))
    found = kinds.parse(SURVEY.replace("@@ end\n", DESK))
    text = f"look 1\nseconds 9.00\nbusy {4 * len(moments)}.00\nsamples 90\ncpu 0.10\n{''.join(moments)}end\n"
    beginning._suspected(story, found, beginning.suspects_of(PLAYBOOK, found), Look.read(text))
    lines = [str(event) for event in said]
    assert any("let that be switched first" in line for line in lines) is advised, lines
    assert any("'unit desk.service'" in line for line in lines) is (DESKS in moments)
