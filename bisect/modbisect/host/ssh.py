"""A target over SSH: Fabric's connection with the holes closed, and one bounded exec on paramiko's channels.

Fabric accepts any host key and has neither keepalive nor deadlines; here unknown and changed keys are refused, a dead
peer is noticed in seconds, and every read has an end in bytes and time.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import shlex
import socket
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
from modbisect.host.channel import Forwarder, SshStream, end, pump
from modbisect.host.link import DEFAULT_CAP, Deadline, InBand, Result, Stream
from modbisect.host.sshconfig import SshSettings, resolve

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else its thread prints tracebacks of its own

DEFAULT_PORT = 22
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
            advice=f"compare it with the host's own, then connect once with '{_by_hand(settings)}' to store it"
            f"{f'; it belongs into {settings.known_hosts[0]}' if settings.known_hosts else ''}",
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
            advice="name it as DNS or ~/.ssh/config does, or give the inventory that has it with -i"
            if isinstance(error, socket.gaierror)
            else "check address, port and network",
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


def _by_hand(settings: SshSettings) -> str:
    """The command that a person connects with."""
    user = f"{settings.user}@" if settings.user else ""
    port = [] if settings.port == DEFAULT_PORT else ["-p", str(settings.port)]
    return shlex.join(["ssh", *port, user + settings.hostname])


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
            out, err = pump(channel, stdin, until, cap)
        except (SSHException, OSError, EOFError) as error:
            raise self._lost(f"the connection broke: {str(error) or type(error).__name__}") from error
        finally:
            end(channel)
        return marked.split(out, err, self.name)

    def stream(self, argv: Sequence[str]) -> Stream:
        """See `Link.stream`."""
        channel = self._channel(Deadline(CONNECT_SECONDS))
        marked = InBand()
        try:
            channel.exec_command("exec /bin/sh -c " + shlex.quote(marked.start(shlex.join(argv))))
        except (SSHException, OSError, EOFError) as error:
            raise self._lost(f"the connection broke: {str(error) or type(error).__name__}") from error
        return SshStream(self.name, channel, marked.mark)

    @contextlib.contextmanager
    def forward(self, host: str, port: int) -> Iterator[int]:
        """See `Link.forward`; on a connection of its own, so that it does not disturb the commands."""
        connection = _open(self.name, self._settings, None)
        try:
            with Forwarder(connection.transport, host, port) as local_port:
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
