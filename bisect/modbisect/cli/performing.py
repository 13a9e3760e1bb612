"""A run with its journal and its live view, and what follows from its report."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from modbisect.api import run
from modbisect.cli.live import Live
from modbisect.cli.manual import AtTerminal
from modbisect.cli.tracing import trace_at_the_end
from modbisect.errors import Exit
from modbisect.inventory import Host
from modbisect.model import Outcome
from modbisect.playbook import Playbook
from modbisect.report.values import Report
from modbisect.run.conduct import new_run
from modbisect.run.options import Options
from modbisect.run.signals import Signals

_EXITS = {
    Outcome.FOUND: Exit.FOUND,
    Outcome.NONE: Exit.CLEARED,
    Outcome.NOT_SLOW: Exit.OK,
    Outcome.INCONCLUSIVE: Exit.INCONCLUSIVE,
}


def perform(
    host: Host, playbook: Playbook, options: Options, *, quiet: bool, manual: bool = False
) -> tuple[Report, int]:
    """Carry out a run with its journal and its live view; the report and the exit code."""
    number = new_run()
    trace_at_the_end(number)
    with Live(quiet=quiet) as live, Signals(live.say) as signals:
        if sys.stdin.isatty() and not options.unasked:
            options = replace(options, ask=lambda question: _asked(live, question))
        if manual:
            options = replace(options, asker=AtTerminal(live))
        after = f", goes on from {options.before.run[:8]}" if options.before else ""
        live.say(f"run {number[:8]} on {host.name}: {playbook.name}{after}")
        report = run(host, playbook, options, observer=live, signals=signals, number=number)
        return report, exit_code(report, signals)


def _asked(live: Live, question: str) -> bool:
    with live.paused():
        return click.confirm(question, err=True)


def exit_code(report: Report, signals: Signals | None = None) -> int:
    """The exit code of a report."""
    if report.restored.in_doubt:
        return Exit.NOT_RESTORED
    if report.outcome is Outcome.INTERRUPTED:
        return signals.exit if signals else Exit.INTERRUPTED
    return _EXITS[report.outcome]
