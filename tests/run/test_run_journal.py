"""Whose journals are trusted: a hostile one would choose what a resumed run does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.hostile import Commands, check
from modbisect.errors import UsageError
from modbisect.run.events import Began
from modbisect.run.journal import Journal, read, runs_folder

RUN = "1a2b3c4d" * 4
BEGAN = Began(RUN, "web1", "p", "2026-01-01T00:00:00+00:00", "1.0", 7)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of a run."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    journal = Journal(RUN)
    journal(BEGAN)
    journal.close()
    return journal.path


def foreign(path: Path) -> None:
    os.chown(path, 12345, -1)


def link(path: Path) -> None:
    elsewhere = path.with_name(f"elsewhere-{path.name}")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


PLACES = {"journal": 0, "folder of the run": 1, "folder of the runs": 2, "state folder": 3}
WAYS: dict[str, Callable[[Path], None]] = {
    "of another user": foreign,
    "a link": link,
    "the group may write": lambda path: path.chmod(path.stat().st_mode | 0o020),
    "all may write": lambda path: path.chmod(path.stat().st_mode | 0o002),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
def test_a_journal_that_others_could_have_written_is_not_read(kept: Path, place: str, way: str) -> None:
    if way == "of another user" and os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    path = (kept, *kept.parents)[PLACES[place]]
    assert list(read("last")) == [BEGAN]
    WAYS[way](path)
    for run in ("last", RUN[:8]):
        with pytest.raises(UsageError, match="a journal must be the user's own") as caught:
            list(read(run))
        assert str(path) in caught.value.what


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["folder of the runs", "state folder"])
def test_nor_is_one_written_where_others_could_turn_it(kept: Path, place: str, way: str) -> None:
    if way == "of another user" and os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    WAYS[way]((kept, *kept.parents)[PLACES[place]])
    with pytest.raises(UsageError, match="a journal must be the user's own"):
        Journal("f" * 32)


def test_a_fifo_in_its_place_is_not_waited_for(kept: Path) -> None:
    fifo(kept)
    with pytest.raises(UsageError, match="neither file nor folder"):
        list(read("last"))


@pytest.mark.parametrize("mask", [0, 0o002, 0o077])
def test_no_umask_opens_the_state_folder_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / ".local" / "state"))
    before = os.umask(mask)
    try:
        Journal(RUN).close()
    finally:
        os.umask(before)
    for made in (tmp_path / "home").rglob("*"):
        assert made.stat().st_mode & 0o077 == 0, made
    assert runs_folder().is_dir()


def test_resume_and_report_say_what_is_wrong(command: Commands) -> None:
    journal = Journal(RUN)
    journal(BEGAN)
    journal.close()
    journal.path.parent.chmod(0o777)
    for verb in ("resume", "report"):
        check(verb, command(verb), 2, f"others may write {journal.path.parent} (mode 777)")
