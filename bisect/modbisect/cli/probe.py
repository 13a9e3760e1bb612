"""``modbisect probe``."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import click

from modbisect.cli.common import (
    HOST,
    PLAYBOOK,
    inventory_option,
    json_option,
    one_host,
    playbook_of,
)
from modbisect.errors import Exit
from modbisect.model import Probe
from modbisect.probe import Oracle, ProbeProcess, Window, WindowResult
from modbisect.report.figures import at_least, seconds
from modbisect.run.measure import site_of


@click.command("probe")
@PLAYBOOK
@HOST
@inventory_option
@json_option
@click.option("-n", "--requests", type=click.IntRange(1, 1000), default=10, show_default=True)
def command(playbook: Path, host: str | None, inventory: Path | None, *, as_json: bool, requests: int) -> int:
    """Measure a playbook's probes now. Nothing on the host is touched; exit 1 when an answer is not correct."""
    book = playbook_of(playbook)
    target = one_host(host, book, inventory)
    with site_of(target, book) as ready, ProbeProcess() as probes:
        rows = [(probe, _measure(probes, probe, requests)) for probe in ready.probes]
    if as_json:
        click.echo(json.dumps([_row(probe, result) for probe, result in rows], indent=2))
    else:
        for probe, result in rows:
            click.echo(f"{probe.name:<16} {_line(result)}")
    return Exit.FOUND if any(result.broken for _, result in rows) else Exit.OK


def _measure(probes: ProbeProcess, probe: Probe, requests: int) -> WindowResult:
    window = Window(
        probe, Oracle(probe.expect), requests=requests, warm_up=0, cap=None, cold_cap=None, seconds=20.0, settle=0.0
    )
    return probes.measure(window, 40.0 + 3 * probe.timeout)


def _line(result: WindowResult) -> str:
    if result.broken:
        return f"not correct: {result.broken}"
    times = sorted(request.seconds for request in result.requests)
    cut = sum(request.censored for request in result.requests)
    status = result.requests[-1].status
    return (
        f"median {at_least(statistics.median(times), censored=2 * cut >= len(times))}, "
        f"{seconds(times[0])} to {at_least(times[-1], censored=bool(cut))}, "
        f"{len(times)} requests, status {status}"
    )


def _row(probe: Probe, result: WindowResult) -> dict[str, object]:
    return {
        "probe": probe.name,
        "broken": result.broken,
        "seconds": [request.seconds for request in result.requests],
        "first_byte_seconds": [request.first_byte for request in result.requests],
        "status": sorted({request.status for request in result.requests}),
        "censored": sum(request.censored for request in result.requests),
        "warnings": list(result.warnings),
    }
