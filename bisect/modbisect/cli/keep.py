"""``modbisect keep``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt
from modbisect.cli.streams import tell
from modbisect.errors import ModbisectError
from modbisect.host.guard import Confirmed, Guard
from modbisect.inventory import Host
from modbisect.run.access import opened
from modbisect.run.events import Kept
from modbisect.run.journal import add


@click.command("keep")
@click.argument("host")
@inventory_option
@become_option
@json_option
def command(host: str, inventory: Path | None, *, ask_become: bool, as_json: bool) -> None:
    """Make the cure last that 'modbisect run --keep-cure' has left on a host.

    The host runs its own commands for that, such as a2dismod; they are told, and written into the run's journal.
    """
    target = one_host(host, None, inventory)
    done = keep(target, password_prompt(ask_become))
    if as_json:
        click.echo(json.dumps({"host": target.name, "run": done.run, "commands": done.commands}, indent=2))
        return
    for line in done.commands:
        click.echo(f"{target.name}: did {line}")
    click.echo(f"{target.name}: the cure of run {done.run[:8]} is kept for good; no run is open there any more")


def keep(host: Host, ask_password: Callable[[], str] | None) -> Confirmed:
    """Make the cure last that a run has left on a host, and write that into the run's journal."""
    with opened(host, ask_password) as root:
        done = Guard(root, "").confirm()
    _record(done)
    return done


def _record(done: Confirmed) -> None:
    """In the run's journal; the host is cured with or without it."""
    try:
        here = add(done.run, Kept(done.commands))
    except ModbisectError as error:
        tell(f"modbisect: {error}")
    else:
        if not here:
            tell(f"modbisect: the journal of run {done.run[:8]} is not kept here, so this is not in it")
