"""``modbisect incident``."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from modbisect.cli.asking import Asking, asking, asking_options
from modbisect.cli.common import HOST, PLAYBOOK, become_option, inventory_option, password_prompt
from modbisect.cli.inside import further
from modbisect.cli.keep import keep
from modbisect.cli.notifying import notify, notify_option
from modbisect.cli.performing import perform
from modbisect.cli.ranking import blocks, sentence
from modbisect.cli.run import output_option, quiet_option, seconds_of, write_files
from modbisect.cli.streams import tell
from modbisect.errors import Exit, ModbisectError, Refused
from modbisect.model import Role, Upload
from modbisect.notify import Level, Notice, Place, of_run
from modbisect.playbook import format_seconds
from modbisect.report import Report, markdown
from modbisect.report.in_markdown import written
from modbisect.run.access import opened
from modbisect.run.hypervisor import watched
from modbisect.run.look import look_at
from modbisect.run.options import Options
from modbisect.run.outlook import scan
from modbisect.run.remembered import needed

LEAST_SECONDS = 90.0
"""With less nothing is switched: a search would be cut short, and the time is better spent looking."""
_SHARE, _LONGEST_LOOK = 0.3, 10
"""Of a budget that is too small to switch anything, and in seconds: so long is looked."""
_CURE_SECONDS = 600


@click.command("incident")
@PLAYBOOK
@HOST
@asking_options
@inventory_option
@become_option
@quiet_option
@output_option
@notify_option
@click.option("--budget", callback=seconds_of, default="10m", show_default=True, metavar="TIME", help="For all of it.")
@click.option(
    "--leave-off", is_flag=True, help="Leave the proven culprit switched over for good, by the host's own tools."
)
@click.option(
    "--change-id", "change", default="", help="Of the incident or the change: kept with the run, told in the report."
)
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
    quiet: bool,
    outputs: tuple[tuple[str, Path], ...],
    places: tuple[Place, ...],
    budget: float,
    leave_off: bool,
    change: str,
) -> int:
    """The runbook's step: who makes the site slow, within a budget, as Markdown; no question is asked.

    HOST and --url, or a PLAYBOOK, say what is slow. On production, and where the budget is too small to switch
    anything, it looks, and ranks; elsewhere it finds and proves the culprit as 'modbisect run' does. The exit codes are
    those of 'run'.
    """
    began = time.monotonic()
    asked = asking(playbook, host, inventory, url=url, recorded=recorded, upload=upload, role=role, kinds=kinds)
    ask = password_prompt(ask_become)
    why = f"a budget of {format_seconds(budget)} is too small to switch anything" if budget < LEAST_SECONDS else ""
    if asked.host.role is Role.PRODUCTION:
        why = "this is a production host: nothing is switched in place"
    if not why:
        try:
            report, code = _run(asked, inventory, budget, change, leave_off=leave_off, quiet=quiet, ask=ask)
        except Refused as error:
            why = f"a run was refused: {error.what}"
        else:
            click.echo(markdown(report), nl=False)
            write_files(report, outputs)
            notify(places, of_run(report))
            return code
    tell(f"{asked.host.name}: {why}; looking")
    left = budget - (time.monotonic() - began)
    title, text = _ranking(asked, why, max(1, min(_LONGEST_LOOK, round(left * _SHARE))), ask=ask)
    click.echo(text, nl=False)
    tags = tuple(filter(None, ("incident", asked.playbook.name, change)))
    notify(places, Notice(title, text, Level.WARNING, asked.host.name, tags))
    return Exit.INCONCLUSIVE


def _run(
    asked: Asking,
    inventory: Path | None,
    budget: float,
    change: str,
    *,
    leave_off: bool,
    quiet: bool,
    ask: Callable[[], str] | None,
) -> tuple[Report, int]:
    """A whole run, the search in the file to blame included."""
    most = asked.playbook.budget.seconds
    book = replace(asked.playbook, budget=replace(asked.playbook.budget, seconds=min(budget, most) if most else budget))
    options = Options(
        seed=secrets.randbelow(1 << 31),
        ask_password=ask,
        playbook_path=str(asked.path.resolve()) if asked.path else "",
        role=asked.role,
        by_url=asked.path is None,
        inventory=str(inventory.absolute()) if inventory else "",
        cure_seconds=_CURE_SECONDS if leave_off else 0,
        needed=needed(asked.host.name),
        change=change,
        unasked=True,
    )
    report, code = perform(asked.host, book, options, quiet=quiet)
    if report.restored.cure_until:
        try:
            done = keep(asked.host, options.ask_password)
        except ModbisectError as error:  # the report stands, and says until when it is kept and how to keep it
            tell(f"modbisect: {error}")
            return report, code
        restored = replace(report.restored, cure_until="", cured_by=done.commands)
        return replace(report, restored=restored), code
    if not leave_off and code in (Exit.FOUND, Exit.CLEARED):
        return further(report, asked.host, book, options, quiet=quiet)
    return report, code


def _ranking(asked: Asking, why: str, seconds: int, *, ask: Callable[[], str] | None) -> tuple[str, str]:
    """What a look says, in a sentence and as Markdown: it accuses nobody."""
    with opened(asked.host, ask) as root, watched(asked.host, root) as watch:
        there = scan(root, asked.host, asked.playbook)
        looked = look_at(root, asked.host, asked.playbook, seconds, found=there.facts, components=there.components)
        below = watch.after(there.facts) if watch else None
    said = sentence(looked, why)
    return said, written(said, blocks(there, looked, below))
