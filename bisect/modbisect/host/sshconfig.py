"""What OpenSSH's own configuration says of a host, asked of ``ssh -G`` so that Include and Match just work."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from modbisect.errors import Unreachable, UsageError


@dataclass(frozen=True, slots=True)
class SshSettings:
    """How to reach one host."""

    hostname: str
    port: int
    user: str
    identity_files: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    proxy_jump: str = ""
    proxy_command: str = ""
    identities_only: bool = False


def resolve(host: str, *, port: int | None = None, user: str | None = None) -> SshSettings:
    """Resolve a host name by the user's and the system's SSH configuration.

    Raises:
        UsageError: the configuration cannot be read.
    """
    if shutil.which("ssh"):
        argv = [
            "ssh",
            "-G",
            *(["-p", str(port)] if port else []),
            *(["-l", user] if user else []),
            "--",
            host,
        ]
        try:
            done = subprocess.run(argv, capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise UsageError(
                "'ssh -G' did not answer within 10 s",
                host=host,
                advice="look at 'Match exec' in ~/.ssh/config",
            ) from error
        if done.returncode != 0 and _nameless():
            raise UsageError(
                f"user id {os.getuid()} has no name on this machine, and OpenSSH does nothing for such a user",
                host=host,
                state="no connection was made",
                advice=f"give it one ('useradd -u {os.getuid()} NAME'), or run modbisect as a user that has one",
            )
        if done.returncode != 0:
            raise UsageError(
                f"OpenSSH refuses its configuration: {done.stderr.decode('utf-8', 'replace').strip()}",
                host=host,
                advice="mend ~/.ssh/config",
            )
        pairs = [line.split(" ", 1) for line in done.stdout.decode("utf-8", "replace").splitlines()]
        return _settings([(pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs], host)
    import paramiko  # noqa: PLC0415  # slow to load, and OpenSSH is nearly everywhere

    path = Path("~/.ssh/config").expanduser()
    config = paramiko.SSHConfig.from_path(str(path)) if path.exists() else paramiko.SSHConfig()
    found = config.lookup(host)
    pairs_from = [(key, value) for key, value in found.items() if isinstance(value, str)]
    pairs_from += [("identityfile", value) for value in found.get("identityfile", [])]
    settings = _settings(pairs_from, host)
    return SshSettings(
        settings.hostname,
        port or settings.port,
        user or settings.user,
        settings.identity_files,
        settings.known_hosts or ("~/.ssh/known_hosts",),
        settings.proxy_jump,
        settings.proxy_command,
        settings.identities_only,
    )


def _nameless() -> bool:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return True
    return False


def _settings(pairs: list[tuple[str, str]], host: str) -> SshSettings:
    first: dict[str, str] = {}
    for key, value in pairs:
        first.setdefault(key, value)
    jump = first.get("proxyjump", "none")
    command = first.get("proxycommand", "none")
    files = (
        first.get("userknownhostsfile", "~/.ssh/known_hosts")
        + " "
        + first.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts")
    )
    try:
        port = int(first.get("port", "22"))
    except ValueError as error:
        raise Unreachable(f"the SSH port {first['port']!r} is not a number", host=host) from error
    return SshSettings(
        hostname=first.get("hostname", host),
        port=port,
        user=first.get("user", ""),
        identity_files=tuple(value for key, value in pairs if key == "identityfile"),
        known_hosts=tuple(files.split()),
        proxy_jump="" if jump == "none" else jump,
        proxy_command="" if command == "none" else command,
        identities_only=first.get("identitiesonly") == "yes",
    )
