"""``modbisect sudoers``."""

from __future__ import annotations

import click

from modbisect.host.install import sudoers


@click.command("sudoers")
@click.option("--user", default="modbisect", show_default=True, help="The user, or %group, that runs log in as.")
@click.option("--lasting", is_flag=True, help="Let them keep a cure for good as well ('modbisect keep').")
def command(user: str, *, lasting: bool) -> None:
    """Print the least-privilege sudoers file for hosts with the helper ('modbisect guard install')."""
    click.echo(sudoers(user, lasting=lasting), nl=False)
