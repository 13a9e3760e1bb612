"""``modbisect notify``."""

from __future__ import annotations

import click

from modbisect.cli.notifying import notify, notify_option
from modbisect.cli.report import report_of
from modbisect.errors import Exit, UsageError
from modbisect.notify import Level, Notice, Place, of_run


@click.command("notify")
@click.argument("run", required=False)
@notify_option
@click.option("--dry-run", is_flag=True, help="Print what would be sent and where to; send nothing.")
def command(run: str | None, *, places: tuple[Place, ...], dry_run: bool) -> int:
    """Send a run's verdict to where --notify says; without a RUN, a word that lets you see whether it arrives.

    Exit 4 when a place did not take it.
    """
    if not places:
        raise UsageError("where to?", advice="say it with --notify, or in MODBISECT_NOTIFY")
    word = Notice("modbisect: this is a test", "Who reads this is told of runs and canaries.", Level.INFO)
    return Exit.OK if notify(places, of_run(report_of(run)) if run else word, dry_run=dry_run) else Exit.REFUSED
