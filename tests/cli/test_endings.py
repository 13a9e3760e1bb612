"""However a command ends, its exit code has one meaning: 1 is a culprit, and nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.hostile import Commands, check
from modbisect.cli import cli
from modbisect.lab.practice import CULPRIT, PracticeHost
from modbisect.run.site import Site
from practice.practice_runs import small, state_of, written

CONTEXT = cli.make_context("modbisect", ["schema"])


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def leaves(name: str, command: click.Command | None) -> Iterator[tuple[str, click.Command]]:
    """A verb, or the verbs below it."""
    if isinstance(command, click.Group):
        for below in command.list_commands(CONTEXT):
            yield from leaves(f"{name} {below}", command.get_command(CONTEXT, below))
    elif command:
        yield name, command


VERBS = [each for verb in cli.list_commands(CONTEXT) for each in leaves(verb, cli.get_command(CONTEXT, verb))]
ERRORS: list[BaseException] = [
    ValueError("anything"),
    KeyError("x"),
    RuntimeError("\x1b[31mtwo\nlines"),
    AssertionError(),
    OSError(5, "Input/output error"),
    BrokenPipeError(32, "Broken pipe"),
    ConnectionResetError(),
    UnicodeDecodeError("ascii", b"\xff", 0, 1, "no text"),
    MemoryError(),
    RecursionError(),
    ImportError("no such module"),
    NotImplementedError(),
    SystemExit(1),
    SystemExit(0),
    SystemExit("no"),
    GeneratorExit(),
    BaseException("base"),
    BaseExceptionGroup("several", [ValueError("one"), KeyboardInterrupt()]),
    Unspeakable(),
]


@pytest.mark.parametrize(("at", "error"), enumerate(ERRORS), ids=repr)
def test_no_exception_in_any_verb_is_a_culprit(
    command: Commands, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    for name, verb in VERBS[at % 3 :: 3]:
        with monkeypatch.context() as patch:
            patch.setattr(verb, "params", [])
            patch.setattr(verb, "callback", fail)
            assert command(*name.split()).code == 70


def test_what_nobody_foresaw_is_told_in_a_line_with_the_place_of_its_details(
    command: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(**_: object) -> None:
        raise ValueError("several\nlines \x1b[31m")

    monkeypatch.setattr(dict(VERBS)["schema"], "callback", fail)
    answer = command("schema")
    first, state, advice = answer.err.splitlines()
    assert first == "modbisect: something unforeseen went wrong: ValueError: several lines"
    assert state == "state: this command has no run under way"
    (kept,) = (tmp_path / "state").rglob("errors/*.txt")
    assert str(kept) in advice
    assert "Traceback" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for _ in range(25):
        kept.with_name(f"2020-{_}.txt").touch()
    command("schema")
    assert len(list(kept.parent.iterdir())) == 20


def test_details_that_cannot_be_kept_are_told(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    monkeypatch.setattr(dict(VERBS)["schema"], "callback", lambda **_: 1 // 0)
    answer = command("schema")
    assert answer.code == 70
    assert "Traceback" in answer.err
    assert "could not be kept: [Errno 2]" in answer.err
    assert "the details are above" in answer.err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted; this command has no run under way"),
        (EOFError(), 130, "interrupted"),
        (MemoryError(), 70, "there is no memory left"),
        (RecursionError("maximum recursion depth exceeded"), 70, "nested too deeply"),
        (OSError(28, "No space left on device", "x"), 2, "the disk is full: [Errno 28]"),
        (OSError(122, "Disk quota exceeded"), 2, "the disk is full"),
    ],
    ids=repr,
)
def test_what_may_well_happen_has_words_of_its_own(
    command: Commands, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, says: str
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(dict(VERBS)["schema"], "callback", fail)
    answer = command("schema")
    assert (answer.code, says in answer.err) == (code, True), answer.err


def modbisect(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "modbisect", *arguments],
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options,
    )


def test_a_damaged_installation_is_no_culprit(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('damaged')\n")
    done = modbisect("schema", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 70
    assert done.stderr.endswith("modbisect: the installation is damaged, see above; no host was touched\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("schema",), ("--help",), ("run", "--help"), ("sudoers",)], ids=" ".join)
def test_an_answer_that_a_full_disk_does_not_take_has_a_code_of_its_own(
    arguments: tuple[str, ...], unbuffered: str
) -> None:
    with Path("/dev/full").open("w") as full:
        done = modbisect(*arguments, stdout=full, env=os.environ | {"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 74
    assert done.stderr.startswith("modbisect: cannot write the answer to standard output: No space left on device\n")


def test_a_complaint_that_nobody_can_read_keeps_its_code() -> None:
    with Path("/dev/full").open("w") as full:
        assert modbisect("rnu", stderr=full).returncode == 2
        assert modbisect("report", "nosuch", stderr=full).returncode == 2


@pytest.mark.parametrize("arguments", [("schema",), ("--help",)], ids=" ".join)
def test_a_reader_who_has_left_is_no_error(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = modbisect(*arguments, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(closed: str, tmp_path: Path) -> None:
    script = f'"$0" -m modbisect schema {closed}; a=$?; "$0" -m modbisect report {closed}; exit $((a * 100 + $?))'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable], env=os.environ | {"XDG_STATE_HOME": str(tmp_path)}, check=False
    )
    assert done.returncode == 2


def test_a_locale_without_letters_costs_letters_only(tmp_path: Path) -> None:
    odd = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "XDG_STATE_HOME": str(tmp_path)}
    done = modbisect("report", b"\xfc\xff".decode(errors="surrogateescape"), env=os.environ | odd)
    assert done.returncode == 2
    for locale in ("de_DE.ISO-8859-1", "nonsense", "C"):
        done = modbisect("schema", env=os.environ | odd | {"LC_ALL": locale, "PYTHONIOENCODING": "ascii"})
        assert done.returncode == 0


def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id that nothing is known of."""

    def unknown(*_: object) -> None:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_STATE_HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("arguments", [("report",), ("resume",), ("canary", "book.yml", "web1"), ("lab", "list")])
def test_a_user_without_a_home_is_told_so(
    command: Commands, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    Path("book.yml").write_text("version: 1\nname: p\nprobes: {home: {get: http://127.0.0.1:1/}}\n")
    nobody(monkeypatch)
    check(" ".join(arguments), command(*arguments), 2, f"user id {os.getuid()} has no home on this machine")
    assert not list(Path.cwd().glob("~*"))


def test_a_user_without_a_name_is_not_sent_to_its_ssh_configuration(
    command: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text("#!/bin/sh\necho 'No user exists for uid 12345' >&2; exit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    nobody(monkeypatch)
    answer = command("status", "web1")
    check("nobody", answer, 2, f"user id {os.getuid()} has no name on this machine")
    assert "ssh/config" not in answer.err


def test_no_folder_for_temporary_files_is_told(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/nonexistent"])
    Path("book.yml").write_text("version: 1\nname: p\nprobes: {home: {get: http://127.0.0.1:1/}}\n")
    for arguments in (("demo", "--practice"), ("canary", "book.yml", "web1")):
        check("TMPDIR", command(*arguments), 2, "there is no folder for temporary files")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path / "host", lambda on: CULPRIT in on) as host:
        yield host


@pytest.mark.parametrize("error", [ValueError("deep inside"), MemoryError(), SystemError()], ids=repr)
def test_an_unforeseen_end_of_a_run_tells_the_state_of_the_host(
    command: Commands, monkeypatch: pytest.MonkeyPatch, made: PracticeHost, tmp_path: Path, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    before = state_of(made)
    book, hosts = written(made, tmp_path, {})
    monkeypatch.setattr(Site, "see", fail)
    answer = command("run", book, "practice", "-i", hosts, "-q", "--lease", "5")
    assert answer.code == 70
    assert "modbisect: practice: " in answer.err
    assert "state: every path, link, content, mode, owner and time as found" in answer.err
    assert state_of(made) == before

    monkeypatch.setattr(Site, "found", fail)
    assert "state: nothing was changed" in command("run", book, "practice", "-i", hosts, "-q").err


@pytest.mark.parametrize(("full", "code"), [("stdout", 74), ("stderr", 1)])
def test_a_run_whose_words_a_full_disk_does_not_take_is_put_back_by_itself(
    made: PracticeHost, tmp_path: Path, full: str, code: int
) -> None:
    before = state_of(made)
    book, hosts = written(made, tmp_path, {})
    with Path("/dev/full").open("w") as nowhere:
        done = modbisect(
            *("run", book, "practice", "-i", hosts, "--json"),
            env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
            **{full: nowhere},
        )
    assert done.returncode == code, done.stderr
    assert state_of(made) == before
    if full == "stdout":
        assert "modbisect: practice: cannot write the answer to standard output: No space left" in done.stderr
        assert "state: as found: every path" in done.stderr
        assert "to do: 'modbisect report " in done.stderr
    else:
        assert '"outcome": "found"' in done.stdout
