"""How a newcomer begins: what is not said is asked for, where somebody is there to ask."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cli.hostile import Commands
from lab_fixtures import LabHostFactory
from modbisect import lab
from warm import modbisect

NOBODY = "127.0.0.9"


@pytest.mark.parametrize(("words", "missing"), [((), "HOST"), (("web1",), "--url")])
def test_without_a_terminal_what_is_missing_is_said(command: Commands, words: tuple[str, ...], missing: str) -> None:
    said = command("init", *words)
    assert said.code == 2
    assert f"modbisect: {missing} is missing\nto do: " in said.err


def test_at_a_terminal_all_of_it_is_asked(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    os.write(master, f"{NOBODY}\nnot a page\n/upload\ny\nfile\nfile:1MiB\nstaging\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "modbisect", "init"],
        cwd=tmp_path,
        stdin=slave,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)},
    )
    os.close(master)
    os.close(slave)
    assert done.returncode == 4, done.stdout + done.stderr
    for question in ("Which host", "Which of its pages", "file is sent", "field and a size", "What is it?"):
        assert question in done.stdout
    assert "'file' is not FIELD:SIZE" in done.stdout + done.stderr
    assert f"{NOBODY}: no run can begin: connection" in done.stdout
    assert not list(tmp_path.glob("*.yml"))


@pytest.mark.lab
def test_it_writes_a_playbook_that_runs(lab_host: LabHostFactory, tmp_path: Path) -> None:
    host = lab_host(setup=("shop", "lean"))
    inventory, folder = tmp_path / "hosts.yml", tmp_path / "new"
    inventory.write_text(lab.inventory())
    begun = modbisect("init", host.name, "-i", str(inventory), "--url", "/items/7", "--write", str(folder))
    assert begun.returncode == 0, begun.stdout + begun.stderr
    assert f"{host.name}: a run can begin" in begun.stdout
    assert begun.stdout.splitlines()[-1] == f"next: modbisect run {folder}/playbook.yml {host.name} -i {inventory}"
    planned = modbisect("plan", str(folder / "playbook.yml"), host.name, "-i", str(inventory))
    assert planned.returncode == 0, planned.stderr
