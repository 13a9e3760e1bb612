"""What ``plan`` says, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from cli.hostile import Commands
from modbisect.kinds import Found, parse
from modbisect.model import Asked
from modbisect.run import outlook

BOOK = "version: 1\nprobes: {home: {get: /}}\nsymptom: {slower_than: 2s}\n"
SURVEY = Path(__file__).parents[1] / "kinds/surveys/debian12-shop.txt"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A playbook for a host of which only the survey is there; its configuration tests all pass."""

    def survey(_: object, listings: object, asked: Asked) -> Found:
        assert (listings, asked) == ((), Asked(80, "web1", "/"))
        return parse(SURVEY.read_text())

    def tests(_: object, wanted: Mapping[str, Sequence[object]]) -> Mapping[str, object]:
        del wanted
        return {}

    monkeypatch.setattr("modbisect.api.opened", lambda *_: nullcontext())
    monkeypatch.setattr(outlook, "survey", survey)
    monkeypatch.setattr(outlook, "config_tests", tests)
    path = tmp_path / "book.yml"
    path.write_text(BOOK)
    return str(path)


def test_a_plan_ends_with_a_summary_by_kind(command: Commands, book: str) -> None:
    lines = command("plan", book, "web1").out.splitlines()
    assert len(lines) == 3
    assert "as simulated sites of that size with one culprit took" in lines[0]
    assert lines[1].startswith("may be flipped: ")
    assert " Apache modules, " in lines[1]
    assert lines[2].startswith("stays as found: ")
    assert lines[2].endswith("not reachable here: the application itself, the database, the system")


def test_the_lists_come_when_asked_for(command: Commands, book: str) -> None:
    lines = command("plan", book, "web1", "--verbose").out.splitlines()
    assert sum(line.startswith("may be flipped: apache-module:") for line in lines) > 10
    assert lines[-2:] == command("plan", book, "web1").out.splitlines()[-2:]


def test_it_is_never_silent(command: Commands, book: str) -> None:
    assert command("plan", book, "web1").err.splitlines() == [
        "web1: connecting",
        "web1: looking at what is there",
        "web1: asking, on a copy, what the configuration needs",
    ]
