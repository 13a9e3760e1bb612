"""``modbisect run``."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path

import click

from modbisect import report as reports
from modbisect.cli.asking import asking, asking_options
from modbisect.cli.common import (
    HOST,
    PLAYBOOK,
    become_option,
    inventory_option,
    json_option,
    password_prompt,
)
from modbisect.cli.countdown import count_down
from modbisect.cli.inside import further
from modbisect.cli.manual import need_terminal
from modbisect.cli.notifying import errors_told, notify, notify_option
from modbisect.cli.performing import perform
from modbisect.cli.streams import NobodyReads, silence, tell
from modbisect.errors import Exit, NotRestored, Unwritten
from modbisect.model import Upload
from modbisect.notify import Place, of_run
from modbisect.playbook import format_seconds, parse_seconds
from modbisect.report.values import Report
from modbisect.run.cure import LONGEST_SECONDS, SHORTEST_SECONDS
from modbisect.run.options import LEASE_SECONDS, LOOK_SECONDS, Options
from modbisect.run.remembered import needed

_OUTPUTS = " or ".join(f"{form}=FILE" for form in reports.FORMATS)


def _outputs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    del ctx, param
    outputs = []
    for text in values:
        form, equals, path = text.partition("=")
        if form not in reports.FORMATS or not equals or not path:
            raise click.BadParameter(f"--output takes {_OUTPUTS}, not {text!r}")
        if not Path(path).parent.is_dir() or Path(path).is_dir():
            raise click.BadParameter(f"{path!r} is no file in a folder that is there")
        outputs.append((form, Path(path)))
    return tuple(outputs)


def seconds_of(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """A time that a person wrote, as 10m."""
    del ctx, param
    try:
        return parse_seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _cure(ctx: click.Context, param: click.Parameter, value: str | None) -> int:
    if value is None:
        return 0
    seconds = round(seconds_of(ctx, param, value))
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise click.BadParameter(
            f"{value!r} is not from {format_seconds(SHORTEST_SECONDS)} to {format_seconds(LONGEST_SECONDS)}"
        )
    return seconds


verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="The report with every component that stayed as found or was not tested."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
lease_option = click.option(
    "--lease",
    type=click.IntRange(5, 600),
    default=LEASE_SECONDS,
    show_default=True,
    help="Seconds of silence after which the host restores itself.",
)
accept_drift_option = click.option(
    "--accept-drift", is_flag=True, help="Run though the server has not read its latest configuration."
)
open_security_option = click.option(
    "--open-security", is_flag=True, help="Switch access control unasked, where the playbook has allow_security."
)
output_option = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    callback=_outputs,
    metavar="FORMAT=PATH",
    help=f"Write a report as well: {_OUTPUTS}; may be repeated.",
)


keep_cure_option = click.option(
    "--keep-cure",
    "cure_seconds",
    callback=_cure,
    metavar="TIME",
    help="Leave a proven culprit switched over for so long, as 10m; then the host is put back, unless 'modbisect keep' "
    "makes it last.",
)


@click.command("run")
@PLAYBOOK
@HOST
@asking_options
@inventory_option
@become_option
@json_option
@quiet_option
@verbose_option
@click.option("--seed", type=int, help="For the order of the confirmation; random unless given.")
@lease_option
@accept_drift_option
@open_security_option
@output_option
@keep_cure_option
@notify_option
@click.option(
    "--into", "into", metavar="FILE", help="Look into this file of the host's: its own lines are the suspects."
)
@click.option("--whole", is_flag=True, help="Do not look into the file that is to blame.")
@click.option("--look/--no-look", default=True, help="First look at what the slow request is doing: 5 s, read only.")
@click.option("--manual", is_flag=True, help="Ask a person what the site is like in each trial; no probe is sent.")
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
    quiet: bool,
    verbose: bool,
    seed: int | None,
    lease: int,
    accept_drift: bool,
    open_security: bool,
    outputs: tuple[tuple[str, Path], ...],
    cure_seconds: int,
    places: tuple[Place, ...],
    manual: bool,
    look: bool,
    into: str | None,
    whole: bool,
) -> int:
    """Find what makes a site slow, prove it both ways, leave the host as found.

    PLAYBOOK says what is slow; in a hurry 'modbisect run HOST --url URL' needs neither a playbook nor an inventory.
    """
    asked = asking(
        playbook, host, inventory, url=url, recorded=recorded, upload=upload, role=role, kinds=kinds, into=into
    )
    book, target = asked.playbook, asked.host
    if manual:
        need_terminal()
    options = Options(
        seed=secrets.randbelow(1 << 31) if seed is None else seed,
        lease=lease,
        accept_drift=accept_drift,
        open_security=open_security,
        ask_password=password_prompt(ask_become),
        playbook_path=str(asked.path.resolve()) if asked.path else "",
        role=asked.role,
        by_url=asked.path is None,
        inventory=str(inventory.absolute()) if inventory else "",
        cure_seconds=cure_seconds,
        needed=needed(target.name),
        look_seconds=LOOK_SECONDS if look else 0,
    )
    with errors_told(places, target.name):
        report, code = perform(target, book, options, quiet=quiet, manual=manual)
    if not (whole or manual or cure_seconds) and code in (Exit.FOUND, Exit.CLEARED):
        report, code = further(report, target, book, options, quiet=quiet)
    try:
        write(report, outputs, as_json=as_json, verbose=verbose)
    finally:
        notify(places, of_run(report))
    count_down(target, report, options.ask_password)
    return code


def write(report: Report, outputs: tuple[tuple[str, Path], ...], *, as_json: bool, verbose: bool) -> None:
    """The report on standard output, and in files.

    Raises:
        Unwritten, NotRestored: standard output does not take it.
    """
    lost: Unwritten | None = None
    try:
        click.echo(reports.to_json(report) if as_json else on_terminal(report, verbose=verbose))
    except NobodyReads:  # the exit code tells all the same
        silence(sys.stdout)
    except Unwritten as error:
        lost = error
    write_files(report, outputs)
    if lost:
        restored = report.restored
        raise (NotRestored if restored.in_doubt else Unwritten)(
            lost.what,
            host=report.host,
            state=f"{'as found' if restored.verified else 'NOT as found'}: {restored.how}",
            advice=f"'modbisect report {report.run[:8]}' prints it",
        ) from lost


def write_files(report: Report, outputs: tuple[tuple[str, Path], ...]) -> None:
    """The report in files; what cannot be written is told of, and lost to nobody."""
    for form, path in outputs:
        try:
            path.write_text(reports.FORMATS[form](report), encoding="utf-8")
        except OSError as error:
            command = f"modbisect report {report.run[:8]} -f {form}"
            tell(f"modbisect: cannot write {path}: {error.strerror}; '{command}' prints the report")


def on_terminal(report: Report, *, verbose: bool = False) -> str:
    """The report as text: in colour and folded where standard output is a terminal."""
    terminal = sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns if terminal else None
    return reports.text(report, colour=terminal and "NO_COLOR" not in os.environ, columns=columns, verbose=verbose)
