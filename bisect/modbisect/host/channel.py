"""One command, one stream or one forwarded port on a channel of paramiko's: every read has an end in bytes and time."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

import paramiko
from paramiko.ssh_exception import SSHException

from modbisect.errors import LinkLost
from modbisect.host.link import DEFAULT_CAP, Deadline

OPEN_SECONDS = 10.0


def end(channel: paramiko.Channel) -> None:
    """Close it; a connection that breaks as its end is told has ended as well."""
    with contextlib.suppress(SSHException, OSError, EOFError):
        channel.close()


def pump(channel: paramiko.Channel, stdin: bytes, until: Deadline, cap: int) -> tuple[bytes, bytes]:
    """Feed and read a channel until it is done; a partial output when the bounds are reached."""
    out, err = bytearray(), bytearray()
    rest = memoryview(stdin)
    channel.setblocking(0)
    open_for_writing = True
    while not until.passed and len(out) + len(err) <= cap:
        moved = False
        if open_for_writing:
            try:
                if rest and channel.send_ready():
                    rest = rest[channel.send(bytes(rest[:32768])) :]
                    moved = True
                if not rest:
                    channel.shutdown_write()
                    open_for_writing = False
            except OSError:  # the command has ended without reading it all; its output and status may still be here
                open_for_writing = False
        if channel.recv_ready():
            out += channel.recv(65536)
            moved = True
        if channel.recv_stderr_ready():
            err += channel.recv_stderr(65536)
            moved = True
        if not moved:
            if channel.eof_received or channel.closed:
                break
            # Readable when data or the end has come; a full send window is tried again shortly.
            select.select([channel], [], [], min(until.left, 0.02 if rest else 0.5))
    return bytes(out), bytes(err)


class SshStream:
    """See `modbisect.host.link.Stream`."""

    def __init__(self, name: str, channel: paramiko.Channel, mark: bytes) -> None:
        self._name = name
        self._channel = channel
        self._buffer = b""
        self._mark = mark
        """Before the command's first word; empty when that has been seen."""

    def ask(self, line: str, deadline: float) -> str:
        """See `Stream.ask`."""
        until = Deadline(deadline)
        try:
            self._channel.settimeout(max(0.1, until.left))
            self._channel.sendall(line.encode() + b"\n")
            if self._mark:
                self._read_to(self._mark, until)
                _, began, self._buffer = self._buffer.partition(self._mark)
                self._mark = b"" if began else self._mark
            self._read_to(b"\n", until)
        except (SSHException, OSError, EOFError) as error:
            raise LinkLost(f"no answer: {str(error) or type(error).__name__}", host=self._name) from error
        answer, newline, self._buffer = self._buffer.partition(b"\n")
        if self._mark or not newline:
            what = "the answer did not end in time" if until.passed else "the command on the host ended"
            raise LinkLost(what, host=self._name)
        return answer.decode("utf-8", "replace").strip()

    def _read_to(self, end: bytes, until: Deadline) -> None:
        while end not in self._buffer and len(self._buffer) < DEFAULT_CAP and not until.passed:
            self._channel.settimeout(max(0.01, until.left))
            data = self._channel.recv(4096)
            if not data:
                break
            self._buffer += data

    def close(self) -> None:
        """See `Stream.close`."""
        with contextlib.suppress(SSHException, OSError, EOFError):
            self._channel.shutdown_write()
            until = Deadline(2)
            self._channel.settimeout(until.left)
            while not until.passed and self._channel.recv(4096):
                pass
        end(self._channel)


class Forwarder:
    """Accepts on a loopback port and copies both ways through direct-tcpip channels."""

    def __init__(self, transport: paramiko.Transport, host: str, port: int) -> None:
        self._transport = transport
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def __enter__(self) -> int:
        threading.Thread(target=self._accept, name="forward", daemon=True).start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # ends the waiting accept, which would keep the port open
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, source = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, source), daemon=True).start()

    def _serve(self, client: socket.socket, source: tuple[str, int]) -> None:
        with contextlib.suppress(SSHException, OSError, EOFError), client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            channel = self._transport.open_channel("direct-tcpip", self._target, source, timeout=OPEN_SECONDS)
            with contextlib.closing(channel):
                back = threading.Thread(target=_copy, args=(channel, client), daemon=True)
                back.start()
                _copy(client, channel)
                back.join()


def _copy(source: socket.socket | paramiko.Channel, sink: socket.socket | paramiko.Channel) -> None:
    with contextlib.suppress(SSHException, OSError, EOFError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(SSHException, OSError, EOFError):
        sink.shutdown(socket.SHUT_WR)
