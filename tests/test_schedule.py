"""A canary at fixed times: units, a line of cron's, a CronJob; the latter held against Kubernetes' own schema."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from modbisect.cli import cli, schedule
from modbisect.cli.schedule import _is_not_mine
from modbisect.errors import Refused
from modbisect.schedule import MINE, Schedule, cron_line, divides, name_of, units

WORDS = ("/opt/my tools/modbisect", "canary", "check", "/srv/100%/p.yml", 'a"b', "x\\y", "$HOME")
SCHEDULE = Schedule("modbisect-canary-shop", WORDS, 10, "ops", ("/home/ops/.local/state",), "/etc/modbisect/env")
BOOK = "name: Shop & more\nprobes: {home: {get: /}}\nsymptom: {probe: home}\n"


def test_the_units_of_the_system() -> None:
    service, timer = units(SCHEDULE, of_user=False).values()
    assert service.startswith(MINE)
    lines = service.splitlines()
    assert 'ExecStart="/opt/my tools/modbisect" canary check /srv/100%%/p.yml "a\\"b" "x\\\\y" "$$HOME"' in lines, (
        service
    )
    assert {"User=ops", "EnvironmentFile=/etc/modbisect/env", "ProtectSystem=strict"} < set(lines)
    assert lines[-1] == "ReadWritePaths=-/home/ops/.local/state"
    assert "OnCalendar=*:0/10" in timer
    assert "RandomizedDelaySec=60" in timer


def test_the_units_of_a_user_confine_nothing() -> None:
    service, timer = units(Schedule("x", ("modbisect",), 360), of_user=True).values()
    assert service.splitlines()[-2:] == ["ExecStart=modbisect", "TimeoutStartSec=1h"]
    assert "OnCalendar=0/6:00" in timer


@pytest.mark.parametrize(
    ("minutes", "times"),
    [(1, "* * * * *"), (10, "*/10 * * * *"), (60, "0 */1 * * *"), (360, "0 */6 * * *"), (1440, "0 0 * * *")],
)
def test_a_line_of_cron(minutes: int, times: str) -> None:
    assert divides(minutes)
    line = cron_line(Schedule("x", WORDS, minutes))
    assert line.startswith(f"{times} '/opt/my tools/modbisect' canary check ")
    command = line.removeprefix(f"{times} ").replace("\\%", "%")
    assert tuple(shlex.split(command)) == WORDS
    assert "%" not in line.replace("\\%", "")


def test_names() -> None:
    assert (
        name_of("modbisect-canary", "Läden & more", "web1.example.org")
        == "modbisect-canary-l-den-more-web1-example-org"
    )
    assert len(name_of("a" * 300)) == 48
    assert [divides(each) for each in (0, -5, 7, 45, 90, 2880)] == [False] * 6


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.yml"
    path.write_text(BOOK)
    return path


def called(*words: str) -> str:
    done = CliRunner().invoke(cli, ["canary", "install", *words], standalone_mode=False, catch_exceptions=False)
    return done.output


def test_a_cron_job_is_one_by_the_schema_of_kubernetes(book: Path, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("all: {hosts: {web1: {modbisect_role: staging}}}\n")
    text = called(str(book), "web1", "-i", str(hosts), "--as", "kubernetes", "--notify", "env:SLACK", "--go-on")
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        kubernetes_validate.validate(document, "1.30", strict=True)
    files, job = documents
    assert files["data"] == {"playbook.yml": BOOK, "inventory.yml": hosts.read_text()}
    assert job["metadata"]["name"] == "modbisect-canary-shop-more-web1"
    assert (job["spec"]["schedule"], job["spec"]["concurrencyPolicy"]) == ("*/10 * * * *", "Forbid")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == [
        *("modbisect", "canary", "check", "/etc/modbisect/playbook.yml", "web1"),
        *("--inventory=/etc/modbisect/inventory.yml", "--go-on", "--notify=env:SLACK"),
    ]


def test_what_is_printed_names_this_modbisect_and_whole_paths(book: Path) -> None:
    line = called(str(book), "web1", "--as", "cron", "--every", "1h", "--history", "sqlite:////srv/h.db")
    words = shlex.split(line)
    assert words[:5] == ["0", "*/1", "*", "*", "*"]
    assert Path(words[5]).is_absolute()
    assert words[6:] == ["canary", "check", str(book), "web1", "--history=sqlite:////srv/h.db"]
    assert "ExecStart=" in called(str(book), "web1", "--print")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--notify", "slack://hunter2"], "would stand in a file that all may read"),
        (["--history", "postgresql://me:hunter2@db/x"], "has a password"),
        (["--user", "no body"], "there is no user 'no body' on this machine"),
        (["--every", "7m"], "does not come at the same times each day"),
        (["--every", "90s"], "does not come at the same times each day"),
    ],
)
def test_what_is_refused(book: Path, more: list[str], why: str) -> None:
    done = CliRunner().invoke(cli, ["canary", "install", str(book), "web1", *more], standalone_mode=False)
    assert why in str(done.exception)
    assert "hunter2" not in str(done.exception)


def test_the_limit_goes_along_and_a_folder_is_no_config_map(book: Path, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("all: {hosts: {web1: , web2: }}\n")
    asked = (str(book), "all", "-i", str(hosts), "-l", "web1")
    assert "--limit=web1" in shlex.split(called(*asked, "--as", "cron"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "hosts.yml").write_text(hosts.read_text())
    words = ["canary", "install", str(book), "web1", "-i", str(folder), "--as", "kubernetes"]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert "is no file, and a ConfigMap holds files" in str(done.exception)


def test_units_of_others_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.timer"
    assert not _is_not_mine(path)
    path.write_text("[Timer]\n")
    assert _is_not_mine(path)
    path.write_text(f"{MINE}\n[Timer]\n")
    assert not _is_not_mine(path)


def test_where_no_systemd_answers_nothing_is_left_behind(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, units_of = tmp_path / "bin" / "systemctl", tmp_path / "units"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho 'System has not been booted with systemd' >&2; exit 1\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(schedule, "_folder", lambda: units_of)
    done = CliRunner().invoke(cli, ["canary", "install", str(book), "web1"], standalone_mode=False)
    assert isinstance(done.exception, Refused)
    assert done.exception.what == "systemctl daemon-reload: System has not been booted with systemd"
    assert "'--as cron' prints a line for crontab" in done.exception.advice
    assert not units_of.exists()

    units_of.mkdir()  # of a time when one did
    (units_of / "shop.timer").write_text(schedule.MINE)
    done = CliRunner().invoke(cli, ["canary", "remove", "shop"], standalone_mode=False)
    assert isinstance(done.exception, Refused)
    assert done.exception.advice == f"where systemd does not run, the units do nothing: delete them from {units_of}"
