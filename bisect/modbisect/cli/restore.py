"""``modbisect restore``."""

from __future__ import annotations

from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, one_host, password_prompt
from modbisect.errors import UsageError
from modbisect.host.guard import Guard
from modbisect.run.access import opened


@click.command("restore")
@click.argument("host")
@inventory_option
@become_option
@click.option("--force", is_flag=True, help="Even from a run that is still at work.")
@click.option(
    "--accept",
    is_flag=True,
    help="You have looked: what others changed meanwhile is right as it is now. What the run switched is put back.",
)
def command(host: str, inventory: Path | None, *, ask_become: bool, force: bool, accept: bool) -> None:
    """Put a host back that a run has left switched. Needs nothing of the run that did it."""
    if force and accept:
        raise UsageError(
            "--force takes a host from a run at work, --accept ends a restore that has failed: not both",
            state="no host was touched",
            advice="--force first; should the restore then fail over what others changed, look, and --accept",
        )
    target = one_host(host, None, inventory)
    with opened(target, password_prompt(ask_become)) as root:
        guard = Guard(root, "")
        if guard.status().state == "NONE":
            click.echo(f"{target.name}: no run is open, nothing to restore")
            return
        for line in guard.rescue(force=force, accept=accept).splitlines():
            click.echo(f"{target.name}: {line}")
