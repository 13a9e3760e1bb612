"""``modbisect plan``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from modbisect.api import plan
from modbisect.cli.asking import asking, asking_options
from modbisect.cli.common import (
    HOST,
    PLAYBOOK,
    become_option,
    inventory_option,
    json_option,
    password_prompt,
)
from modbisect.cli.streams import tell
from modbisect.errors import Exit
from modbisect.model import Component, Untestable, Upload
from modbisect.report.wording import by_kind, stayed_out
from modbisect.run.outlook import Plan


@click.command("plan")
@PLAYBOOK
@HOST
@asking_options
@inventory_option
@become_option
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Every component, and every file that a flip would change.")
def command(
    playbook: Path,
    host: str | None,
    inventory: Path | None,
    *,
    url: str | None,
    recorded: Path | None,
    upload: Upload | None,
    role: str | None,
    kinds: tuple[Path, ...],
    ask_become: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """Say what a run would do and cost. Touches nothing on the host, and sends the site no request."""
    asked = asking(playbook, host, inventory, url=url, recorded=recorded, upload=upload, role=role, kinds=kinds)
    book, target = asked.playbook, asked.host
    tell(f"{target.name}: connecting")
    made = plan(target, book, ask_password=password_prompt(ask_become), say=lambda what: tell(f"{target.name}: {what}"))
    stays = [component for component in made.scan.components if component.pinned and component.on]
    if as_json:
        document = {
            "schema": 1,
            "host": target.name,
            "refusal": made.refusal,
            "suspects": {suspect: [str(step) for step in steps] for suspect, steps in made.steps.items()},
            "stays": {component.id: component.pinned for component in stays},
            "trials": {"typical": made.forecast.typical, "worst": made.forecast.worst, "limit": made.most_restarts},
            "downtime_seconds": made.downtime,
        }
        click.echo(json.dumps(document, indent=2))
        return Exit.REFUSED if made.refusal else Exit.OK
    click.echo(
        f"{target.name}: {'would be refused: ' + made.refusal if made.refusal else f'{book.name!r} can run'}; "
        f"{len(made.steps)} suspects, about {made.forecast.typical} restarts, {made.forecast.worst} if it goes badly "
        f"(as simulated sites of that size with one culprit took; far fewer where a look sees it at work), "
        f"never more than {made.most_restarts}; "
        f"about {made.downtime:.0f} s of downtime in that bad case"
    )
    if made.scan.behind:
        click.echo(f"warning: {made.scan.behind}")
    if verbose:
        _list(made, stays)
    free = Counter(component.kind for component in made.scan.components if not component.pinned)
    click.echo(f"may be flipped: {by_kind(free) or 'nothing'}")
    click.echo(f"stays as found: {stayed_out([Untestable(component.id, component.pinned) for component in stays])}")
    return Exit.REFUSED if made.refusal else Exit.OK


def _list(made: Plan, stays: Sequence[Component]) -> None:
    for component in stays:
        click.echo(f"stays as found: {component.id:<40} {component.pinned}")
    for suspect, steps in made.steps.items():
        click.echo(f"may be flipped: {suspect}")
        for step in steps:
            click.echo(f"    {step}")
