"""While a culprit is kept switched over: the seconds left, for who sits at the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from modbisect.cli.streams import tell
from modbisect.errors import ModbisectError
from modbisect.host.guard import Guard, Status
from modbisect.inventory import Host
from modbisect.playbook import format_seconds
from modbisect.report import Report
from modbisect.run.access import opened

_LOOK_SECONDS = 5.0
"""Between two looks at the guard: meanwhile somebody else may have kept the cure, or put it back."""


def count_down(host: Host, report: Report, ask_password: Callable[[], str] | None) -> None:
    """Show what is left of a cure until it is kept or put back; Ctrl-C leaves that to the host.

    Where there is no terminal the report has said it all.
    """
    if not (report.restored.cure_until and sys.stdin.isatty() and sys.stderr.isatty()):
        return
    from modbisect.cli.spinner import Spinner  # noqa: PLC0415  # only where there is a terminal

    shown = [""]
    try:
        with opened(host, ask_password) as root, Spinner(lambda: shown[0]).turning():
            guard = Guard(root, report.run)
            end = watched(guard.status, report.run, lambda line: shown.__setitem__(0, line), time.sleep)
    except KeyboardInterrupt:
        end = "the host goes on counting by itself"
    except (ModbisectError, OSError) as error:
        end = f"the countdown can no longer be seen ({error}); the host goes on counting by itself"
    tell(f"modbisect: {host.name}: {end}")


def watched(status: Callable[[], Status], run: str, show: Callable[[str], None], wait: Callable[[float], None]) -> str:
    """Look until the cure is over; how it ended, in words."""
    while (seen := status()).run == run and seen.state == "CURED":
        left = format_seconds(seen.lease_seconds)
        show(f"kept switched over; put back in {left} unless kept ('modbisect keep'); Ctrl-C leaves that to the host")
        wait(min(_LOOK_SECONDS, max(seen.lease_seconds, 1)))
    if seen.run == run:
        return f"the cure has ended, and the guard's state is {seen.state}: look with 'modbisect status'"
    return "as found: the guard has put it back" if seen.rolled_back == run else "the cure was kept for good"
