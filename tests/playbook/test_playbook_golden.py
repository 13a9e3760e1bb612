"""Wrong files in, messages out. A case is a file: the text, a line of ``=``, the message.

``UPDATE_GOLDEN=1 pytest ...`` writes the messages anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modbisect.errors import UsageError
from modbisect.inventory import parse_inventory
from modbisect.playbook import parse_playbook

HERE = Path(__file__).parent
PLAYBOOKS = sorted((HERE / "cases").glob("*.txt"))
INVENTORIES = sorted((HERE.parent / "inventory" / "cases").glob("*.txt"))
RULE = "\n========\n"


def told(text: str, *, inventory: bool) -> str:
    with pytest.raises(UsageError) as caught:
        _ = parse_inventory(text, "i.yml") if inventory else parse_playbook(text, "p.yml")
    return str(caught.value)


@pytest.mark.parametrize("case", [*PLAYBOOKS, *INVENTORIES], ids=lambda case: f"{case.parts[-3]}-{case.stem}")
def test_message(case: Path) -> None:
    text, _, expected = case.read_text().partition(RULE)
    message = told(text, inventory=case in INVENTORIES)
    if os.environ.get("UPDATE_GOLDEN"):
        case.write_text(f"{text}{RULE}{message}\n")
    else:
        assert message == expected.rstrip("\n")


def test_there_are_cases() -> None:
    assert len(PLAYBOOKS) > 10
    assert len(INVENTORIES) > 5
