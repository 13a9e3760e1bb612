"""``modbisect canary``."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from modbisect import state
from modbisect.api import scan
from modbisect.cli.common import HOST, PLAYBOOK, hosts_of, inventory_option, json_option, playbook_of
from modbisect.cli.inside import further
from modbisect.cli.nagios import Status, status_of, told, unknown
from modbisect.cli.performing import perform
from modbisect.cli.streams import tell
from modbisect.errors import Exit, ModbisectError, UsageError
from modbisect.harmless import one_line
from modbisect.history import History
from modbisect.inventory import Host
from modbisect.judging.history import Trend
from modbisect.kinds import in_words
from modbisect.model import Probe, Symptom
from modbisect.playbook import Playbook
from modbisect.report import Report
from modbisect.report.figures import ratio, seconds
from modbisect.run import outlook
from modbisect.run.access import opened
from modbisect.run.canary import Sighting, watch
from modbisect.run.follow import Means, follow
from modbisect.run.look import look_at
from modbisect.run.options import Options
from modbisect.run.remembered import needed

_LOOK_SECONDS, _MOST = 5, 300
_WORDS, _SMALLEST = 3, 0.05
_MANY = 10
"""Changes that are told."""


history_option = click.option(
    "--history",
    "url",
    envvar="MODBISECT_HISTORY",
    help="Database of earlier results, as an SQLAlchemy URL; a file in the user's state folder unless given.",
)


@click.command("canary")
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
    "experimental hosts find who is to blame as 'run' does, too. Each check looks at the host then.",
)
@click.option("-v", "--verbose", is_flag=True, help="Speak even when nothing has changed.")
def command(
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
    verbose: bool,
) -> int:
    """Measure a playbook's probes and compare with earlier checks; nothing on the host is touched.

    Quiet with exit 0 when nothing has changed; exit 1 with the figure when a probe is slower than it usually is at this
    time of day, two checks in a row or three times as slow in one, or its answer is no longer correct. What it usually
    is, is learnt from the checks of four weeks: it speaks of 20 % more after three days of them, before of 50 %. What
    is slower for good and meant to be, 'modbisect history accept' makes usual.
    """
    try:
        rows = _watched(playbook, host, inventory, url, look=look, go_on=go_on)
        if metrics:
            _measured(metrics, playbook_of(playbook).name, rows)
    except ModbisectError as error:
        if not nagios:
            raise
        click.echo(unknown(str(error)))
        return Status.UNKNOWN
    if nagios:
        click.echo(told(rows, _line))
        return status_of(rows)
    if as_json:
        click.echo(json.dumps([_row(name, sighting) for name, sighting in rows], indent=2))
    else:
        for name, sighting in rows:
            if verbose or sighting.alarming:
                click.echo("\n  ".join((f"{name}: {_line(sighting)}", *_more(sighting))))
    return Exit.FOUND if any(sighting.alarming for _, sighting in rows) else Exit.OK


def _watched(
    playbook: Path, host: str | None, inventory: Path | None, url: str | None, *, look: bool, go_on: bool
) -> list[tuple[str, Sighting]]:
    """What each probe of each host was like, by the host's name."""
    book = playbook_of(playbook)
    rows: list[tuple[str, Sighting]] = []
    with History(url or default_history()) as history:
        for target in hosts_of(host, book, inventory):
            began = time.time()
            sightings = watch(target, book, history, partial(_seen, target, book) if look else _unseen)
            if go_on:
                means = Means(scan, partial(_run, playbook, inventory), tell)
                sightings = follow(target, book, history, sightings, began, means=means)
            rows += [(target.name, sighting) for sighting in sightings]
    return rows


def _run(playbook: Path, inventory: Path | None, host: Host, book: Playbook) -> Report:
    """A run that nobody has been asked about; it is not seen but in its journal and report."""
    options = Options(
        seed=secrets.randbelow(1 << 31),
        playbook_path=str(playbook.resolve()),
        inventory=str(inventory.resolve()) if inventory else "",
        needed=needed(host.name),
        unasked=True,
    )
    report, code = perform(host, book, options, quiet=True)
    if code in (Exit.FOUND, Exit.CLEARED):
        report, _ = further(report, host, book, options, quiet=True)
    return report


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


def _seen(host: Host, book: Playbook, probe: Probe) -> str | None:
    """What the request is at; None where the host lets nobody look."""
    looked_for = replace(book, symptom=Symptom(probe.name))
    try:
        with opened(host) as root:
            there = outlook.scan(root, host, looked_for)
            looked = look_at(
                root, host, looked_for, _LOOK_SECONDS, found=there.facts, components=there.components, most=_MOST
            )
    except ModbisectError:
        return None
    shares = [f"{share:.0%} {what}" for what, share in in_words(looked.look)[:_WORDS] if share >= _SMALLEST]
    return "; ".join(shares) or None


def _unseen(_: Probe) -> None:
    """Where nobody is to look."""


def default_history() -> str:
    """Where results are kept unless somebody says otherwise."""
    return f"sqlite:///{state.folder() / 'history.db'}"


def _line(sighting: Sighting) -> str:
    said = sighting.comparison
    if said is None:
        return f"{sighting.probe} does not answer correctly: {sighting.broken}"
    now, usual = seconds(said.now_seconds, beside=said.usual_seconds), seconds(said.usual_seconds)
    match said.trend:
        case Trend.LEARNING:
            return f"{sighting.probe} takes {now}; learning, {sighting.runs} earlier checks so far"
        case Trend.SLOWER:
            return (
                f"{sighting.probe} is slower: {now}, usually {usual} at this time of day by {sighting.runs} checks "
                f"({ratio(said.ratio)}; checks above {seconds(said.alarm_seconds)} count)"
                f"{f'; it was seen at: {sighting.seen}' if sighting.seen else ''}"
            )
        case Trend.UNSURE:
            return f"{sighting.probe} may be slower: {now}, usually {usual}; the next check tells"
        case Trend.FASTER:
            return f"{sighting.probe} is faster: {now}, usually {usual}"
        case Trend.STEADY:
            return f"{sighting.probe} is as usual: {now}, usually {usual} by {sighting.runs} checks"


def _more(sighting: Sighting) -> Iterator[str]:
    """Lines behind the first."""
    if sighting.changed:
        yield "since the last good check:"
        yield from (f"  {one_line(each)}" for each in sighting.changed[:_MANY])
        if len(sighting.changed) > _MANY:
            yield f"  and {len(sighting.changed) - _MANY} more"
    if sighting.run:
        yield f"{sighting.verdict} (modbisect report {sighting.run[:8]})"


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
        "seen": sighting.seen,
        "changed": list(sighting.changed),
        "run": sighting.run or None,
        "run_verdict": sighting.verdict or None,
    }
