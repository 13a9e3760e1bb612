"""``modbisect init``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from modbisect.cli import doctor, scan
from modbisect.cli.asking import as_upload, as_url, upload_option, url_option
from modbisect.cli.common import become_option, inventory_option
from modbisect.errors import Exit, UsageError
from modbisect.model import Role, Upload


@click.command("init")
@click.argument("host", required=False)
@url_option
@upload_option
@click.option("--role", type=click.Choice([role.value for role in Role]), help="What HOST is.")
@inventory_option
@become_option
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="Folder for inventory.yml and playbook.yml.",
)
@click.pass_context
def command(
    ctx: click.Context,
    host: str | None,
    inventory: Path | None,
    *,
    url: str | None,
    upload: Upload | None,
    role: str | None,
    ask_become: bool,
    folder: Path,
) -> int:
    """Begin with a host: see whether a run could work there, and write an inventory and a playbook for it.

    HOST is as ssh takes it: a name, or one of ~/.ssh/config. What is not said is asked for where a terminal is there.
    Nothing on the host is changed; the page is asked for a few times.
    """
    asks = sys.stdin.isatty()
    if not asks and not (host and url):
        raise UsageError(f"{'--url' if host else 'HOST'} is missing", advice="say it: modbisect init HOST --url URL")
    host = host or str(click.prompt("Which host, as ssh takes it?", prompt_suffix=" "))
    if url is None:
        url = str(click.prompt("Which of its pages is slow? A path or a URL:", prompt_suffix=" ", value_proc=as_url))
        if upload is None and click.confirm("Is it slow when a file is sent there?"):
            words = "The form's field and a size:"
            upload = click.prompt(words, default="file:2MiB", prompt_suffix=" ", value_proc=as_upload)
    if role is None and inventory is None and asks:
        roles = click.Choice([each.value for each in Role])
        role = str(click.prompt("What is it? On production nothing is switched.", type=roles, prompt_suffix=" "))
    scan.make(folder)
    of_host = {
        "host": host,
        "inventory": inventory,
        "role": None if role == Role.PRODUCTION else role,
        "ask_become": ask_become,
        "as_json": False,
    }
    if ctx.invoke(doctor.command, **of_host, playbook=None) != Exit.OK:
        return Exit.REFUSED
    click.echo("")
    ctx.invoke(
        scan.command,
        **of_host,
        playbook=None,
        url=url,
        upload=upload,
        folder=folder,
        everything=False,
        recorded=None,
        since=float("inf"),
    )
    return Exit.OK
