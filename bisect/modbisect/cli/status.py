"""``modbisect status``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt
from modbisect.errors import Exit
from modbisect.host.guard import Guard, Status
from modbisect.run.access import opened


@click.command("status")
@click.argument("host")
@inventory_option
@become_option
@json_option
def command(host: str, inventory: Path | None, *, ask_become: bool, as_json: bool) -> int:
    """Tell what a host's guard is doing. Exit 5 when a restore has failed."""
    target = one_host(host, None, inventory)
    with opened(target, password_prompt(ask_become)) as root:
        status = Guard(root, "").status()
    if as_json:
        click.echo(json.dumps({"host": target.name, **asdict(status)}, indent=2))
    else:
        click.echo(f"{target.name}: {_sentence(status)}")
    return Exit.NOT_RESTORED if status.state == "FAILED" else Exit.OK


def _sentence(status: Status) -> str:
    who = f"run {status.run[:8]} of {status.owner}"
    match status.state:
        case "NONE":
            last = f"; the guard rolled run {status.rolled_back[:8]} back" if status.rolled_back else ""
            return f"no run is open{last}{f'; {status.reason}' if status.reason else ''}"
        case "FAILED":
            return f"RESTORE FAILED ({status.reason}) for {who}; the guard goes on trying, at least once a minute"
        case "ARMED":
            return f"{who} is at work; silence for {status.lease_seconds} s more would restore the host"
        case "CURED":
            return f"{who}: culprit kept switched over; put back in {status.lease_seconds} s unless kept"
        case other:
            return f"{who}, state {other}"
