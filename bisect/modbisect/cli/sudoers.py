"""``modbisect sudoers``."""

from __future__ import annotations

import click

from modbisect.host.install import sudoers


@click.command("sudoers")
@click.option("--user", default="modbisect", show_default=True, help="The user, or %group, that runs log in as.")
def command(user: str) -> None:
    """Print the least-privilege sudoers file for hosts with the helper ('modbisect guard install')."""
    click.echo(sudoers(user), nl=False)
