"""A host that lies, a signal, a full disk: one clear error, the host as found. `pytest -s` prints the table."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.hostile import Answer, Commands, check
from modbisect.host.link import Result
from modbisect.lab.practice import CULPRIT, PracticeHost
from modbisect.lab.practice.shell import Shell
from practice.practice_runs import guard_status, small, state_of, written
from warm import Process, modbisect

STEERING = b"\x1b]0;owned\x07\x1b[2J\x1b[1;31mall is well\x9b0m\xe2\x80\xae"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path / "host", lambda on: CULPRIT in on) as host:
        yield host


@contextmanager
def answering(change: Callable[[Result], Result], line: str = "") -> Iterator[None]:
    """The host's answers to commands that hold ``line``, changed before the status in band is put behind them."""
    honest = Shell._command

    def lie(self: Shell, argv: list[str], stdin: bytes) -> Result:
        told = honest(self, argv, stdin)
        return change(told) if line in " ".join(argv) + stdin.decode(errors="replace") else told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shell, "_command", lie)
        yield


def out(data: bytes, status: int = 0, err: bytes = b"") -> Callable[[Result], Result]:
    return lambda _: Result(status, data, err)


def edited(old: bytes, new: bytes) -> Callable[[Result], Result]:
    return lambda told: Result(told.status, told.out.replace(old, new), told.err)


SURVEY, GUARD = "section system", "script arrived damaged"
LIES: list[tuple[str, str, Callable[[Result], Result], int]] = [
    ("endless output", "", out(b"A" * (5 << 20)), 4),
    ("binary output", "", out(bytes(range(256)) * 100), 4),
    ("a steering login", "", out(STEERING, 1, STEERING), 4),
    ("steering complaints of sudo", "sudo", out(b"", 1, STEERING), 4),
    ("no survey", SURVEY, out(b""), 4),
    ("a survey of 5 MB", SURVEY, out(b"@@ system\n" + b"x y\n" * 1_300_000), 4),
    ("a survey that ends early", SURVEY, edited(b"@@ end", b""), 4),
    ("a survey of nothing", SURVEY, out(b"@@ end\n"), 4),
    ("a server that is not a number", SURVEY, edited(b"\nparent ", b"\nparent nan\nx "), 4),
    ("a server without end", SURVEY, edited(b"\nparent ", b"\nparent 1e999\nx "), 4),
    ("a start in another script", SURVEY, edited(b"\nstart ", "\nstart ²\nx ".encode()), 1),
    ("times that are none", SURVEY, edited(b"\nuptime ", b"\nuptime nan\nx "), 4),
    ("a role that steers", SURVEY, edited(b"role ", b"role " + STEERING), 4),
    ("a stop file's word", SURVEY, edited(b"stop ", b"stop yes"), 4),
    ("a guard held by steering", SURVEY, edited(b"@@ guard", b"@@ guard\nstate ARMED\nowner " + STEERING), 4),
    (
        "a failing test that steers",
        SURVEY,
        edited(b"@@ configtest-status\n0", STEERING + b"\n@@ configtest-status\n1"),
        4,
    ),
    ("names of components that are shells", SURVEY, edited(b"mods-available/a", b"mods-available/$(touch x);a"), 4),
    ("a guard that holds nothing", GUARD, out(b"", 0), 4),
    ("a guard that refuses, steering", GUARD, out(b"", 75, STEERING), 4),
]


@pytest.mark.parametrize("lie", LIES, ids=[what for what, *_ in LIES])
def test_a_host_that_lies(
    command: Commands, made: PracticeHost, lie: tuple[str, str, Callable[[Result], Result], int]
) -> None:
    what, line, change, code = lie
    before = state_of(made)
    book, hosts = written(made, Path.cwd(), {})
    with answering(change, line):
        check(f"host: {what}", command("run", book, "practice", "-i", hosts), code)
    assert state_of(made) == before


class Started:
    """A run of its own process against the practice host, up to its second trial."""

    def __init__(self, made: PracticeHost, *options: str, env: dict[str, str] | None = None) -> None:
        book, hosts = written(made, Path.cwd(), {})
        words = ["run", book, "practice", "-i", hosts, *options]
        pipe, environment = subprocess.PIPE, {**os.environ, **(env or {})}
        self.process = Process(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, env=environment)

    def until(self, beginning: str) -> str:
        """What it says up to a line that begins so."""
        assert self.process.stderr
        said = ""
        for line in self.process.stderr:
            said += line
            if line.startswith(beginning):
                return said
        raise AssertionError(said)

    def ended(self, said: str) -> Answer:
        """How it ended."""
        told, err = self.process.communicate(timeout=60)
        return Answer(self.process.returncode, told, said + err)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal(command: Commands, made: PracticeHost, number: signal.Signals, code: int) -> None:
    del command  # its folder
    before = state_of(made)
    started = Started(made)
    said = started.until("trial   2")
    started.process.send_signal(number)
    check(f"signal: {number.name}", started.ended(said), code, "modbisect resume")
    assert state_of(made) == before
    assert guard_status(made).state == "NONE"


@pytest.fixture
def little_room(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "little"
    folder.mkdir()
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def test_no_room_for_the_journal(
    command: Commands, made: PracticeHost, little_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(made)
    monkeypatch.setenv("XDG_STATE_HOME", str(little_room))
    book, hosts = written(made, Path.cwd(), {})
    (little_room / "modbisect" / "runs").mkdir(parents=True)
    fill(little_room)
    check("disk: full before the run", command("run", book, "practice", "-i", hosts), 2, "No space left on device")
    assert state_of(made) == before


def test_a_disk_that_fills_during_the_run(command: Commands, made: PracticeHost, little_room: Path) -> None:
    before = state_of(made)
    started = Started(made, env={"XDG_STATE_HOME": str(little_room)})
    said = started.until("trial   2")
    fill(little_room)
    check("disk: full during the run", started.ended(said), 3, "No space left on device")
    assert state_of(made) == before
    assert guard_status(made).state == "NONE"
    (little_room / "ballast").unlink()
    resumed = modbisect("resume", "last", env={**os.environ, "XDG_STATE_HOME": str(little_room)})
    check("disk: resumed with room again", Answer(resumed.returncode, resumed.stdout, resumed.stderr), 1, CULPRIT)
    assert state_of(made) == before
    assert not command("report", "nothing").out


def test_results_that_nobody_takes(command: Commands, made: PracticeHost) -> None:
    del command
    before = state_of(made)
    started = Started(made)
    assert started.process.stdout
    started.process.stdout.close()
    said = started.until("trial   2")
    assert started.process.stderr
    rest = started.process.stderr.read()
    check("output: a closed pipe", Answer(started.process.wait(60), "", said + rest), 1)
    assert state_of(made) == before
