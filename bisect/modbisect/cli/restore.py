"""``modbisect restore``."""

from __future__ import annotations

from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, one_host, password_prompt
from modbisect.host.guard import Guard
from modbisect.run.access import opened


@click.command("restore")
@click.argument("host")
@inventory_option
@become_option
@click.option("--force", is_flag=True, help="Even from a run that is still at work.")
def command(host: str, inventory: Path | None, *, ask_become: bool, force: bool) -> None:
    """Put a host back that a run has left switched. Needs nothing of the run that did it."""
    target = one_host(host, None, inventory)
    with opened(target, password_prompt(ask_become)) as root:
        guard = Guard(root, "")
        if guard.status().state == "NONE":
            click.echo(f"{target.name}: no run is open, nothing to restore")
            return
        click.echo(f"{target.name}: {guard.rescue(force=force)}")
