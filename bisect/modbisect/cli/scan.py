"""``modbisect scan``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt, playbook_of
from modbisect.host.survey import answering
from modbisect.model import Component
from modbisect.run.access import opened
from modbisect.run.outlook import scan


@click.command("scan")
@click.argument("host")
@inventory_option
@become_option
@json_option
@click.option("-p", "--playbook", type=click.Path(path_type=Path), help="Show what this playbook makes of them.")
@click.option("-a", "--all", "everything", is_flag=True, help="Those that are off and no suspects, too.")
def command(
    host: str,
    inventory: Path | None,
    playbook: Path | None,
    *,
    ask_become: bool,
    as_json: bool,
    everything: bool,
) -> None:
    """List a host's components, their states, and why some may not be flipped. Reads only."""
    book = playbook_of(playbook) if playbook else None
    target = one_host(host, book, inventory)
    with opened(target, password_prompt(ask_become)) as root:
        seen = scan(root, target, book)
    if as_json:
        click.echo(json.dumps([_row(component) for component in seen.components], indent=2))
        return
    rows = sorted(seen.components, key=lambda component: component.id)
    suspects = [component for component in seen.components if not component.pinned]
    on = sum(component.on for component in seen.components)
    click.echo(
        f"{target.name} ({seen.role}): {len(seen.components)} components, {on} on, {len(suspects)} may be flipped"
    )
    if web := answering(seen.facts):
        click.echo(f"  {web}")
    for component in rows:
        if component.on or not component.pinned or everything:
            click.echo(
                f"  {'on ' if component.on else 'off'} {component.id:<40} "
                f"{(component.pinned and 'stays: ' + component.pinned) or component.detail}".rstrip()
            )


def _row(component: Component) -> dict[str, object]:
    return {
        "id": component.id,
        "on": component.on,
        "suspect": not component.pinned,
        "pinned": component.pinned,
        "depends": sorted(component.depends),
        "detail": component.detail,
    }
