"""``modbisect report``."""

from __future__ import annotations

import click

from modbisect import report as reports
from modbisect.cli.performing import exit_code
from modbisect.cli.run import on_terminal, verbose_option
from modbisect.errors import UsageError
from modbisect.harmless import one_line
from modbisect.report import Report
from modbisect.run.journal import find, read, runs, under_way
from modbisect.run.past import past, summary
from modbisect.run.telling import told_report


@click.command("report")
@click.argument("run", default="last")
@click.option("-f", "--format", "form", type=click.Choice(list(reports.FORMATS)), default="text", show_default=True)
@verbose_option
def command(run: str, form: str, *, verbose: bool) -> int:
    """Print a run's report from its journal: that of the last run that has one, or of the id given."""
    report = report_of(run)
    told = on_terminal(report, verbose=verbose) if form == "text" else reports.FORMATS[form](report)
    click.echo(told, nl=not told.endswith("\n"))
    return exit_code(report)


def report_of(run: str) -> Report:
    """Of a run by its id or the beginning of it, or of the last run that has one.

    Raises:
        UsageError: it has none, or there is no such run.
    """
    return (_last() if run == "last" else None) or _report(run)


def _last() -> Report | None:
    """Of the last run that has one."""
    told = (past(events) for path in runs() if (events := list(read(path.name))))
    return next((report for run in told if (report := told_report(run))), None)


def _report(run: str) -> Report:
    """Of this run.

    Raises:
        UsageError: it has none; with what is known instead.
    """
    told = past(read(run))
    if report := told_report(told):
        return report
    seen = summary(told, under_way=under_way(find(run)))
    short, host = seen.run[:8], one_line(seen.host)
    ask = f"'modbisect status {host}' tells what the host's guard is doing"
    advice = {
        "running": ask,
        "refused": "do as it said then, and start it again with 'modbisect run'",
        "failed": ask,
        "killed": f"'modbisect resume {short}' goes on where it ended",
    }
    left = f"the guard puts {host} back by itself; whether it has, {ask}"
    state = {"untouched": f"nothing was changed on {host}", "unknown": left}
    raise UsageError(
        f"run {short} on {host} has no report: {one_line(seen.why)}",
        state="" if seen.outcome == "running" else state.get(seen.restored, f"restored: {seen.restored}"),
        advice=advice[seen.outcome] if seen.restored != "untouched" else advice["refused"],
    )
