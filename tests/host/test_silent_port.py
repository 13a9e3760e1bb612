"""A port that takes connections and is no SSH server: one sentence, and no traceback of a library's thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from modbisect.errors import Unreachable
from modbisect.host import ssh
from modbisect.host.sshconfig import SshSettings

Act = Callable[[socket.socket], object]
ACTS: dict[str, Act] = {
    "silent": lambda _: None,
    "closes": lambda client: client.close(),
    "a web server": lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "a banner and no more": lambda client: client.sendall(b"SSH-2.0-x\r\n"),
    "binary": lambda client: client.sendall(bytes(range(256)) * 100),
    "full": lambda client: (client.sendall(b"Exceeded MaxStartups\r\n"), client.close()),
}


@contextlib.contextmanager
def port(act: Act) -> Iterator[int]:
    kept: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                kept.append(listener.accept()[0])
                act(kept[-1])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    for client in kept:
        client.close()


@pytest.mark.parametrize("act", ACTS)
def test_a_port_that_is_no_ssh_server_is_told(
    act: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ssh, "CONNECT_SECONDS", 0.5)
    with port(ACTS[act]) as number, pytest.raises(Unreachable, match="does not answer as an SSH server") as caught:
        ssh.connect("web1", SshSettings("127.0.0.1", number, "x", identities_only=True))
    assert "MaxStartups" in caught.value.advice
    assert capfd.readouterr() == ("", "")
