"""When a booting host counts as up."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Sequence

from modbisect.lab import processes, store
from modbisect.lab.errors import LabError

_DEADLINE = 60.0

Execute = Callable[[str, Sequence[str]], "subprocess.CompletedProcess[bytes]"]


def wait_ready(address: str, name: str, execute: Execute) -> None:
    """Wait until systemd has finished booting, sshd greets, and Apache answers where it is active.

    A host whose Apache cannot start (a power cut amid a change) is up all the same: that is for its visitor
    to find out. LabError after a minute.
    """
    deadline = time.monotonic() + _DEADLINE
    while not _booted(name, execute):
        _pause(name, deadline, "systemd to finish booting")
    while not _answers(address, 22, b""):
        _pause(name, deadline, "sshd to answer")
    while not _answers(address, 80, b"OPTIONS * HTTP/1.0\r\n\r\n"):
        if execute(name, ["systemctl", "--quiet", "is-active", "apache2"]).returncode != 0:
            return
        _pause(name, deadline, "Apache to answer")


def _booted(name: str, execute: Execute) -> bool:
    if not processes.alive(store.record(name).process):
        raise LabError(f"host {name} ended while it booted; its console says:\n{processes.console_tail(name)}")
    state = execute(name, ["systemctl", "is-system-running"]).stdout.strip()
    return state in (b"running", b"degraded")


def _answers(address: str, port: int, request: bytes) -> bool:
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.sendall(request)
            return bool(connection.recv(1))
    except OSError:
        return False


def _pause(name: str, deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        tail = processes.console_tail(name)
        raise LabError(f"host {name}: waited {_DEADLINE:g} s for {what}, in vain; its console says:\n{tail}")
    time.sleep(0.05)
