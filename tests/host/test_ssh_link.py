"""The connection to a real sshd: bounds, exit status, lost links, host keys, tunnels, hops."""

from __future__ import annotations

import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab_fixtures import LabHostFactory
from modbisect import lab
from modbisect.errors import LinkLost, Unreachable
from modbisect.host import ssh
from modbisect.host.sshconfig import SshSettings, resolve

pytestmark = pytest.mark.lab

LONG = "4343"
"""Seconds; a sleep of this length is ours."""


@pytest.fixture(scope="module")
def host(lab_host: LabHostFactory) -> lab.LabHost:
    return lab_host()


@pytest.fixture(scope="module")
def second(lab_host: LabHostFactory) -> lab.LabHost:
    return lab_host()


@pytest.fixture
def settings(host: lab.LabHost) -> SshSettings:
    return SshSettings(host.address, 22, "ops", (str(host.key),), (str(host.known_hosts),), identities_only=True)


@pytest.fixture
def link(host: lab.LabHost, settings: SshSettings) -> Iterator[ssh.SshLink]:
    link = ssh.connect(host.name, settings)
    yield link
    link.close()


# --- one command ----------------------------------------------------------------------------------


def test_a_command_gets_words_and_input_and_gives_output_and_status(link: ssh.SshLink) -> None:
    words = ["$(id)", "a  b", "'", '"', "*", ";reboot", "-n", "", "x\ny"]
    done = link.execute(
        ["sh", "-c", 'for w; do printf "<%s>" "$w"; done; cat; echo no >&2; exit 7', "sh", *words], stdin=b"in"
    )
    assert (done.status, done.out, done.err) == (7, "".join(f"<{word}>" for word in words).encode() + b"in", b"no\n")


def test_input_and_output_larger_than_any_buffer_pass_at_once(link: ssh.SshLink) -> None:
    data = bytes(range(256)) * 12_000
    done = link.execute(["sh", "-c", "cat; head -c 300000 /dev/zero >&2"], stdin=data, cap=8 << 20)
    assert (done.status, done.out == data, len(done.err)) == (0, True, 300_000)


def test_input_that_nobody_reads_does_no_harm(link: ssh.SshLink) -> None:
    assert link.execute(["false"], stdin=bytes(5 << 20)).status == 1


def test_a_command_killed_by_a_signal_has_a_status(link: ssh.SshLink) -> None:
    assert link.execute(["sh", "-c", "kill -9 $$"]).status == 137


def test_a_missing_command_is_127(link: ssh.SshLink) -> None:
    assert link.execute(["no-such-command"]).status == 127


def test_output_without_end_is_cut_off_at_the_cap(host: lab.LabHost, link: ssh.SshLink) -> None:
    with pytest.raises(LinkLost):
        link.execute(["yes"], cap=1 << 20, deadline=60)
    gone_soon(host, "yes")
    assert link.execute(["echo", "still", "there"]).out == b"still there\n"


@pytest.mark.parametrize("script", ["sleep 4343", "while :; do echo drip; sleep 0.05; done"])
def test_a_deadline_is_one_for_the_whole_command(link: ssh.SshLink, script: str) -> None:
    began = time.monotonic()
    with pytest.raises(LinkLost, match="before the command's result"):
        link.execute(["sh", "-c", script], deadline=0.5)
    assert 0.5 <= time.monotonic() - began < 10
    assert link.execute(["true"]).status == 0


def test_a_killed_server_is_a_lost_link_and_no_status(link: ssh.SshLink) -> None:
    suicide = "kill -9 $(ps -o ppid= -p $PPID); sleep 4343"
    with pytest.raises(LinkLost):
        link.execute(["sh", "-c", suicide], deadline=30)
    with pytest.raises(LinkLost):
        link.execute(["true"], deadline=5)


def test_a_host_that_vanishes_is_noticed_long_before_the_deadline(lab_host: LabHostFactory) -> None:
    host = lab_host()
    link = ssh.connect(host.name, SshSettings(host.address, 22, "ops", (str(host.key),), (str(host.known_hosts),)))
    threading.Timer(0.5, lab.kill, [host.name]).start()
    began = time.monotonic()
    with pytest.raises(LinkLost):
        link.execute(["sleep", LONG], deadline=120)
    assert time.monotonic() - began < 60
    link.close()


# --- a conversation -------------------------------------------------------------------------------


def test_a_stream_answers_line_by_line_until_it_is_closed(host: lab.LabHost, link: ssh.SshLink) -> None:
    stream = link.stream(["sh", "-c", "while read -r line; do echo got $line; done; sleep 4343", LONG])
    assert [stream.ask("one", 10), stream.ask("two", 10)] == ["got one", "got two"]
    stream.close()
    lab.execute(host.name, ["pkill", "-f", f"sleep {LONG}"])


def test_a_stream_that_is_silent_or_ends_is_a_lost_link(link: ssh.SshLink) -> None:
    silent = link.stream(["sleep", "1"])
    with pytest.raises(LinkLost):
        silent.ask("beat", 0.2)
    ended = link.stream(["true"])
    with pytest.raises(LinkLost):
        ended.ask("beat", 10)
    endless = link.stream(["tr", "-d", "\\n"])
    with pytest.raises(LinkLost):
        endless.ask("x" * 100, 0.5)


def test_a_stream_that_never_stops_talking_can_be_closed(link: ssh.SshLink) -> None:
    talking = link.stream(["timeout", "60", "yes"])
    begun = time.monotonic()
    talking.close()
    assert time.monotonic() - begun < 30


# --- who is there ---------------------------------------------------------------------------------


def test_an_unknown_and_a_changed_key_are_refused(
    host: lab.LabHost, second: lab.LabHost, settings: SshSettings, tmp_path: Path
) -> None:
    empty, wrong = tmp_path / "empty", tmp_path / "wrong"
    empty.touch()
    other = next(line for line in second.known_hosts.read_text().splitlines() if second.name in line.split()[0])
    wrong.write_text(f"{host.address} {other.split(' ', 1)[1]}\n")
    with pytest.raises(Unreachable, match=r"is unknown: ssh-ed25519 SHA256:") as caught:
        ssh.connect(host.name, replace(settings, known_hosts=(str(empty),)))
    assert f"'ssh ops@{host.address}' to store it; it belongs into {empty}" in caught.value.advice
    with pytest.raises(Unreachable, match=r"is not the one in known_hosts.*SHA256:.*SHA256:"):
        ssh.connect(host.name, replace(settings, known_hosts=(str(wrong),)))


def test_a_revoked_key_is_refused(host: lab.LabHost, settings: SshSettings, tmp_path: Path) -> None:
    line = next(line for line in host.known_hosts.read_text().splitlines() if host.address in line)
    revoked = tmp_path / "revoked"
    revoked.write_text(f"# damaged:\n{host.address} ssh-ed25519 AAAA\n{line}\n@revoked * {line.split(' ', 1)[1]}\n")
    with pytest.raises(Unreachable, match="revoked"):
        ssh.connect(host.name, replace(settings, known_hosts=(str(revoked),)))


def test_a_wrong_user_or_port_is_told(host: lab.LabHost, settings: SshSettings) -> None:
    with pytest.raises(Unreachable, match="accepts no key of user 'nobody'"):
        ssh.connect(host.name, replace(settings, user="nobody"))
    with pytest.raises(Unreachable, match="port 2"):
        ssh.connect(host.name, replace(settings, port=2))


# --- further ways ---------------------------------------------------------------------------------


def serve_on_loopback(host: lab.LabHost, port: int, text: str) -> None:
    script = f"mkdir -p /srv/{port} && cat >/srv/{port}/index.html && systemd-run --quiet --unit=loopback-{port} "
    script += f"python3 -m http.server --bind 127.0.0.1 --directory /srv/{port} {port}"
    assert lab.execute(host.name, ["sh", "-c", script], input=text.encode()).returncode == 0
    up = f"until curl -fs http://127.0.0.1:{port}/ >/dev/null; do sleep 0.05; done"
    assert lab.execute(host.name, ["sh", "-c", up], timeout=20).returncode == 0


def test_a_site_that_listens_on_the_hosts_loopback_only_is_reached(host: lab.LabHost, link: ssh.SshLink) -> None:
    serve_on_loopback(host, 8099, "inside " * 50_000)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{host.address}:8099/", timeout=5)
    with link.forward("127.0.0.1", 8099) as port:
        pages = []

        def load() -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                pages.append(answer.read())

        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pages == [b"inside " * 50_000] * 8
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)


def test_a_port_where_nobody_listens_is_a_closed_connection(link: ssh.SshLink) -> None:
    with link.forward("127.0.0.1", 9) as port, pytest.raises(OSError, match=r"closed|reset"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)


@pytest.fixture(params=["with OpenSSH's client", "without it"])
def ssh_config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's ~/.ssh/config; OpenSSH takes the home from the password file, so its client gets it by -F."""
    config = tmp_path / ".ssh" / "config"
    config.parent.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    programs = tmp_path / "bin"
    programs.mkdir()
    if request.param == "with OpenSSH's client":
        client = programs / "ssh"
        client.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
        client.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return config


def test_a_host_behind_another_is_reached_over_it(host: lab.LabHost, second: lab.LabHost, ssh_config: Path) -> None:
    common = f"User ops\n IdentityFile {host.key}\n UserKnownHostsFile {host.known_hosts}\n"
    ssh_config.write_text(
        f"Host gate\n HostName {host.address}\n {common}\n"
        f"Host inner\n HostName {second.address}\n ProxyJump gate\n {common}"
    )
    link = ssh.connect("inner", resolve("inner"))
    done = link.execute(["sh", "-c", "hostname; echo $SSH_CONNECTION"])
    link.close()
    name, came_from = done.text.split()[:2]
    assert (name, came_from) == (second.name, host.address)


def test_the_gate_must_be_known_as_well(
    host: lab.LabHost, second: lab.LabHost, ssh_config: Path, tmp_path: Path
) -> None:
    (tmp_path / "nobody").touch()
    common = f"User ops\n IdentityFile {host.key}\n"
    ssh_config.write_text(
        f"Host gate\n HostName {host.address}\n UserKnownHostsFile {tmp_path / 'nobody'}\n {common}\n"
        f"Host inner\n HostName {second.address}\n UserKnownHostsFile {host.known_hosts}\n ProxyJump gate\n {common}"
    )
    with pytest.raises(Unreachable, match="unknown"):
        ssh.connect("inner", resolve("inner"))


def gone_soon(host: lab.LabHost, program: str) -> None:
    script = f"for i in $(seq 100); do pgrep -x {program} >/dev/null || exit 0; sleep 0.1; done; exit 1"
    assert lab.execute(host.name, ["sh", "-c", script]).returncode == 0, f"{program} runs on"
