"""``modbisect report``."""

from __future__ import annotations

import click

from modbisect import report as reports
from modbisect.cli.run import exit_code, on_terminal
from modbisect.errors import UsageError
from modbisect.run.journal import read
from modbisect.run.past import report_of


@click.command("report")
@click.argument("run", default="last")
@click.option(
    "-f", "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
def command(run: str, form: str) -> int:
    """Print a run's report from its journal: the last run's, or that of the id given."""
    report = report_of(list(read(run)))
    if report is None:
        raise UsageError(
            "this run has not finished, or was killed: its journal has no report",
            advice="the guard restored the host, see 'modbisect status HOST'; "
            f"'modbisect resume {run}' goes on where it ended",
        )
    match form:
        case "json":
            click.echo(reports.to_json(report), nl=False)
        case "markdown":
            click.echo(reports.markdown(report))
        case _:
            click.echo(on_terminal(report))
    return exit_code(report)
