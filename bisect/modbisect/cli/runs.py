"""``modbisect runs``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from modbisect.cli.common import json_option
from modbisect.cli.streams import tell
from modbisect.errors import UsageError
from modbisect.harmless import one_line
from modbisect.run.journal import read, runs, under_way
from modbisect.run.past import Summary, past, summary

_TOLD = {"began", "armed", "put-back", "failed", "finished", "kept", "looked-inside"}
_HEAD = ("id", "when", "host", "playbook", "outcome", "restored")


@click.command("runs")
@json_option
def command(*, as_json: bool) -> None:
    """List the runs that are kept here, the latest first: what came of them, and whether the host is as found."""
    kept = list(_summaries())
    if as_json:
        click.echo(json.dumps([asdict(run) for run in kept], indent=2))
        return
    if not kept:
        tell("modbisect: no runs are kept; start one with 'modbisect run'")
        return
    rows = [_HEAD, *(tuple(map(one_line, _row(run))) for run in kept)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _summaries() -> Iterator[Summary]:
    """Of every run whose journal can be read; of the others a line on standard error."""
    for path in runs():
        running = under_way(path)
        try:
            told = past(read(path.name, only=_TOLD))
            if not (told.report or told.failed):  # how far it had come
                told = past(read(path.name))
            yield summary(told, under_way=running)
        except UsageError as error:
            tell(f"modbisect: {error.what}")


def _row(run: Summary) -> tuple[str, ...]:
    return run.run[:8], run.when[:16].replace("T", " "), run.host, run.playbook, run.outcome, run.restored
