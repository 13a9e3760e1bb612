"""From a host of the inventory to a link with root rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from modbisect.errors import UsageError
from modbisect.host.link import Link
from modbisect.host.local import LocalLink
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.host.sshconfig import resolve
from modbisect.inventory import VAULTED, Host, decrypted
from modbisect.playbook import resolve_secret


@contextmanager
def opened(host: Host, ask_password: Callable[[], str] | None = None) -> Iterator[RootLink]:
    """A link to the host with root rights, closed at the end.

    Args:
        host: from the inventory.
        ask_password: asks a person for the sudo password; None where nobody can be asked.

    Raises:
        Unreachable: no connection, or not the host we know.
        Refused: no root rights.
        UsageError: the SSH configuration or the password's reference is wrong.
    """
    with linked(host) as link:
        yield RootLink(link, find_privilege(link, password=password_of(host, ask_password)))


@contextmanager
def linked(host: Host) -> Iterator[Link]:
    """A link to the host without more rights than its user has, closed at the end.

    Raises:
        Unreachable: no connection, or not the host we know.
    """
    link = _link(host)
    try:
        yield link
    finally:
        link.close()


def password_of(host: Host, ask: Callable[[], str] | None) -> Callable[[], str] | None:
    """Asks for the sudo password: as the inventory says, else a person; None where nobody can be asked."""
    reference = host.become_password
    if reference is None:
        return ask
    if reference.startswith(VAULTED):
        return lambda: decrypted(reference)
    return lambda: resolve_secret(reference, ask)


def _link(host: Host) -> Link:
    if host.connection == "local":
        return LocalLink(host.name)
    from modbisect.host import ssh  # noqa: PLC0415  # fabric takes long to import; a local run does without

    settings = resolve(host.address, port=host.port, user=host.user)
    if host.key_file:
        if not Path(host.key_file).is_file():
            raise UsageError(
                f"the key {host.key_file} is not there",
                host=host.name,
                state="no connection was made",
                advice="correct ansible_ssh_private_key_file in the inventory",
            )
        settings = replace(settings, identity_files=(host.key_file, *settings.identity_files))
    if host.known_hosts:
        settings = replace(settings, known_hosts=(host.known_hosts,))
    return ssh.connect(host.name, settings)
