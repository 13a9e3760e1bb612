"""modbisect for programs: what the command line does, by the names in ``__all__``, which stay.

Whatever goes wrong is a `ModbisectError`, which says what happened, in which state the host is, and what to do.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from modbisect.errors import ModbisectError
from modbisect.inventory import Host, adhoc_host, load_inventory
from modbisect.kinds import Kind
from modbisect.model import Outcome, Role
from modbisect.playbook import Playbook, load_playbook, parse_playbook
from modbisect.report import FORMATS, Report
from modbisect.run import outlook
from modbisect.run.access import opened
from modbisect.run.canary import Sighting, watch
from modbisect.run.conduct import conduct, new_run
from modbisect.run.events import Event, Observer
from modbisect.run.journal import Journal
from modbisect.run.options import Options
from modbisect.run.outlook import Plan, Scan
from modbisect.run.signals import Signals

if TYPE_CHECKING:
    from modbisect.history import History
else:

    def __getattr__(name: str) -> object:
        """A history's database is not for those who keep none."""
        if name != "History":
            raise AttributeError(name)
        from modbisect.history import History  # noqa: PLC0415  # see above

        return History


__all__ = [
    "FORMATS",
    "Event",
    "History",
    "Host",
    "Kind",
    "ModbisectError",
    "Options",
    "Outcome",
    "Plan",
    "Playbook",
    "Report",
    "Role",
    "Scan",
    "Sighting",
    "adhoc_host",
    "canary",
    "load_inventory",
    "load_playbook",
    "parse_playbook",
    "plan",
    "run",
    "scan",
]


def _ignore(_: object) -> None:
    """For who wants to hear nothing."""


def scan(host: Host, playbook: Playbook | None = None, *, ask_password: Callable[[], str] | None = None) -> Scan:
    """What a host has; with a playbook, what that makes of it. Reads only.

    Args:
        host: of an inventory, or by `adhoc_host`.
        playbook: whose ``components`` say what may be flipped.
        ask_password: asks somebody for sudo's password, where the inventory does not say where it is.

    Raises:
        ModbisectError: the host cannot be reached, or gives no root rights.
    """
    with opened(host, ask_password) as root:
        return outlook.scan(root, host, playbook)


def plan(
    host: Host,
    playbook: Playbook,
    *,
    ask_password: Callable[[], str] | None = None,
    say: Callable[[str], None] = _ignore,
) -> Plan:
    """What a run would do and cost, or why it would be refused. Nothing on the host is touched, no request is sent.

    Args:
        host: of an inventory, or by `adhoc_host`.
        playbook: says what is slow.
        ask_password: as in `scan`.
        say: is told what is being done.

    Raises:
        ModbisectError: the host cannot be reached, or gives no root rights.
    """
    with opened(host, ask_password) as root:
        return outlook.plan(root, host, playbook, say)


def run(
    host: Host,
    playbook: Playbook,
    options: Options | None = None,
    *,
    observer: Observer = _ignore,
    signals: Signals | None = None,
    number: str = "",
) -> Report:
    """Find what makes a host's site slow, prove it both ways, put the host back. It takes minutes.

    The run has a journal, as every run has: ``modbisect report`` and ``modbisect resume`` know it. A report whose
    ``restored.in_doubt`` is true says what a person has to look at.

    Args:
        host: of an inventory; its role decides what may be done to it.
        playbook: says what is slow.
        options: as those of the command line; with a seed of chance unless given.
        observer: is called with each event as it happens.
        signals: what SIGINT, SIGTERM and SIGHUP do, entered already; by default they end the run, put the host back,
            and give a report whose outcome says so. In another thread than the main one no signal is heard.
        number: the run's id, 32 hexadecimal digits; a fresh one unless given.

    Raises:
        ModbisectError: there is no report; it says in which state the host is.
    """
    number = number or new_run()
    journal = Journal(number)

    def observe(event: Event) -> None:
        journal(event)
        observer(event)

    options = options or Options(seed=secrets.randbelow(1 << 31))
    try:
        with nullcontext(signals) if signals else Signals(_ignore) as heard:
            return conduct(host, playbook, options, observer=observe, signals=heard, run=number)
    finally:
        journal.close()


def canary(host: Host, playbook: Playbook, history: History) -> tuple[Sighting, ...]:
    """Measure each probe of a playbook, compare with what is usual, and keep what was seen. Nothing is touched.

    Args:
        host: of an inventory, or by `adhoc_host`.
        playbook: whose probes are measured.
        history: of earlier checks, open.

    Raises:
        ModbisectError: the probe itself failed, or the history cannot be used.
    """
    return watch(host, playbook, history, _ignore)
