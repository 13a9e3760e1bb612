"""``modbisect schema``."""

from __future__ import annotations

import json

import click

from modbisect import inventory, playbook, report

_SCHEMAS = {"playbook": playbook.json_schema, "inventory": inventory.json_schema, "report": report.json_schema}


@click.command("schema")
@click.argument("what", type=click.Choice(list(_SCHEMAS)), default="playbook")
def command(what: str) -> None:
    """Print the JSON Schema of playbooks, inventories or reports."""
    click.echo(json.dumps(_SCHEMAS[what](), indent=2))
