"""A history of another shape: each has its own sentence, and none a traceback."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from modbisect.errors import Refused
from modbisect.history import CanaryResult, History, store

RESULT = CanaryResult("web1", "p", "upload", 1.0, 0.5, (0.4, 0.6), verdict="steady")
COLUMNS = "id INTEGER PRIMARY KEY, host, playbook, probe, at, median_seconds, samples, broken, verdict, peak_memory"
COLUMNS += ", seen, usual_seconds, alarm_seconds, changed, run"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "history.db"
    with History(f"sqlite:///{found}") as history:
        history.record(RESULT)
    return found


def use(path: Path) -> None:
    """All that a canary does with it."""
    with History(f"sqlite:///{path}") as history:
        history.recent("web1", "p", "upload", 10)
        history.record(RESULT)


def sql(*statements: str) -> Callable[[Path], None]:
    def doctor(path: Path) -> None:
        with sqlite3.connect(path) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return doctor


def value(column: str, expression: str) -> Callable[[Path], None]:
    return sql(f"UPDATE modbisect_canary SET {column} = {expression}")  # noqa: S608  # of this file alone


def anew(statement: str) -> Callable[[Path], None]:
    return sql("DROP TABLE modbisect_canary", statement)


def text(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))
    path.symlink_to(path.with_name("elsewhere.db"))


DOCTORED = [
    ("no database", text(b"this is no database\n" * 100), "not a database"),
    ("cut short", lambda path: os.truncate(path, 5000), "malformed|disk I/O"),
    ("a folder", folder, "unable to open"),
    ("a fifo", fifo, "neither file nor folder"),
    ("a link", link, "is a link"),
    ("others may write it", lambda path: path.chmod(0o666), "others may write"),
    ("others may write its folder", lambda path: path.parent.chmod(0o777), "others may write"),
    ("of the future", sql("UPDATE modbisect_schema SET version = 7"), "it has schema 7, and"),
    ("of no time", sql("UPDATE modbisect_schema SET version = -1"), "it has schema -1, and"),
    (
        "a version in words",
        sql("DROP TABLE modbisect_schema", "CREATE TABLE modbisect_schema (version)",
            "INSERT INTO modbisect_schema VALUES ('one')"),
        "schema 'one'",
    ),
    (
        "two versions",
        sql("DROP TABLE modbisect_schema", "CREATE TABLE modbisect_schema (version)",
            "INSERT INTO modbisect_schema VALUES (1), (2)"),
        "schema 1, 2",
    ),
    (
        "a version table of another shape",
        sql("DROP TABLE modbisect_schema", "CREATE TABLE modbisect_schema (name)"),
        "no such column",
    ),
    ("columns missing", anew("CREATE TABLE modbisect_canary (id INTEGER PRIMARY KEY, host)"), "has no playbook, probe"),
    ("a view", anew("CREATE VIEW modbisect_canary AS SELECT 1 AS id"), "view|has no host"),
    (
        "a column too many",
        anew(f"CREATE TABLE modbisect_canary ({COLUMNS}, more NOT NULL)"),
        "NOT NULL constraint failed",
    ),
    ("samples of null", value("samples", "'null'"), "samples: "),
    ("samples of words", value("samples", "'[\"a\"]'"), "samples.0: "),
    ("samples of another kind", value("samples", "'{\"a\": 1}'"), "samples: "),
    ("samples that are no JSON", value("samples", "'[0.1, '"), "Expecting value"),
    ("samples of bytes", value("samples", "x'ff00ff'"), "decode|samples"),
    ("samples nested without end", value("samples", f"'{'[' * 100_000}'"), "recursion"),
    ("a time in words", value("median_seconds", "'slow'"), "median_seconds: "),
    ("a moment in words", value("at", "'yesterday'"), "at: "),
    ("memory in words", value("peak_memory", "'much'"), "peak_memory: "),
    ("a reason of bytes", value("broken", "x'ff'"), "broken: "),
    ("text in another encoding", value("broken", "CAST(x'e4f6fc' AS TEXT)"), "decode"),
    ("a verdict that is a number", sql(
        "CREATE TABLE other AS SELECT * FROM modbisect_canary", "DROP TABLE modbisect_canary",
        f"CREATE TABLE modbisect_canary ({COLUMNS})", "INSERT INTO modbisect_canary SELECT * FROM other",
        "UPDATE modbisect_canary SET verdict = 7"), "verdict: "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("doctor", "says"), [(act, says) for _, act, says in DOCTORED], ids=[one[0] for one in DOCTORED]
)
def test_a_doctored_history_is_refused_in_words(path: Path, doctor: Callable[[Path], None], says: str) -> None:
    doctor(path)
    with pytest.raises(Refused, match=says) as caught:
        use(path)
    assert str(path) in caught.value.what
    assert caught.value.advice


@pytest.mark.parametrize(
    "doctor",
    [text(b""), sql("DROP TABLE modbisect_canary"), sql("DROP TABLE modbisect_schema")],
    ids=["an empty file", "no measurements", "no version"],
)
def test_what_is_only_missing_is_made(path: Path, doctor: Callable[[Path], None]) -> None:
    doctor(path)
    use(path)


def test_a_history_that_another_keeps_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Refused, match="locked") as caught:
        use(path)
    assert "fuser" in caught.value.advice
    other.close()


def test_no_umask_opens_the_folder_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        use(tmp_path / "a" / "b" / "history.db")
    finally:
        os.umask(before)
    for made in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "history.db"):
        assert made.stat().st_mode & 0o022 == 0
