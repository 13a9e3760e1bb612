"""``modbisect guard``: the helper on a host, for least privilege."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, one_host, password_prompt
from modbisect.host.helper import HELPER
from modbisect.host.install import install, remove
from modbisect.host.privilege import RootLink, find_privilege
from modbisect.inventory import Host
from modbisect.run.access import linked, password_of


@click.group("guard")
def command() -> None:
    """Install the guard on a host once, so that runs there need no other command as root.

    'modbisect sudoers' prints the sudoers file that goes with it. These two verbs themselves need full sudo.
    """


@command.command("install")
@click.argument("host")
@inventory_option
@become_option
def install_command(host: str, inventory: Path | None, *, ask_become: bool) -> None:
    """Put the helper on a host, or bring the one there to this version."""
    target = one_host(host, None, inventory)
    with _as_root(target, password_prompt(ask_become)) as root:
        click.echo(f"{target.name}: {HELPER} installed, sha256 {install(root)}")


@command.command("remove")
@click.argument("host")
@inventory_option
@become_option
def remove_command(host: str, inventory: Path | None, *, ask_become: bool) -> None:
    """Take the helper away; the sudoers file is yours to remove."""
    target = one_host(host, None, inventory)
    with _as_root(target, password_prompt(ask_become)) as root:
        remove(root)
        click.echo(f"{target.name}: {HELPER} removed; a sudoers file that names it is still there")


@contextmanager
def _as_root(host: Host, ask: Callable[[], str] | None) -> Iterator[RootLink]:
    with linked(host) as link:
        yield RootLink(link, find_privilege(link, password=password_of(host, ask), helper=False))
