"""``modbisect canary``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from modbisect import state
from modbisect.cli.common import HOST, PLAYBOOK, hosts_of, inventory_option, json_option, playbook_of
from modbisect.errors import Exit
from modbisect.history import History
from modbisect.judging.history import Trend
from modbisect.report.figures import ratio, seconds
from modbisect.run.canary import Sighting, watch


@click.command("canary")
@PLAYBOOK
@HOST
@inventory_option
@json_option
@click.option(
    "--history",
    "url",
    envvar="MODBISECT_HISTORY",
    help="Database of earlier results, as an SQLAlchemy URL; a file in the user's state folder unless given.",
)
@click.option("-v", "--verbose", is_flag=True, help="Speak even when nothing has changed.")
def command(
    playbook: Path, host: str | None, inventory: Path | None, *, url: str | None, as_json: bool, verbose: bool
) -> int:
    """Measure a playbook's probes and compare with earlier runs; nothing on the host is touched.

    Quiet with exit 0 when nothing has changed; exit 1 with the figure when a probe is slower than it used to be, or
    its answer is no longer correct; exit 3 when that cannot be told.
    """
    book = playbook_of(playbook)
    hosts = hosts_of(host, book, inventory)
    rows: list[tuple[str, Sighting]] = []
    with History(url or _default()) as history:
        for target in hosts:
            rows += [(target.name, sighting) for sighting in watch(target, book, history, lambda _: None)]
    if as_json:
        click.echo(json.dumps([_row(name, sighting) for name, sighting in rows], indent=2))
    else:
        for name, sighting in rows:
            if verbose or sighting.alarming or sighting.unsure:
                click.echo(f"{name}: {_line(sighting)}")
    if any(sighting.alarming for _, sighting in rows):
        return Exit.FOUND
    return Exit.INCONCLUSIVE if any(sighting.unsure for _, sighting in rows) else Exit.OK


def _default() -> str:
    return f"sqlite:///{state.folder() / 'history.db'}"


def _line(sighting: Sighting) -> str:
    said = sighting.comparison
    if said is None:
        return f"{sighting.probe} does not answer correctly: {sighting.broken}"
    now, usual = seconds(said.now_seconds, beside=said.usual_seconds), seconds(said.usual_seconds)
    match said.trend:
        case Trend.LEARNING:
            return f"{sighting.probe} takes {now}; learning, {sighting.runs} earlier runs so far"
        case Trend.SLOWER:
            return (
                f"{sighting.probe} is slower: {now}, usually {usual} over {sighting.runs} runs "
                f"({ratio(said.ratio)}; the alarm is at {seconds(said.alarm_seconds)})"
            )
        case Trend.UNSURE:
            return f"{sighting.probe} may be slower: {now}, usually {usual}; too close to tell"
        case Trend.FASTER:
            return f"{sighting.probe} is faster: {now}, usually {usual}"
        case Trend.STEADY:
            return f"{sighting.probe} is as usual: {now}, usually {usual} over {sighting.runs} runs"


def _row(host: str, sighting: Sighting) -> dict[str, object]:
    said = sighting.comparison
    return {
        "host": host,
        "probe": sighting.probe,
        "verdict": "broken" if said is None else str(said.trend),
        "broken": sighting.broken,
        "seconds": said.now_seconds if said else None,
        "usual_seconds": said.usual_seconds if said else None,
        "alarm_seconds": said.alarm_seconds if said else None,
        "ratio": said.ratio if said else None,
        "runs": sighting.runs,
    }
