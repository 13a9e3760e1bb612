"""What a command line says is slow, and where: with a playbook, and in its place."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.hostile import Commands
from modbisect.cli import cli
from modbisect.cli.asking import asking
from modbisect.cli.common import hosts_of
from modbisect.inventory import adhoc_host, inventory_text, parse_inventory
from modbisect.model import Role, Upload

NOWHERE = Path("web1.example.org")


@pytest.fixture
def within_a_verb() -> Iterator[None]:
    with cli.make_context("modbisect", ["schema"]):
        yield


@pytest.mark.usefixtures("within_a_verb")
def test_a_host_and_a_url_are_enough() -> None:
    asked = asking(NOWHERE, None, None, url="/upload", upload=Upload("file", 1024), role="staging", into="/etc/x.conf")
    assert (asked.host.name, asked.host.role, asked.path) == ("web1.example.org", Role.STAGING, None)
    [probe] = asked.playbook.symptom_probes
    assert (probe.method, probe.url, probe.upload) == ("POST", "/upload", Upload("file", 1024))
    assert asked.playbook.select.into == ("/etc/x.conf",)


LINE = '192.0.2.1 - - [27/Nov/2026:10:00:00 +0000] "GET {} HTTP/1.1" 200 512'


@pytest.mark.usefixtures("within_a_verb")
def test_a_log_with_times_says_what_is_slow(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(f"{LINE.format('/quick')} rt=0.010\n{LINE.format('/slow')} rt=2.500\n")
    asked = asking(NOWHERE, None, None, url=None, recorded=log, upload=None, role="staging")
    assert [probe.url for probe in asked.playbook.symptom_probes] == ["/slow"]
    assert (asked.host.name, asked.path) == ("web1.example.org", None)


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_log_without_times_does_not(command: Commands, tmp_path: Path, verb: str) -> None:
    log = tmp_path / "access.log"
    log.write_text(f"{LINE.format('/')}\n")
    answer = command(verb, "web1", "--from", str(log))
    assert answer.code == 2
    assert "does not tell how long its pages took" in answer.err
    assert "leave one of them out" in command(verb, "web1", "--from", str(log), "--url", "/").err


@pytest.mark.usefixtures("within_a_verb")
def test_a_host_is_production_where_nobody_says_otherwise() -> None:
    assert asking(NOWHERE, None, None, url="/", upload=None, role=None).host.role is Role.PRODUCTION


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("web1",), "say what is slow on it with --url"),
        (("web1", "--upload", "file:1MiB"), "not where"),
        (("book.yml", "web1", "--url", "/"), "in its place"),
        (("web1", "--url", "slow"), 'write "/slow"'),
        (("web1", "--url", "/", "--upload", "1MiB"), "FIELD:SIZE"),
        (("web1", "--url", "/", "--upload", "file:1"), "no unit"),
        (("web1", "--url", "/", "--role", "production"), "staging"),
        (("web1", "--url", "/", "--role", "staging", "-i", "hosts.yml"), "the inventory says what the host is"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "plan"])
def test_what_it_may_not_be(
    command: Commands, tmp_path: Path, verb: str, arguments: tuple[str, ...], word: str
) -> None:
    (tmp_path / "book.yml").write_text("probes: {page: {get: /}}\n")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {web1: {}}}\n")
    answer = command(verb, *arguments)
    assert answer.code == 2
    assert word in answer.err


@pytest.mark.parametrize("text", ["web1.example.org", "ops@192.0.2.7:2222", "::1", "local"])
def test_an_inventory_of_it_says_the_same(text: str) -> None:
    host = adhoc_host(text)
    [again] = parse_inventory(inventory_text(host)).hosts
    assert again == host


def test_a_scan_that_writes_has_to_know_what_is_slow(command: Commands, tmp_path: Path) -> None:
    answer = command("scan", "web1", "--write", str(tmp_path))
    assert answer.code == 2
    assert "say --url URL as well" in answer.err


def test_a_scan_that_writes_makes_the_folder_before_it_connects(command: Commands, tmp_path: Path) -> None:
    answer = command("scan", "127.0.0.9", "--url", "/", "--write", str(tmp_path / "new" / "site"))
    assert (answer.code, (tmp_path / "new" / "site").is_dir()) == (4, True)
    (tmp_path / "file").touch()
    answer = command("scan", "127.0.0.9", "--url", "/", "--write", str(tmp_path / "file" / "site"))
    assert answer.code == 2
    assert "cannot be made: Not a directory\nto do: name another folder" in answer.err


def test_a_scan_asks_the_inventory_what_a_host_is(command: Commands, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {web1: {}}}\n")
    answer = command("scan", "web1", "-i", "hosts.yml", "--role", "staging")
    assert (answer.code, "the inventory says what the host is" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--from", "log", "--url", "/"), "leave one of them out"),
        (("--from", "log", "--upload", "file:1MiB"), "say --url"),
        (("--from", "log"), "no page that may be asked again"),
        (("--from", "nothing"), "cannot be read"),
    ],
)
def test_a_record_in_place_of_a_url(command: Commands, tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    (tmp_path / "log").write_text('192.0.2.7 - - [27/Nov/2026:06:25:24 +0000] "GET /a?b HTTP/1.1" 200 12\n')
    answer = command("scan", "web1", *arguments)
    assert (answer.code, word in answer.err) == (2, True), answer.err


@pytest.fixture
def openssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """OpenSSH with a configuration of the test's own: it reads none of HOME's."""
    config, ssh = tmp_path / "ssh_config", tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    return config


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("no-such-name.invalid", "http://127.0.0.9/"),
        ("ops@no-such-name.invalid:2222", "http://127.0.0.9/"),
        ("localhost", "http://localhost/"),  # which leads somewhere, and may be the name of a virtual host
        ("other.invalid", "http://other.invalid/"),
    ],
)
@pytest.mark.usefixtures("within_a_verb")
def test_the_site_of_a_name_that_only_openssh_knows_is_at_its_address(openssh: Path, name: str, site: str) -> None:
    openssh.write_text("Host no-such-name.invalid localhost\n  HostName 127.0.0.9\n")
    [host] = hosts_of(name, None, None)
    assert host == replace(adhoc_host(name), base_url=site)
