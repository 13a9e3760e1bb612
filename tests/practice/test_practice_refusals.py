"""Why a run does not begin: each refusal comes over the wire, and leaves the host untouched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from practice_runs import run_on, small, state_of

from modbisect.errors import Exit, ModbisectError, Refused, Unreachable
from modbisect.lab.practice import CULPRIT, Machine, PracticeHost
from modbisect.lab.practice.tree import Entry
from modbisect.model import Role


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path, lambda on: CULPRIT in on) as host:
        yield host


def set_to(name: str, value: object) -> Callable[[Machine], None]:
    return lambda machine: setattr(machine, name, value)


def edited(machine: Machine) -> None:
    machine.tree = {
        **machine.tree,
        "/etc/apache2/conf-enabled/new.conf": Entry("../conf-available/new.conf", time.time()),
    }


def without(name: str) -> Callable[[Machine], None]:
    def cut(machine: Machine) -> None:
        machine.tree = {path: entry for path, entry in machine.tree.items() if not path.endswith(name)}

    return cut


@pytest.mark.parametrize(
    ("disturb", "words"),
    [
        (set_to("role", "production"), "production host"),
        (set_to("role", "who knows"), "production host"),
        (set_to("stop", value=True), "/etc/modbisect/stop is there"),
        (set_to("server", None), "Apache is not running"),
        (set_to("package_locks", ("/var/lib/dpkg/lock",)), "package manager is at work: /var/lib/dpkg/lock"),
        (set_to("sudo", value=False), "no root rights: sudo: a password is required"),
        (edited, "configuration changed since the server started"),
        (without("env.load"), "still loaded: mod_env.so"),
        (without("headers.load"), "Invalid command 'Header'"),
    ],
)
def test_refused_untouched(made: PracticeHost, disturb: Callable[[Machine], None], words: str) -> None:
    disturb(made.machine)
    before = made.machine.tree, made.machine.server
    with pytest.raises(Refused) as caught:
        run_on(made)
    assert words in str(caught.value)
    assert caught.value.exit is Exit.REFUSED
    assert (made.machine.tree, made.machine.server) == before


def test_the_inventory_may_be_stricter(made: PracticeHost) -> None:
    with pytest.raises(Refused, match="production host"):
        run_on(replace(made, host=replace(made.host, role=Role.PRODUCTION)))


def known_hosts(made: PracticeHost, folder: Path, key: paramiko.PKey | None) -> PracticeHost:
    path = folder / "other_known_hosts"
    line = f"[127.0.0.1]:{made.host.port} {key.get_name()} {key.get_base64()}\n" if key else ""
    path.write_text(line)
    return replace(made, host=replace(made.host, known_hosts=str(path)))


def test_an_unknown_host_key(made: PracticeHost, tmp_path: Path) -> None:
    before = state_of(made)
    with pytest.raises(Unreachable, match="is unknown: ecdsa-sha2-nistp256 SHA256:"):
        run_on(known_hosts(made, tmp_path, None))
    assert state_of(made) == before


def test_another_host_key(made: PracticeHost, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="is not the one in known_hosts"):
        run_on(known_hosts(made, tmp_path, paramiko.ECDSAKey.generate()))


def test_a_key_that_the_host_does_not_accept(
    made: PracticeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    path = tmp_path / "stranger"
    paramiko.ECDSAKey.generate().write_private_key_file(str(path))
    before = state_of(made)
    with pytest.raises(Unreachable, match="nothing was changed"):
        run_on(replace(made, host=replace(made.host, key_file=str(path))))
    assert state_of(made) == before


def test_nobody_listens(made: PracticeHost) -> None:
    with pytest.raises(ModbisectError) as caught:
        run_on(replace(made, host=replace(made.host, port=1)))
    assert caught.value.exit is Exit.REFUSED
