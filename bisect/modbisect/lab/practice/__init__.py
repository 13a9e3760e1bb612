"""The practice host: where there is no root or no Debian, something to try modbisect on.

Its components are simulated, nothing of the box is switched. Its site answers real HTTP, and it is reached by real
SSH, so that a run takes the very same path as to a real host.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko

from modbisect.inventory import Host
from modbisect.lab.practice.guard import Guard
from modbisect.lab.practice.machine import Machine, Rule
from modbisect.lab.practice.server import USER, SshServer
from modbisect.lab.practice.shell import Shell
from modbisect.lab.practice.site import Site
from modbisect.model import Role
from modbisect.playbook import Playbook, load_playbook

__all__ = ["CULPRIT", "Machine", "PracticeHost", "Rule", "practice"]

CULPRIT = "php-module:uploadguard"
"""What is planted, unless another rule is given."""


@dataclass(frozen=True, slots=True)
class PracticeHost:
    """A practice host while it is up."""

    host: Host
    playbook: Playbook
    machine: Machine
    """The simulated state, for tests to look into and to disturb."""
    drop: Callable[[], None]
    """Cuts every SSH connection."""


@contextlib.contextmanager
def practice(
    folder: Path, *, slow: Rule = lambda on: CULPRIT in on, slow_seconds: float = 3.0
) -> Iterator[PracticeHost]:
    """A practice host, up while the context lasts, on ports of 127.0.0.1.

    Args:
        folder: where its keys are written, fresh ones each time.
        slow: whether uploads are slow, from the ids of the components that are on.
        slow_seconds: what a MiB of a slow upload takes.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    host_key, client_key = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    key_file, known_hosts = folder / "client_key", folder / "known_hosts"
    key_file.unlink(missing_ok=True)
    client_key.write_private_key_file(str(key_file))
    machine = Machine(slow)
    guard = Guard(machine)
    with contextlib.ExitStack() as stack:
        stack.callback(guard.close)
        site = stack.enter_context(contextlib.closing(Site(machine, slow_seconds)))
        server = stack.enter_context(contextlib.closing(SshServer(Shell(machine, guard), host_key, client_key)))
        known_hosts.write_text(f"[127.0.0.1]:{server.port} {host_key.get_name()} {host_key.get_base64()}\n")
        host = Host(
            "practice",
            "127.0.0.1",
            server.port,
            USER,
            str(key_file),
            str(known_hosts),
            role=Role.STAGING,
            base_url=site.url,
        )
        yield PracticeHost(host, load_playbook(Path(__file__).with_name("practice.yml")), machine, server.drop)
