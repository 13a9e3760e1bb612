"""The command line: which hosts are meant, what it says of mistakes, and that it starts quickly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modbisect.cli import cli
from modbisect.cli.common import hosts_of
from modbisect.errors import Exit, ModbisectError

INVENTORY = """\
all:
  children:
    web: {hosts: {"web[1:3].example.org": {}}}
    db: {hosts: {db1: {ansible_host: 192.0.2.7, ansible_forks: 3}}}
"""
PLAYBOOK = "name: p\nhosts: web\nprobes: {home: {get: /}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "playbook.yml").write_text(PLAYBOOK)
    return tmp_path


def refused(*arguments: str) -> ModbisectError:
    result = CliRunner().invoke(cli, arguments)
    assert isinstance(result.exception, ModbisectError), result.output
    return result.exception


def test_a_run_works_on_one_host(folder: Path) -> None:
    error = refused("run", str(folder / "playbook.yml"), "-i", str(folder / "inventory.yml"))
    assert error.exit is Exit.USAGE
    assert "3 hosts match: web1.example.org, web2.example.org, web3.example.org" in str(error)


def test_a_limit_narrows_what_the_playbook_names(folder: Path) -> None:
    error = refused("run", str(folder / "playbook.yml"), "-i", str(folder / "inventory.yml"), "--limit", "web*:!web3*")
    assert "2 hosts match" in str(error)


def test_a_limit_that_leaves_nobody(folder: Path) -> None:
    error = refused("run", str(folder / "playbook.yml"), "-i", str(folder / "inventory.yml"), "-l", "db")
    assert error.exit is Exit.USAGE
    assert "both 'web' and the limit 'db'" in str(error)


def test_a_limit_needs_an_inventory(folder: Path) -> None:
    assert "--limit needs an inventory" in str(refused("plan", str(folder / "playbook.yml"), "web", "-l", "web"))


def test_what_an_inventory_says_in_vain_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with cli.make_context("modbisect", ["schema"]):
        (host,) = hosts_of("db", None, folder / "inventory.yml")
    assert host.address == "192.0.2.7"
    assert "ansible_forks" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["playbook", "inventory", "report"])
def test_schemas_are_documents(what: str) -> None:
    result = CliRunner().invoke(cli, ["schema", what])
    assert result.exit_code == 0
    assert json.loads(result.output)["type"] == "object"


def test_an_unknown_verb_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-m", "modbisect", "rnu"], capture_output=True, text=True, check=False)
    assert done.returncode == Exit.USAGE
    assert "rnu" in done.stderr
    assert not done.stdout


def test_a_missing_playbook_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modbisect", "run", "/nowhere/p.yml", "web"], capture_output=True, text=True, check=False
    )
    assert done.returncode == Exit.USAGE
    assert "/nowhere/p.yml" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom modbisect.cli import main\nsys.argv = ['modbisect', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'fabric', 'paramiko', 'pydantic', 'sqlalchemy', 'rich', 'yaml'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_verb_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for name in cli.list_commands(cli.make_context("modbisect", ["schema"])):
        assert f"`{name}`" in readme
