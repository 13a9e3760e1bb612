"""Secrets in every place that can hold one reach the site, and nothing that is kept, printed or sent elsewhere."""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from practice_runs import small, written

from cli.hostile import Answer, Commands
from modbisect.host.link import Result
from modbisect.lab.practice import CULPRIT, PracticeHost
from modbisect.lab.practice.shell import Shell
from modbisect.probe import ProbeProcess, Window, WindowResult

PLACES = ("header", "cookie", "form", "body", "query", "password", "token")
SECRETS = {place: f"s3cr3t-{place}-Zq8" for place in PLACES}
HIDDEN = {**SECRETS, "basic": base64.b64encode(f"bob:{SECRETS['password']}".encode()).decode()}


@dataclass
class Seen:
    """What left modbisect, but for the requests themselves."""

    host: list[str] = field(default_factory=list)
    """Command lines and their standard input."""
    processes: list[str] = field(default_factory=list)
    """Command lines and environments of this process and its children while a probe was under way."""
    asked: list[str] = field(default_factory=list)
    """What the probe was to send, as its process was told."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path / "host", lambda on: CULPRIT in on, slow_seconds=0.3) as host:
        yield host


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen = Seen()
    run, measure = Shell.run, ProbeProcess.measure

    def noted(self: Shell, line: str, stdin: bytes) -> Result:
        seen.host.append(line + stdin.decode(errors="replace"))
        return run(self, line, stdin)

    def watched(self: ProbeProcess, window: Window, deadline: float) -> WindowResult:
        seen.asked.append(repr((window.probe, window.probe.auth and window.probe.auth.secret)))
        result = measure(self, window, deadline)
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if f"\nPPid:\t{os.getpid()}\n" in status.read_text():
                    seen.processes.append((status.parent / "cmdline").read_text())
            except OSError:
                continue  # it has ended
        return result

    monkeypatch.setattr(Shell, "run", noted)
    monkeypatch.setattr(ProbeProcess, "measure", watched)
    return seen


def with_secrets(made: PracticeHost, folder: Path, **upload: object) -> tuple[str, str]:
    """A playbook with a secret wherever one can stand."""
    book, hosts = written(made, folder, {"restarts": 3})
    playbook = yaml.safe_load(Path(book).read_text())
    playbook["symptom"] |= {"probe": "upload"}
    playbook["probes"] = {
        "upload": {
            "post": f"/upload?key={SECRETS['query']}",
            "file": {"field": "file", "size": "2MiB"},
            "form": {"field": SECRETS["form"]},
            "headers": {"X-Api-Key": SECRETS["header"]},
            "cookies": {"session": SECRETS["cookie"]},
            "auth": {"user": "bob", "secret": "env:SITE_PASSWORD"},
            **upload,
        },
        "note": {
            "post": "/upload",
            "body": SECRETS["body"],
            "auth": {"scheme": "bearer", "secret": f"file:{folder / 'token'}"},
        },
    }
    Path(book).write_text(yaml.safe_dump(playbook))
    (folder / "token").write_text(SECRETS["token"])
    return book, hosts


def leaks(what: str, text: str) -> list[str]:
    at = {place: text.find(secret) for place, secret in HIDDEN.items()}
    return [f"{place} in {what}: {text[max(0, start - 80) : start]}" for place, start in at.items() if start >= 0]


def everything_said(answers: list[Answer]) -> str:
    return "\n".join(answer.out + answer.err for answer in answers)


def test_a_secret_reaches_the_site_alone(
    command: Commands,
    made: PracticeHost,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SITE_PASSWORD", SECRETS["password"])
    folder = Path.cwd()
    temporary = folder / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    book, hosts = with_secrets(made, folder)
    answers = [
        command("plan", book, "practice", "-i", hosts, "--json"),
        command("probe", book, "practice", "-i", hosts, "--json", "-n", "1"),
        command("run", book, "practice", "-i", hosts, "-o", "json=r.json", "-o", "markdown=r.md"),
        command("status", "practice", "-i", hosts),
        command("resume", "last", "--restarts", "100"),
        command("canary", book, "practice", "-i", hosts),
        *(command("report", "last", "-f", form) for form in ("text", "json", "markdown")),
    ]
    book, hosts = with_secrets(made, folder, expect={"contains": "never"})
    answers += [command("probe", book, "practice", "-i", hosts), command("run", book, "practice", "-i", hosts)]

    assert [answer.code for answer in answers] == [0, 0, 3, 0, 1, 0, 1, 1, 1, 1, 4], everything_said(answers)
    assert all(any(secret in asked for asked in seen.asked) for secret in SECRETS.values()), "nothing was sent"
    assert seen.processes
    assert seen.host
    found = leaks("what is printed", everything_said(answers))
    found += leaks("the debug log", caplog.text)
    found += leaks("what the host gets", "\n".join(seen.host))
    found += leaks("the command lines of processes", "\n".join(seen.processes))
    found += leaks("the host's files", json.dumps([str(entry) for entry in made.machine.tree.items()]))
    kept = [path for path in folder.rglob("*") if path.is_file() and path.name not in {"book.yml", "token"}]
    assert {"journal.jsonl", "r.json", "r.md"} <= {path.name for path in kept}
    for path in kept:
        found += leaks(path.name, path.read_bytes().decode(errors="replace"))
    assert not found
