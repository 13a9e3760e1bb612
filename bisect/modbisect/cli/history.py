"""``modbisect history``: what canaries have kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TypeVar

import click

from modbisect.cli.common import default_history, history_option, json_option
from modbisect.errors import UsageError
from modbisect.harmless import one_line
from modbisect.history import KEEP, CanaryResult, History, Watched
from modbisect.judging.history import Trend
from modbisect.report.figures import count, ratio, seconds

_F = TypeVar("_F", bound=Callable[..., object])
_LATEST = 20
_BAR = 40
_FEWEST = 3
"""Checks on each side of a comparison."""


def _which(function: _F) -> _F:
    """A host, and which of its probes."""
    function = click.argument("host")(function)
    function = history_option(function)
    function = click.option("--playbook", help="Only of the playbook of this name.")(function)
    return click.option("--probe", help="Only the probe of this name.")(function)


@click.group("history")
def command() -> None:
    """What canaries have measured: list it, show, draw and compare it; and accept what is slower for good."""


@command.command("list")
@history_option
@json_option
def listed(*, url: str | None, as_json: bool) -> None:
    """Every probe of which something is kept."""
    with History(url or default_history()) as history:
        kept = history.watched()
    if as_json:
        click.echo(json.dumps([asdict(each) for each in kept], indent=2))
        return
    rows = [(each.host, each.playbook, each.probe, str(each.results), _at(each.first), _at(each.last)) for each in kept]
    _table([("host", "playbook", "probe", "checks", "first", "last"), *rows])


@command.command("show")
@_which
@json_option
@click.option("-n", "latest", type=click.IntRange(1, KEEP), default=_LATEST, show_default=True, help="So many checks.")
def show(host: str, *, url: str | None, playbook: str | None, probe: str | None, latest: int, as_json: bool) -> None:
    """The latest checks of a host, the newest last."""
    with History(url or default_history()) as history:
        kept = [(each, _results(history, each, latest)) for each in _named(history, host, playbook, probe)]
    if as_json:
        click.echo(json.dumps([asdict(result) for _, results in kept for result in results], indent=2))
        return
    for each, results in kept:
        click.echo(one_line(f"{each.host}, {each.playbook}, {each.probe}: {count(each.results, 'check')}"))
        _table([("check", "took", "usually", "", ""), *map(_row, results)])


@command.command("trend")
@_which
@click.option(
    "-o", "--output", "output", type=click.Path(path_type=Path, dir_okay=False), help="Draw it on a page, in this file."
)
def trend(host: str, *, url: str | None, playbook: str | None, probe: str | None, output: Path | None) -> None:
    """What each day was like: the median of its checks with the fastest and the slowest, or all of them on a page."""
    with History(url or default_history()) as history:
        kept = [(each, _results(history, each, KEEP)) for each in _named(history, host, playbook, probe)]
    if output:
        if len(kept) > 1:
            names = ", ".join(each.probe for each, _ in kept)
            raise UsageError(f"a page shows one probe, and {host} has several: {names}", advice="name one with --probe")
        [(each, results)] = kept
        _draw(each, results, output)
        return
    for each, results in kept:
        click.echo(one_line(f"{each.host}, {each.playbook}, {each.probe}"))
        for line in _days(results):
            click.echo(f"  {line}")


@command.command("compare")
@_which
@click.argument("before")
@click.argument("after")
def compare(host: str, before: str, after: str, *, url: str | None, playbook: str | None, probe: str | None) -> None:
    """Compare two days, or two spans of them: 2026-11-20, or 2026-11-20..2026-11-24 (UTC).

    The same hours of a day are compared, so that a morning is not held against a night.
    """
    spans = _span(before), _span(after)
    with History(url or default_history()) as history:
        for each in _named(history, host, playbook, probe):
            results = _results(history, each, KEEP)
            was, became = (
                [one for one in results if begin <= one.at < end and one.median_seconds] for begin, end in spans
            )
            click.echo(one_line(f"{each.probe}: {_compared(was, became, f'{before} and {after}')}"))


@command.command("accept")
@_which
def accept(host: str, *, url: str | None, playbook: str | None, probe: str | None) -> None:
    """Take what is slower now for usual: the alarm ends, and the next checks are held against what these have seen.

    For a regression that is meant, as after a deployment that does more. Nothing is deleted.
    """
    with History(url or default_history()) as history:
        for each in _named(history, host, playbook, probe):
            taken = history.accept(each.host, each.playbook, each.probe)
            said = f"{count(taken, 'check')} accepted as usual" if taken else "its latest check is no alarm"
            click.echo(one_line(f"{each.host}, {each.playbook}, {each.probe}: {said}"))


def _named(history: History, host: str, playbook: str | None, probe: str | None) -> list[Watched]:
    """Those that are meant.

    Raises:
        UsageError: there is nothing of them.
    """
    kept = history.watched()
    meant = [
        each for each in kept if each.host == host and playbook in (None, each.playbook) and probe in (None, each.probe)
    ]
    if not meant:
        there = sorted({each.host for each in kept})
        raise UsageError(
            f"nothing is kept of {one_line(' '.join(filter(None, (host, playbook, probe))))}",
            advice=f"'modbisect history list' says what is; hosts: {one_line(', '.join(there)) or 'none'}",
        )
    return meant


def _results(history: History, each: Watched, limit: int) -> tuple[CanaryResult, ...]:
    return history.recent(each.host, each.playbook, each.probe, limit)


def _row(result: CanaryResult) -> tuple[str, ...]:
    if result.broken:
        return _at(result.at), "", "", "broken", one_line(result.broken)
    usual = seconds(result.usual_seconds) if result.usual_seconds else ""
    return _at(result.at), seconds(result.median_seconds), usual, result.verdict, _noted(result)


def _days(results: Sequence[CanaryResult]) -> Iterator[str]:
    """A line a day, with a bar for its median beside that of the slowest day."""
    good = [result for result in results if result.median_seconds]
    days = {day: list(same) for day, same in groupby(good, lambda result: _at(result.at)[:10])}
    longest = max((median(one.median_seconds for one in same) for same in days.values()), default=1.0)
    for day, same in days.items():
        times = [one.median_seconds for one in same]
        here = median(times)
        slow = sum(one.verdict == Trend.SLOWER for one in same)
        alarms = f"  {count(slow, 'alarm')}" if slow else ""
        reach = f"{seconds(min(times))} to {seconds(max(times))}"
        yield f"{day}  {seconds(here):>8}  {'#' * round(_BAR * here / longest):<{_BAR}}  {reach}{alarms}"


def _compared(before: Sequence[CanaryResult], after: Sequence[CanaryResult], spans: str) -> str:
    """The ratio in the median of the hours of a day that both have checks in."""
    hours = [
        {hour: [one.median_seconds for one in same] for hour, same in groupby(sorted(side, key=_hour), _hour)}
        for side in (before, after)
    ]
    both = sorted(hours[0].keys() & hours[1].keys())
    counted = [sum(len(side[hour]) for hour in both) for side in hours]
    if min(counted, default=0) < _FEWEST:
        return f"too few checks in the same hours of {spans}: {counted[0]} and {counted[1]}"
    ratios = [median(hours[1][hour]) / median(hours[0][hour]) for hour in both]
    was, became = (median(value for hour in both for value in side[hour]) for side in hours)
    spread = f", {ratio(min(ratios))} to {ratio(max(ratios))} by hour" if len(both) > 1 else ""
    return (
        f"{seconds(was)} in {count(counted[0], 'check')}, {seconds(became)} in {count(counted[1], 'check')}: "
        f"{ratio(median(ratios))} in the same {count(len(both), 'hour')} of the day{spread}"
    )


def _hour(result: CanaryResult) -> int:
    return datetime.fromtimestamp(result.at, UTC).hour


def _noted(result: CanaryResult) -> str:
    """What it was seen at, what had changed, the run that it led to."""
    changes = (result.changed or "").splitlines()
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    parts = (result.seen or "", f"{changes[0]}{more}" if changes else "", f"run {result.run[:8]}" if result.run else "")
    return one_line("; ".join(filter(None, parts)))


def _span(text: str) -> tuple[float, float]:
    """Its first moment, and the first one behind it, as Unix times."""
    first, _, last = text.partition("..")
    try:
        begin, end = (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) for day in (first, last or first))
    except ValueError:
        raise UsageError(f"{text!r} is no day and no span of days", advice="write 2026-11-20..2026-11-24") from None
    return begin.timestamp(), (end + timedelta(days=1)).timestamp()


def _draw(each: Watched, results: Sequence[CanaryResult], output: Path) -> None:
    from modbisect.report.trend import Point, trend_page  # noqa: PLC0415  # it draws, which takes a second to load

    points = [
        Point(one.at, one.median_seconds, one.usual_seconds, one.alarm_seconds, one.verdict == Trend.SLOWER, one.broken)
        for one in results
    ]
    try:
        output.write_text(trend_page(each.host, each.probe, points), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}", advice="name a file that can be written") from None
    click.echo(f"{count(len(points), 'check')} drawn in {output}")


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    shown = [tuple(map(one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _at(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
