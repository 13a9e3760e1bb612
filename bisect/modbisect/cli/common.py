"""What several verbs share: their options, and from these to hosts and playbooks."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click

from modbisect import state
from modbisect.cli.streams import tell
from modbisect.errors import ModbisectError, UsageError
from modbisect.host.sshconfig import resolve
from modbisect.inventory import Host, adhoc_host, load_inventory
from modbisect.inventory.address import check_address, default_base_url
from modbisect.playbook import Playbook, load_playbook

_F = TypeVar("_F", bound=Callable[..., object])


_LIMIT = "modbisect.limit"


def _remember_limit(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    del param
    ctx.meta[_LIMIT] = value


def limit_of() -> str | None:
    """What ``-l`` said of this command."""
    limit: str | None = click.get_current_context().meta.get(_LIMIT)
    return limit


def inventory_option(function: _F) -> _F:
    """``-i``: where hosts are looked up; ``-l``: which of those that match are meant."""
    limited = click.option(
        "-l",
        "--limit",
        callback=_remember_limit,
        expose_value=False,
        help="Only hosts that match this pattern too, as Ansible's --limit.",
    )(function)
    return click.option(
        "-i",
        "--inventory",
        "inventory",
        type=click.Path(path_type=Path),
        envvar="MODBISECT_INVENTORY",
        show_envvar=True,
        help="Inventory of any form that Ansible reads; YAML needs no Ansible.",
    )(limited)


def become_option(function: _F) -> _F:
    """``-K``: ask for the sudo password."""
    return click.option("-K", "--ask-become-pass", "ask_become", is_flag=True, help="Ask for the sudo password.")(
        function
    )


def json_option(function: _F) -> _F:
    """``--json``: one document on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(function)


history_option = click.option(
    "--history",
    "url",
    envvar="MODBISECT_HISTORY",
    show_envvar=True,
    help="Database of earlier results, as an SQLAlchemy URL; a file in the user's state folder unless given.",
)


def default_history() -> str:
    """Where results are kept unless somebody says otherwise."""
    return f"sqlite:///{state.folder() / 'history.db'}"


def password_prompt(wanted: bool) -> Callable[[], str] | None:  # noqa: FBT001  # a flag of the command line
    """Asks at the terminal, once; None when nobody wants it.

    Raises:
        UsageError: it is wanted and there is no terminal.
    """
    if not wanted:
        return None
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask for the password at",
            advice="give it in the inventory as modbisect_become_password: env:NAME or file:PATH",
        )
    known: list[str] = []

    def ask() -> str:
        if not known:
            try:
                known.append(click.prompt("sudo password", hide_input=True, err=True))
            except click.Abort:
                raise UsageError("no sudo password was given", state="nothing was changed") from None
        return known[0]

    return ask


def hosts_of(target: str | None, playbook: Playbook | None, inventory: Path | None) -> tuple[Host, ...]:
    """The hosts meant: by pattern in an inventory, or one named on the command line.

    Raises:
        UsageError: none is.
    """
    pattern = target or (playbook.hosts if playbook else "")
    if not pattern:
        raise UsageError(
            "no host: neither the command line nor the playbook names one",
            advice="name one, as in 'modbisect run PLAYBOOK HOST'",
        )
    limit = click.get_current_context().meta.get(_LIMIT)
    if inventory is not None:
        known = load_inventory(inventory)
        for warning in known.warnings:
            tell(f"modbisect: {inventory}: {warning}")
        return known.select(pattern, limit or "")
    if not target and playbook and any(probe.auth or probe.form_secrets for probe in playbook.requests):
        raise UsageError(
            f'playbook "{playbook.name}" itself says which host gets its secrets',
            state="no host was touched, no secret was read",
            advice="name the host on the command line, or give an inventory with -i",
        )
    if limit:
        raise UsageError("--limit needs an inventory", advice="give one with -i")
    return (_with_site(adhoc_host(pattern)),)


def _with_site(host: Host) -> Host:
    """The same; where only OpenSSH's configuration knows the name, with the site at the address that it has there."""
    if host.connection != "ssh":
        return host
    try:
        address = check_address(resolve(host.address, port=host.port, user=host.user).hostname)
    except (ModbisectError, ValueError):  # who connects is told; a canary does without
        return host
    if address.lower() == host.address.lower() or _is_known(host.address):
        return host
    return replace(host, base_url=default_base_url(address))


def _is_known(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True


def one_host(target: str | None, playbook: Playbook | None, inventory: Path | None) -> Host:
    """The one host meant.

    Raises:
        UsageError: none, or several.
    """
    hosts = hosts_of(target, playbook, inventory)
    if len(hosts) != 1:
        raise UsageError(
            f"{len(hosts)} hosts match: {', '.join(host.name for host in hosts[:5])}",
            advice="a run works on one host at a time: name it",
        )
    return hosts[0]


def playbook_of(path: Path) -> Playbook:
    """Load a playbook."""
    return load_playbook(path)


PLAYBOOK = click.argument("playbook", type=click.Path(path_type=Path))
HOST = click.argument("host", required=False)
