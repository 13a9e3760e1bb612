"""`run --manual` at a terminal: a person looks, answers, and the host is as found at the end, whatever the answers."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from practice_runs import guard_status, small, state_of, written

from modbisect.errors import Exit
from modbisect.lab.practice import CULPRIT, PracticeHost
from warm import Process

PROMPT = "or [q]uit? "


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path, lambda on: CULPRIT in on) as host:
        yield host


class AtPty:
    """A modbisect process with a terminal, and who sits there."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.terminal, inner = pty.openpty()
        self.out = folder / "out"
        with self.out.open("wb") as out:
            env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "TERM": "xterm", "COLUMNS": "200"}
            self.process = Process(words, stdin=inner, stdout=out, stderr=inner, env=env)
        os.close(inner)
        self.said = ""

    def asked(self) -> str:
        """What was said up to the next question; empty at the end."""
        new, until = "", time.monotonic() + 60
        while not new.endswith(PROMPT):
            assert time.monotonic() < until, self.said
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    piece = os.read(self.terminal, 4096).decode("utf-8", "replace")
                except OSError:  # nobody holds its other end any more
                    piece = ""
                if not piece:
                    return ""
                new += piece
                self.said += piece
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", new)

    def type(self, words: str) -> None:
        os.write(self.terminal, words.encode())

    def ended(self) -> int:
        while self.asked():
            pass
        code = self.process.wait(60)
        os.close(self.terminal)
        return code


def manual(made: PracticeHost, folder: Path, budget: dict[str, object] | None = None) -> AtPty:
    book, hosts = written(made, folder, budget or {})
    return AtPty(folder, "run", book, "practice", "-i", hosts, "--seed", "7", "--lease", "5", "--manual", "--json")


def look(made: PracticeHost) -> str:
    """What an honest person answers."""
    try:
        urllib.request.urlopen(made.host.base_url, timeout=10).close()  # noqa: S310  # loopback, http
    except urllib.error.HTTPError:
        return "b"
    assert made.machine.server
    return "s" if CULPRIT in made.machine.server.on else "fast"


def test_a_person_finds_the_culprit(made: PracticeHost, tmp_path: Path) -> None:
    before = state_of(made)
    sent: list[str] = []
    person = manual(made, tmp_path)
    while said := person.asked():
        sent.append(said)
        person.type(look(made) + "\n")
    assert person.ended() == Exit.FOUND, person.said
    report = json.loads(person.out.read_text())
    assert [one["components"] for one in report["findings"]] == [[CULPRIT]]
    assert report["verdict"].startswith(f"{CULPRIT} makes upload slow: slow with it, fast without (judged by hand)")
    assert (report["by_hand"], report["requests"]) == (True, 0)
    assert any("not as found now: nothing" in said for said in sent)
    assert any(f"{CULPRIT} off" in said for said in sent)
    assert all(re.search(r"trial \d+, ~\d+ left", said) for said in sent)
    assert state_of(made) == before
    assert guard_status(made).state == "NONE"


@pytest.mark.parametrize("end", ["q\n", "\x04", "interrupt", "hang up"])
def test_the_person_may_leave_at_any_time(made: PracticeHost, tmp_path: Path, end: str) -> None:
    before = state_of(made)
    person = manual(made, tmp_path)
    for _ in range(2):
        assert person.asked()
        person.type(look(made) + "\n")
    assert person.asked()
    match end:
        case "interrupt":
            person.process.send_signal(signal.SIGINT)
            code = Exit.INTERRUPTED
        case "hang up":
            person.process.send_signal(signal.SIGHUP)
            code = Exit.TERMINATED
        case _:
            person.type(end)
            code = Exit.INCONCLUSIVE
    assert person.ended() == code, person.said
    report = json.loads(person.out.read_text())
    assert report["restored"]["verified"]
    assert report["trials"] == 2
    assert report["resume"] == f"modbisect resume {report['run'][:8]}"
    assert state_of(made) == before


def test_what_a_person_began_a_person_resumes(made: PracticeHost, tmp_path: Path) -> None:
    first = manual(made, tmp_path)
    for _ in range(3):
        assert first.asked()
        first.type(look(made) + "\n")
    assert first.asked()
    first.type("quit\n")
    assert first.ended() == Exit.INCONCLUSIVE
    second = AtPty(tmp_path, "resume", "last", "--lease", "5", "--json")
    numbers = []
    while said := second.asked():
        numbers.append(int(re.findall(r"trial (\d+), ~", said)[-1]))
        second.type(look(made) + "\n")
    assert second.ended() == Exit.FOUND, second.said
    assert numbers[0] == 4
    assert json.loads(second.out.read_text())["known_trials"] == 3


def test_nonsense_is_asked_again_and_skipped_is_no_verdict(made: PracticeHost, tmp_path: Path) -> None:
    person = manual(made, tmp_path)
    assert person.asked()
    person.type("maybe\n")
    assert person.asked().count(PROMPT) == 1
    person.type("s\n")
    while person.asked():
        person.type("k\n")
    assert person.ended() == Exit.INCONCLUSIVE
    report = json.loads(person.out.read_text())
    assert report["findings"] == []
    assert report["restored"]["verified"]


def test_nobody_there_gives_the_host_back(made: PracticeHost, tmp_path: Path) -> None:
    before = state_of(made)
    person = manual(made, tmp_path, {"time": "8s"})
    assert "the host is put back in" in person.asked()
    assert person.ended() == Exit.INCONCLUSIVE, person.said
    assert "nobody answered within" in json.loads(person.out.read_text())["verdict"]
    assert state_of(made) == before


def test_the_lease_lives_while_a_person_thinks(made: PracticeHost, tmp_path: Path) -> None:
    person = manual(made, tmp_path)
    assert person.asked()
    until(lambda: guard_status(made).state == "ARMED")
    began = time.monotonic()
    while time.monotonic() - began < 8:  # longer than the lease of five seconds
        assert guard_status(made).state == "ARMED"
    person.type("q\n")
    assert person.ended() == Exit.INCONCLUSIVE


def test_a_lost_guard_withdraws_the_question(made: PracticeHost, tmp_path: Path) -> None:
    before = state_of(made)
    person = manual(made, tmp_path)
    assert person.asked()
    made.drop()
    assert person.ended() == Exit.INCONCLUSIVE, person.said
    assert json.loads(person.out.read_text())["restored"]["verified"]
    assert state_of(made) == before


def until(true: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 20


def test_without_a_terminal_nobody_is_asked(made: PracticeHost, tmp_path: Path) -> None:
    book, hosts = written(made, tmp_path, {})
    server = made.machine.server
    done = subprocess.run(
        [sys.executable, "-m", "modbisect", "run", book, "practice", "-i", hosts, "--manual"],
        input="f\n" * 50,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.USAGE
    assert "there is no terminal" in done.stderr
    assert made.machine.server is server
