"""``modbisect canary``."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path

import click

from modbisect.cli.common import (
    HOST,
    PLAYBOOK,
    default_history,
    history_option,
    hosts_of,
    inventory_option,
    json_option,
    playbook_of,
)
from modbisect.cli.nagios import Status, status_of, told, unknown
from modbisect.cli.notifying import notify, notify_option
from modbisect.cli.schedule import install, remove
from modbisect.cli.sighted import as_row, more_lines, sentence
from modbisect.cli.streams import tell
from modbisect.cli.watching import Watching
from modbisect.errors import Exit, ModbisectError, UsageError
from modbisect.history import History
from modbisect.judging.history import Trend
from modbisect.notify import Place, unready
from modbisect.run.canary import Sighting


class _Canary(click.Group):
    """Whatever is none of its verbs is a check."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group("canary", cls=_Canary)
def command() -> None:
    """Measure a playbook's probes and compare with earlier checks; nothing on the host is touched.

    'modbisect canary PLAYBOOK [HOST]' is 'modbisect canary check PLAYBOOK [HOST]'; 'install' does it at fixed times.
    """


command.add_command(install)
command.add_command(remove)


@command.command("check")
@PLAYBOOK
@HOST
@inventory_option
@json_option
@history_option
@click.option(
    "--nagios", is_flag=True, help="One line and the exit codes of a Nagios plugin: 1 slower, 2 broken, 3 unknown."
)
@click.option(
    "--look/--no-look",
    default=True,
    help="Say of what is slower what it is doing; needs root over SSH, and does without where it gets none.",
)
@click.option(
    "--metrics",
    "metrics",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was seen there as well, for the textfile collector of Prometheus' node exporter.",
)
@click.option(
    "--go-on",
    is_flag=True,
    help="Where a probe has become slower: say what has changed on the host since the last good check; on staging and "
    "experimental hosts find who is to blame as 'run' does, too, within the playbook's budget, or ten minutes. Each "
    "check looks at the host then.",
)
@notify_option
@click.option("--dry-run", is_flag=True, help="Print what would be sent to where --notify says, and send nothing.")
@click.option("-v", "--verbose", is_flag=True, help="Speak even when nothing has changed.")
def check(
    playbook: Path,
    host: str | None,
    inventory: Path | None,
    *,
    url: str | None,
    as_json: bool,
    nagios: bool,
    look: bool,
    metrics: Path | None,
    go_on: bool,
    places: tuple[Place, ...],
    dry_run: bool,
    verbose: bool,
) -> int:
    """Measure a playbook's probes and compare with earlier checks; nothing on the host is touched.

    Quiet with exit 0 when nothing has changed; exit 1 with the figure when a probe is slower than it usually is at this
    time of day, in two of its latest three checks or three times as slow in one, or its answer is no longer correct.
    What it usually is, is learnt from the checks of four weeks: after five of them it speaks of 50 % more, after three
    days of 20 %. What is slower for good and meant to be, 'modbisect history accept' makes usual.
    """
    for failure in () if dry_run else unready(places):  # else the first alarm would be the first to say so
        tell(f"modbisect: {failure}")
    try:
        book, tell_of = playbook_of(playbook), partial(notify, places, dry_run=dry_run)
        with History(url or default_history()) as history:
            watching = Watching(playbook, book, inventory, history, look=look, go_on=go_on, tell_of=tell_of)
            rows = list(watching.sightings(hosts_of(host, book, inventory)))
        if metrics:
            _measured(metrics, book.name, rows)
    except ModbisectError as error:
        if not nagios:
            raise
        click.echo(unknown(str(error)))
        return Status.UNKNOWN
    if nagios:
        click.echo(told(rows, sentence))
        return status_of(rows)
    if as_json:
        click.echo(json.dumps([as_row(name, sighting) for name, sighting in rows], indent=2))
    else:
        for name, sighting in rows:
            if verbose or sighting.alarming:
                click.echo("\n  ".join((f"{name}: {sentence(sighting)}", *more_lines(sighting))))
    return Exit.FOUND if any(sighting.alarming for _, sighting in rows) else Exit.OK


def _measured(path: Path, playbook: str, rows: list[tuple[str, Sighting]]) -> None:
    """Write the metrics, whole or not at all: a collector may read them at any moment.

    Raises:
        UsageError: it cannot be written, or what writes it is not installed.
    """
    try:
        from modbisect.report.metrics import Checked, checked  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"metrics need prometheus-client: {error}", advice="pip install 'modbisect[metrics]'"
        ) from None
    now = time.time()
    text = checked(
        Checked(
            name,
            playbook,
            sighting.probe,
            now,
            sighting.comparison.now_seconds if sighting.comparison else None,
            (sighting.comparison and sighting.comparison.usual_seconds) or None,
            (sighting.comparison and sighting.comparison.alarm_seconds) or None,
            slower=bool(sighting.comparison and sighting.comparison.trend is Trend.SLOWER),
        )
        for name, sighting in rows
    )
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}", advice="name a file that can be written") from None
