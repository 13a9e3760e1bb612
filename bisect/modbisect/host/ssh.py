"""A target over SSH: Fabric's connection with the holes closed, and one bounded exec on paramiko's channels.

Fabric accepts any host key and has neither keepalive nor deadlines; here unknown and changed keys are refused, a dead
peer is noticed in seconds, and every read has an end in bytes and time.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import select
import shlex
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import fabric
import paramiko
import tenacity
from paramiko.ssh_exception import (
    AuthenticationException,
    BadHostKeyException,
    NoValidConnectionsError,
    SSHException,
)

from modbisect.errors import LinkLost, Unreachable
from modbisect.host.link import DEFAULT_CAP, Deadline, InBand, Result, Stream
from modbisect.host.sshconfig import SshSettings, resolve

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else its thread prints tracebacks of its own

KEEPALIVE_SECONDS = 2
SILENT_PEER_MILLISECONDS = 6000
CONNECT_SECONDS = 10.0
UNCHANGED = "nothing was changed"


class _UnknownKey(SSHException):
    def __init__(self, name: str, key: paramiko.PKey) -> None:
        super().__init__(name)
        self.host_name = name
        self.key = key


class _RefuseUnknown(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        del client
        raise _UnknownKey(hostname, key)


def connect(name: str, settings: SshSettings, *, password: str | None = None) -> SshLink:
    """Open a connection.

    Raises:
        Unreachable: no connection, an unknown or changed host key, or no key the host accepts.
    """
    return SshLink(name, settings, _open(name, settings, password))


def _open(name: str, settings: SshSettings, password: str | None) -> fabric.Connection:
    attempt = tenacity.retry(
        retry=tenacity.retry_if_exception_type((NoValidConnectionsError, TimeoutError, ConnectionResetError)),
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(2 * CONNECT_SECONDS),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
        reraise=True,
    )(_open_once)
    where = f"{settings.hostname} port {settings.port}"
    try:
        return attempt(settings, password)
    except BadHostKeyException as error:
        raise Unreachable(
            f"the host key of {where} is not the one in known_hosts: it offers {_print(error.key)}, "
            f"on file is {_print(error.expected_key)}",
            host=name,
            state=UNCHANGED,
            advice="find out why before you go on: it may be another machine, or somebody in between",
        ) from error
    except _UnknownKey as error:
        raise Unreachable(
            f"the host key of {where} is unknown: {_print(error.key)}",
            host=name,
            state=UNCHANGED,
            advice=f"compare it with the host's own, then connect once with 'ssh {settings.hostname}' to store it",
        ) from error
    except (SSHException, OSError, EOFError) as error:
        # A client without any key is told so by the plain base class.
        if isinstance(error, AuthenticationException) or "authentication methods" in str(error):
            raise Unreachable(
                f"{where} accepts no key of user {settings.user!r}: {error}",
                host=name,
                state=UNCHANGED,
                advice="load the key into the agent, or name it as ansible_ssh_private_key_file",
            ) from error
        if not str(error) or "banner" in str(error) or "No existing session" in str(error):
            raise Unreachable(
                f"{where} takes connections, but does not answer as an SSH server within {CONNECT_SECONDS:g} s",
                host=name,
                state=UNCHANGED,
                advice="see that sshd listens there and takes more logins (MaxStartups), and that nothing in between "
                "keeps its answer back",
            ) from error
        raise Unreachable(
            f"cannot connect to {where}: {str(error) or type(error).__name__}",
            host=name,
            state=UNCHANGED,
            advice="check address, port and network",
        ) from error


def _open_once(settings: SshSettings, password: str | None) -> fabric.Connection:
    gateway: fabric.Connection | str | None = settings.proxy_command or None
    for hop in filter(None, settings.proxy_jump.split(",")):
        gateway = _hop(hop, gateway)
    connection = _connection(settings, gateway, password)
    connection.open()
    transport = connection.transport
    transport.set_keepalive(KEEPALIVE_SECONDS)
    _refuse_revoked(settings, transport.get_remote_server_key())
    sock = transport.sock
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_PEER_MILLISECONDS)
    return connection


def _hop(hop: str, gateway: fabric.Connection | str | None) -> fabric.Connection:
    user, _, address = hop.rpartition("@")
    host, _, port = address.partition(":")
    settings = resolve(host, port=int(port) if port else None, user=user or None)
    return _connection(settings, gateway, None)


def _connection(
    settings: SshSettings, gateway: fabric.Connection | str | None, password: str | None
) -> fabric.Connection:
    keys = [str(path) for name in settings.identity_files if (path := Path(name).expanduser()).is_file()]
    connection = fabric.Connection(
        settings.hostname,
        user=settings.user or None,
        port=settings.port,
        config=fabric.Config(overrides={"load_ssh_configs": False}),
        gateway=gateway,
        connect_timeout=CONNECT_SECONDS,
        connect_kwargs={
            "key_filename": keys,
            "password": password,
            "look_for_keys": not settings.identities_only and not keys,
            "allow_agent": not settings.identities_only,
            "banner_timeout": CONNECT_SECONDS,
            "auth_timeout": CONNECT_SECONDS,
            "channel_timeout": CONNECT_SECONDS,
        },
    )
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(_RefuseUnknown())
    for _, line in _known_hosts(settings):
        _learn(client.get_host_keys(), line)
    connection.client = client
    return connection


def _known_hosts(settings: SshSettings) -> Iterator[tuple[str, str]]:
    """The lines of all files of known hosts, each with its file's name."""
    for name in settings.known_hosts:
        with contextlib.suppress(OSError):
            for line in Path(name).expanduser().read_text(errors="replace").splitlines():
                yield name, line.strip()


def _learn(keys: paramiko.HostKeys, line: str) -> None:
    if line.startswith(("#", "@")):  # markers: see _refuse_revoked; authorities are not known to paramiko
        return
    # A line that is damaged, or of a kind paramiko does not know, only makes its host unknown.
    with contextlib.suppress(paramiko.hostkeys.InvalidHostKey, SSHException):
        if entry := paramiko.hostkeys.HostKeyEntry.from_line(line):
            for name in entry.hostnames:
                keys.add(name, entry.key.get_name(), entry.key)


def _refuse_revoked(settings: SshSettings, key: paramiko.PKey) -> None:
    for name, line in _known_hosts(settings):
        if line.startswith("@revoked") and key.get_base64() in line.split():
            raise SSHException(f"its host key is marked @revoked in {name}")


def _print(key: paramiko.PKey) -> str:
    kind = key.get_name()
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{kind} SHA256:{digest}"


class SshLink:
    """One SSH connection; give each thread its own."""

    def __init__(self, name: str, settings: SshSettings, connection: fabric.Connection) -> None:
        self.name = name
        self._settings = settings
        self._connection = connection

    def execute(
        self, argv: Sequence[str], *, stdin: bytes = b"", deadline: float = 30.0, cap: int = DEFAULT_CAP
    ) -> Result:
        """See `Link.execute`."""
        until = Deadline(deadline)
        marked = InBand()
        channel = self._channel(until)
        try:
            channel.exec_command("exec /bin/sh -c " + shlex.quote(marked.wrap(shlex.join(argv))))
            out, err = _pump(channel, stdin, until, cap)
        except (SSHException, OSError, EOFError) as error:
            raise self._lost(f"the connection broke: {str(error) or type(error).__name__}") from error
        finally:
            _end(channel)
        return marked.split(out, err, self.name)

    def stream(self, argv: Sequence[str]) -> Stream:
        """See `Link.stream`."""
        channel = self._channel(Deadline(CONNECT_SECONDS))
        marked = InBand()
        try:
            channel.exec_command("exec /bin/sh -c " + shlex.quote(marked.start(shlex.join(argv))))
        except (SSHException, OSError, EOFError) as error:
            raise self._lost(f"the connection broke: {str(error) or type(error).__name__}") from error
        return _SshStream(self.name, channel, marked.mark)

    @contextlib.contextmanager
    def forward(self, host: str, port: int) -> Iterator[int]:
        """See `Link.forward`; on a connection of its own, so that it does not disturb the commands."""
        connection = _open(self.name, self._settings, None)
        try:
            with _Forwarder(connection.transport, host, port) as local_port:
                yield local_port
        finally:
            connection.close()

    def sibling(self) -> SshLink:
        """See `Link.sibling`."""
        return connect(self.name, self._settings)

    def close(self) -> None:
        """See `Link.close`."""
        self._connection.close()
        gateway = self._connection.gateway
        while isinstance(gateway, fabric.Connection):
            gateway.close()
            gateway = gateway.gateway

    def _channel(self, until: Deadline) -> paramiko.Channel:
        try:
            channel: paramiko.Channel = self._connection.transport.open_session(timeout=max(0.1, until.left))
        except (SSHException, OSError, EOFError) as error:
            raise self._lost(f"no channel: {str(error) or type(error).__name__}") from error
        else:
            return channel

    def _lost(self, what: str) -> LinkLost:
        return LinkLost(
            what,
            host=self.name,
            state="unknown: the command may have run",
            advice="look with 'modbisect status'; the guard restores an armed host by itself",
        )


def _end(channel: paramiko.Channel) -> None:
    """Close it; a connection that breaks as its end is told has ended as well."""
    with contextlib.suppress(SSHException, OSError, EOFError):
        channel.close()


def _pump(channel: paramiko.Channel, stdin: bytes, until: Deadline, cap: int) -> tuple[bytes, bytes]:
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


class _SshStream:
    def __init__(self, name: str, channel: paramiko.Channel, mark: bytes) -> None:
        self._name = name
        self._channel = channel
        self._buffer = b""
        self._mark = mark
        """Before the command's first word; empty when that has been seen."""

    def ask(self, line: str, deadline: float) -> str:
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
        with contextlib.suppress(SSHException, OSError, EOFError):
            self._channel.shutdown_write()
            until = Deadline(2)
            self._channel.settimeout(until.left)
            while not until.passed and self._channel.recv(4096):
                pass
        _end(self._channel)


class _Forwarder:
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
            channel = self._transport.open_channel("direct-tcpip", self._target, source, timeout=CONNECT_SECONDS)
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
