"""``modbisect resume``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt
from modbisect.cli.countdown import count_down
from modbisect.cli.manual import need_terminal
from modbisect.cli.performing import exit_code, perform
from modbisect.cli.run import (
    accept_drift_option,
    keep_cure_option,
    lease_option,
    open_security_option,
    output_option,
    quiet_option,
    verbose_option,
    write,
)
from modbisect.cli.streams import tell
from modbisect.errors import UsageError
from modbisect.model import Outcome, Role
from modbisect.playbook import Budget, Playbook, left_out, load_playbook, parse_seconds, whole
from modbisect.run.journal import read
from modbisect.run.options import Options
from modbisect.run.past import Past, past
from modbisect.run.replay import finished, resumed


def _time(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    del ctx, param
    try:
        return None if value is None else parse_seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("resume")
@click.argument("run", default="last")
@inventory_option
@become_option
@json_option
@quiet_option
@verbose_option
@lease_option
@accept_drift_option
@open_security_option
@output_option
@keep_cure_option
@click.option("--time", "seconds", callback=_time, metavar="TIME", help="A larger budget, as 20m; for the whole run.")
@click.option("--downtime", callback=_time, metavar="TIME", help="A larger budget of downtime; for the whole run.")
@click.option("--restarts", type=click.IntRange(1), help="A larger budget of restarts; for the whole run.")
@click.option("--requests", type=click.IntRange(1), help="A larger budget of requests; for the whole run.")
def command(
    run: str,
    inventory: Path | None,
    *,
    ask_become: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    lease: int,
    accept_drift: bool,
    open_security: bool,
    outputs: tuple[tuple[str, Path], ...],
    cure_seconds: int,
    seconds: float | None,
    downtime: float | None,
    restarts: int | None,
    requests: int | None,
) -> int:
    """Go on with a run that was interrupted, killed, or had too small a budget: no trial is measured again.

    RUN is its id, the beginning of one, or "last". A run that came to its end is only told again, from its journal.
    """
    before = past(read(run))
    book = _playbook(before)
    budget = book.budget
    budget = Budget(
        seconds or budget.seconds,
        restarts or budget.restarts,
        requests or budget.requests,
        downtime or budget.downtime,
    )
    not_slow = before.posed is None and before.report and before.report.outcome is Outcome.NOT_SLOW
    dialogue = None if not_slow else resumed(before, budget)
    ended = finished(before, dialogue, budget) if dialogue else before.report
    if ended:
        tell(f"modbisect: run {before.run[:8]} has ended: told again from its journal, no host touched")
        write(ended, outputs, as_json=as_json, verbose=verbose)
        return exit_code(ended)
    if before.began.by_hand:
        need_terminal()
    options = Options(
        lease=lease,
        accept_drift=accept_drift,
        open_security=open_security,
        ask_password=password_prompt(ask_become),
        playbook_path=before.began.playbook_path,
        by_url=not before.began.playbook_path,
        role=Role(before.began.role) if before.began.role else None,
        inventory=str(inventory.absolute()) if inventory else before.began.inventory,
        before=before,
        dialogue=dialogue,
        cure_seconds=cure_seconds,
    )
    host = one_host(before.began.host, None, Path(options.inventory) if options.inventory else None)
    if options.role and not options.inventory:
        host = replace(host, role=options.role)
    book = replace(book, budget=budget)
    report, code = perform(host, book, options, quiet=quiet, manual=before.began.by_hand)
    write(report, outputs, as_json=as_json, verbose=verbose)
    count_down(host, report, options.ask_password)
    return code


def _playbook(before: Past) -> Playbook:
    began = before.began
    if began.book is None:
        raise UsageError(
            f"run {before.run[:8]} was begun by modbisect {began.version}, whose journals cannot be resumed",
            advice="start it again with 'modbisect run'",
        )
    if left_out(began.book) and not began.playbook_path:
        raise UsageError(
            f"run {before.run[:8]} was given its URL on the command line, and journals keep no query of one",
            advice="start it again with 'modbisect run'",
        )
    return whole(began.book, load_playbook(began.playbook_path) if left_out(began.book) else None)
