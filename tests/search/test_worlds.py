"""Golden worlds: a site in a few lines, and the whole conversation a planner has with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from worldtext import transcript, world

from modbisect.search import auto

WORLDS = sorted((Path(__file__).parent / "worlds").glob("*.txt"))
UPDATE = "MODBISECT_UPDATE_WORLDS"


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_conversation_is_as_recorded(path: Path) -> None:
    header, _, expected = path.read_text().partition("---\n")
    site = world(header)
    text = transcript(*site.run(auto), [one.id for one in site.components])
    if os.environ.get(UPDATE):
        path.write_text(f"{header}---\n{text}")
    else:
        assert text == expected, f"{path.name}: set {UPDATE}=1 to record the new conversation, and read the diff"


def test_there_are_worlds() -> None:
    assert len(WORLDS) >= 15
