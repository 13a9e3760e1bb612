import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modbisect.errors import Refused, UsageError
from modbisect.history import CanaryResult, History
from modbisect.history.tables import SCHEMA

RESULT = CanaryResult(
    host="web1",
    playbook="upload-slow",
    probe="upload",
    at=1_784_023_502.25,
    median_seconds=0.181,
    samples=(0.179, 0.181, 0.1 + 0.2),
    verdict="steady",
    peak_memory=5 << 30,
)
KIND = (RESULT.host, RESULT.playbook, RESULT.probe)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state' / 'history.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database of either kind."""
    wanted: str = request.getfixturevalue("url" if request.param == "sqlite" else "postgresql")
    return wanted


def test_what_was_recorded_is_there_in_another_process_and_exact(any_url: str) -> None:
    broken = replace(RESULT, at=RESULT.at + 1, median_seconds=0, samples=(), broken="status 500", peak_memory=None)
    with History(any_url) as history:
        history.record(RESULT)
        history.record(broken)
    with History(any_url) as history:
        assert history.recent(*KIND, limit=10) == (RESULT, broken)


TIMES = st.floats(1e-6, 1e6)


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            CanaryResult,
            host=st.sampled_from(["web1", "web2"]),
            playbook=st.sampled_from(["a", "b"]),
            probe=st.sampled_from(["upload", "page"]),
            at=st.integers(0, 5).map(float),
            median_seconds=TIMES,
            samples=st.lists(TIMES, max_size=4).map(tuple),
            broken=st.text(max_size=5),
        ),
        max_size=12,
    ),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_the_newest_of_each_kind_stay_in_order(results: list[CanaryResult], keep: int, limit: int) -> None:
    with History("sqlite://", keep=keep) as history:
        expected: dict[tuple[str, str, str], list[CanaryResult]] = {}
        for result in results:
            history.record(result)
            kind = result.host, result.playbook, result.probe
            of_kind = [*expected.get(kind, []), result]
            expected[kind] = sorted(of_kind, key=lambda one: one.at)[-keep:]
        for kind, wanted in expected.items():
            assert list(history.recent(*kind, limit=limit)) == (wanted[-limit:] if limit else [])
    assert not [kind for kind, wanted in expected.items() if len(wanted) > keep]


def test_a_kind_without_results_has_none(any_url: str) -> None:
    with History(any_url) as history:
        history.record(RESULT)
        assert history.recent("web1", "upload-slow", "page", limit=5) == ()
        assert history.recent(*KIND, limit=-1) == ()


WRITER = """
import sys
from modbisect.history import CanaryResult, History
sys.stdin.readline()
for number in range(30):
    with History(sys.argv[1]) as history:
        history.record(CanaryResult("web1", "p", "q", float(number), 1.0, (1.0,), sys.argv[2]))
        history.recent("web1", "p", "q", 5)
"""


def test_two_writers_lose_nothing(any_url: str) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, any_url, name], stdin=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    with History(any_url) as history:
        seen = history.recent("web1", "p", "q", limit=100)
    assert sorted((one.broken, one.at) for one in seen) == [(name, float(at)) for name in "ab" for at in range(30)]


def test_an_interrupted_writer_leaves_a_whole_result_or_none(any_url: str) -> None:
    with History(any_url) as history:
        history.record(RESULT)
    script = """
import os, sys
from modbisect.history import CanaryResult, History, store
def die(*_): os._exit(9)
store.event.listen(store.Engine, "commit", die)
with History(sys.argv[1]) as history:
    history.record(CanaryResult("web1", "upload-slow", "upload", 9e9, 1.0))
"""
    assert subprocess.run([sys.executable, "-c", script, any_url], check=False).returncode == 9
    with History(any_url) as history:
        assert history.recent(*KIND, limit=5) == (RESULT,)


KILLED = """
import sys
from modbisect.history import CanaryResult, History
with History(sys.argv[1]) as history:
    print("begun", flush=True)
    for number in range(10**6):
        history.record(CanaryResult("web1", "p", sys.argv[2], float(number), 1.0, (1.0, 2.0)))
        print(number, flush=True)
"""


def test_writers_that_are_killed_at_any_moment_lose_nothing_that_they_had_kept(any_url: str) -> None:
    for round_ in range(2):
        names = [f"{round_}{letter}" for letter in "ab"]
        writers = [
            subprocess.Popen([sys.executable, "-c", KILLED, any_url, name], stdout=subprocess.PIPE, text=True)
            for name in names
        ]
        said = []
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "begun\n"
        for writer in writers:  # each has kept a few, and both are at work when the first is killed
            assert writer.stdout
            said.append([writer.stdout.readline() for _ in range(2 + round_)])
        for number, writer in enumerate(writers):
            writer.kill()
            assert writer.stdout
            rest = writer.stdout.read().splitlines()
            writer.wait()
            told = [int(line) for line in (*said[number], *rest) if line.strip().isdecimal()]
            with History(any_url) as history:
                kept = [int(one.at) for one in history.recent("web1", "p", names[number], limit=10_000)]
            assert kept == list(range(len(kept)))
            assert set(told) <= set(kept)
            assert len(kept) <= len(told) + 1, "no more than the one that it was about to tell of"


def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir(mode=0o700)
    if subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "none", str(small)], check=False
    ).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        url = f"sqlite:///{small / 'history.db'}"
        kept = 0
        with History(url) as history, pytest.raises(Refused, match="full") as refused:  # noqa: PT012
            for kept in range(10_000):
                history.record(replace(RESULT, at=float(kept), samples=tuple(map(float, range(200)))))
        assert "room" in refused.value.advice
        with History(url) as history:
            assert [one.at for one in history.recent(*KIND, limit=10_000)] == [float(at) for at in range(kept)]
    finally:
        subprocess.run(["/bin/umount", str(small)], check=True)


def test_postgresql_takes_the_whole_of_it(postgresql: str) -> None:
    slow = [replace(RESULT, at=float(at), verdict="slower", usual_seconds=0.1) for at in range(3)]
    with History(postgresql, keep=4) as history:
        for result in (replace(RESULT, at=-2.0), replace(RESULT, at=-1.0), *slow):
            history.record(result)
        [watched] = history.watched()
        assert (watched.results, watched.first, watched.last) == (4, -1.0, 2.0)
        assert history.accept(*KIND) == 3
        assert [one.verdict for one in history.recent(*KIND, limit=9)] == ["steady", *["accepted"] * 3]


def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"this is no database\n" * 100)
    with pytest.raises(Refused, match=str(path)) as caught, History(f"sqlite:///{path}"):
        pass
    assert "move aside" in caught.value.advice
    assert path.read_bytes() == b"this is no database\n" * 100


def test_a_result_that_cannot_be_read_is_told(url: str, tmp_path: Path) -> None:
    with History(url) as history:
        history.record(RESULT)
        with sqlite3.connect(tmp_path / "state" / "history.db") as connection:
            connection.execute("UPDATE modbisect_canary SET samples = '[0.1, '")
        with pytest.raises(Refused, match=r"history\.db"):
            history.recent(*KIND, limit=1)


@pytest.mark.parametrize("below", ["history.db", "folder/history.db"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / below
    with pytest.raises(Refused, match=str(path)) as caught, History(f"sqlite:///{path}"):
        pass
    assert caught.value.advice


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=str(tmp_path)), History(f"sqlite:///{tmp_path}"):
        pass


def test_a_history_of_an_earlier_schema_goes_on(url: str, tmp_path: Path) -> None:
    with History(url) as history:
        history.record(RESULT)
    path = tmp_path / "state" / "history.db"
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE modbisect_canary DROP COLUMN seen")
        connection.execute("UPDATE modbisect_schema SET version = 1")
    slower = replace(RESULT, at=RESULT.at + 1, seen="98% stripos")
    with History(url) as history:
        history.record(slower)
        assert history.recent(*KIND, limit=9) == (RESULT, slower)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version FROM modbisect_schema").fetchall() == [(SCHEMA,)]


def test_a_newer_schema_is_refused_and_left_alone(url: str, tmp_path: Path) -> None:
    with History(url) as history:
        history.record(RESULT)
    path = tmp_path / "state" / "history.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE modbisect_schema SET version = version + 1")
    before = path.read_bytes()
    with (
        pytest.raises(Refused, match=f"schema {SCHEMA + 1}, and this modbisect knows {SCHEMA}") as caught,
        History(url),
    ):
        pass
    assert "update modbisect" in caught.value.advice
    assert path.read_bytes() == before


@pytest.mark.parametrize("url", ["", "history.db", "nosuch://x/y", "sqlite+nosuch:///x.db"])
def test_a_wrong_url_is_told(url: str) -> None:
    with pytest.raises(UsageError) as caught, History(url):
        pass
    assert caught.value.advice


def test_no_message_shows_a_password() -> None:
    for url in ("nosuch://user:hunter2@db/x", "user:hunter2@db/x"):
        with pytest.raises(UsageError) as caught, History(url):
            pass
        assert "hunter2" not in str(caught.value)


def test_a_history_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="0 results"):
        History("sqlite://", keep=0)
