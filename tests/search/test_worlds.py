"""Golden worlds: a site in a few lines, and the whole conversation a planner has with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from worldtext import transcript, world

from modbisect.search import auto

WORLDS = sorted((Path(__file__).parent / "worlds").glob("*.txt"))
UPDATE = "UPDATE_GOLDEN"


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_conversation_is_as_recorded(path: Path) -> None:
    header, _, expected = path.read_text().partition("---\n")
    site = world(header)
    text = transcript(*site.run(auto), [one.id for one in site.components])
    if os.environ.get(UPDATE):
        path.write_text(f"{header}---\n{text}")
    else:
        assert text == expected, f"{path.name}: set {UPDATE}=1 to record the new conversation, and read the diff"


def test_never_more_are_flipped_than_there_are() -> None:
    said = [each for path in WORLDS for each in re.findall(r"needs: (\d+) of (\d+) suspects", path.read_text())]
    assert said
    assert all(int(flipped) < int(of) for flipped, of in said)


def test_there_are_worlds() -> None:
    assert len(WORLDS) >= 15
