"""The practice host's SSH server: paramiko's server side on a loopback port, for one user with one key."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.ssh_exception import SSHException

from modbisect.lab.practice.shell import Shell

USER = "practice"
_LOG = "modbisect.lab.practice"
_MOST_INPUT = 4 << 20
_LOST = (SSHException, OSError, EOFError)


class SshServer:
    """Serves a `Shell` on a port of 127.0.0.1 until it is closed."""

    def __init__(self, shell: Shell, host_key: paramiko.PKey, client_key: paramiko.PKey) -> None:
        # Clients that come and go are this server's daily life, not news for a terminal.
        logging.getLogger(_LOG).addHandler(logging.NullHandler())
        self._shell = shell
        self._host_key = host_key
        self._client_key = client_key
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="practice-ssh", daemon=True).start()

    def drop(self) -> None:
        """Cut every connection, as a network failure or the death of the client would."""
        for transport in self._transports:
            transport.close()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(*_LOST):
            transport = paramiko.Transport(client)
            self._transports.append(transport)
            transport.set_log_channel(_LOG)
            transport.local_version = "SSH-2.0-modbisect_practice_host"
            transport.add_server_key(self._host_key)
            transport.start_server(server=_Session(self._shell, self._client_key))


class _Session(paramiko.ServerInterface):
    """One connection: public-key authentication, and commands."""

    def __init__(self, shell: Shell, key: paramiko.PKey) -> None:
        self._shell = shell
        self._key = key

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return AUTH_SUCCESSFUL if (username, key) == (USER, self._key) else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del chanid
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        line = command.decode("utf-8", "replace")
        threading.Thread(target=self._answer, args=(channel, line), daemon=True).start()
        return True

    def _answer(self, channel: paramiko.Channel, line: str) -> None:
        # Nothing is sent before the client has sent, or ended its input: it then knows that the command was accepted.
        with contextlib.suppress(*_LOST), contextlib.closing(channel), channel.makefile("rb") as stream:
            answers = self._shell.conversation(line, stream)
            if answers is not None:
                for answer in answers:
                    channel.sendall(answer.encode())
                channel.send_exit_status(0)
                return
            done = self._shell.run(line, stream.read(_MOST_INPUT))
            channel.sendall_stderr(done.err)
            channel.sendall(done.out)
            channel.send_exit_status(done.status)
