"""``modbisect scan``."""

from __future__ import annotations

import json
import math
import shlex
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from modbisect import kinds
from modbisect.cli.asking import recorded_pages, role_option, upload_option, url_option, with_role
from modbisect.cli.common import (
    become_option,
    inventory_option,
    json_option,
    one_host,
    password_prompt,
    playbook_of,
)
from modbisect.cli.streams import tell
from modbisect.errors import UsageError
from modbisect.harmless import harmless
from modbisect.host.privilege import RootLink
from modbisect.host.survey import answering
from modbisect.inventory import Host, inventory_text
from modbisect.model import Component, Untestable, Upload
from modbisect.playbook import Playbook, parse_playbook, parse_seconds, playbook_text
from modbisect.probe import ProbeProcess
from modbisect.report.figures import seconds, size
from modbisect.report.wording import by_kind, stayed_out
from modbisect.run.access import opened
from modbisect.run.measure import reached
from modbisect.run.outlook import Scan, scan
from modbisect.run.sizing import Sized, enough, exponent, once, sizes

_PATIENCE = 20.0
"""Seconds for a page that nobody has asked about."""
_PAGES = 5
"""Of a record, asked for again."""
_SEVERAL = 12
"""Unusual ones that are listed unless all are asked for."""


def _since(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
    """Unix time: of a date, or so long ago."""
    del ctx, param
    if value is None:
        return math.inf
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        pass
    try:
        return time.time() - parse_seconds(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no time such as 36h, and no date such as 2026-11-20 or one with a time"
        ) from None


@click.command("scan")
@click.argument("host")
@url_option
@upload_option
@role_option
@inventory_option
@become_option
@json_option
@click.option("-p", "--playbook", type=click.Path(path_type=Path), help="Show what this playbook makes of them.")
@click.option("-a", "--all", "everything", is_flag=True, help="Every component, not only what is unusual.")
@click.option("--since", callback=_since, metavar="TIME", help="Since when it is slow, as 36h or 2026-11-20.")
@click.option(
    "--from",
    "recorded",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A HAR file or an access log: of its pages those that were slowest are asked for, and the slowest is --url.",
)
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write an inventory and a playbook for --url there, ready to run.",
)
def command(
    host: str,
    inventory: Path | None,
    playbook: Path | None,
    *,
    url: str | None,
    upload: Upload | None,
    role: str | None,
    ask_become: bool,
    as_json: bool,
    everything: bool,
    since: float,
    recorded: Path | None,
    folder: Path | None,
) -> None:
    """Say what a host is and has: what is unusual first. Reads only; its first page, or --url, is asked for once."""
    if url is None and (upload or (folder and not recorded)):
        raise UsageError("what is slow?", advice="say --url URL as well")
    if folder:
        make(folder)
    pages = recorded_pages(recorded, url)[:_PAGES] if recorded else ()
    book = playbook_of(playbook) if playbook else None
    target = with_role(one_host(host, book, inventory), role, inventory)
    with opened(target, password_prompt(ask_become)) as root:
        about = parse_playbook(playbook_text(url, upload=upload), "--url") if url and book is None else book
        seen = scan(root, target, about)
        again = _ask(root, target, *(parse_playbook(playbook_text(page.path), "--from") for page in pages))
        url = url or _slowest(again)
        if url:
            timed = _ask(root, target, parse_playbook(playbook_text(url, upload=upload, home=True), "--url"))
        else:
            timed = () if as_json else _ask(root, target, _home())
    apart = kinds.unusual(seen.components, seen.facts, since)
    if as_json:
        click.echo(json.dumps([_row(component, apart.get(component, "")) for component in seen.components], indent=2))
    else:
        changes = [str(change) for change in kinds.latest(seen.facts, since)]
        click.echo("\n".join(_lines(seen, apart, changes, everything=everything)))
        for line in (*_timed(again), *_timed(timed)):
            click.echo(line)
        if again and url and not folder:
            click.echo(f"next: modbisect run {shlex.quote(host)} --url {shlex.quote(url)}")
    if folder and url:
        _write(folder, target, url, timed, upload=upload, inventory=inventory)


def make(folder: Path) -> None:
    """A folder to write into.

    Raises:
        UsageError: it cannot be one.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}", advice="name another folder") from None


def _lines(seen: Scan, apart: Mapping[Component, str], changes: Sequence[str], *, everything: bool) -> Iterator[str]:
    suspects = [component for component in seen.components if not component.pinned]
    on = sum(component.on for component in seen.components)
    yield f"{seen.host} ({seen.role}): {len(seen.components)} components, {on} on, {len(suspects)} may be flipped"
    yield from (f"  {line}" for line in (*kinds.described(seen.facts), answering(seen.facts), seen.behind) if line)
    unusual = list(apart.items()) if everything else list(apart.items())[:_SEVERAL]
    if unusual:
        yield "unusual:"
        yield from (_line(component, f"{why}{_stays(component)}") for component, why in unusual)
    if len(apart) > len(unusual):
        yield f"  and {len(apart) - len(unusual)} more"
    if changes:
        yield "lately:"
        shown = changes if everything else changes[:_SEVERAL]
        yield from (f"  {change}" for change in shown)
        if len(changes) > len(shown):
            yield f"  and {len(changes) - len(shown)} more"
    stays = [
        Untestable(component.id, component.pinned) for component in seen.components if component.pinned and component.on
    ]
    yield f"may be flipped: {by_kind(Counter(component.kind for component in suspects)) or 'nothing'}"
    yield f"stays as found: {stayed_out(stays)}"
    if not everything:
        yield "every component: --all"
        return
    for component in sorted(seen.components, key=lambda component: component.id):
        yield _line(component, (component.pinned and "stays: " + component.pinned) or component.detail)


def _line(component: Component, what: str) -> str:
    return f"  {'on ' if component.on else 'off'} {component.id:<40} {what}".rstrip()


def _stays(component: Component) -> str:
    return f"; stays: {component.pinned}" if component.pinned else ""


def _ask(root: RootLink, host: Host, *playbooks: Playbook) -> tuple[Sized, ...]:
    """What they ask for, once each, from the last probe of each to its first: that is the slow one."""
    seen: list[Sized] = []
    with ProbeProcess() as probes:
        for playbook in playbooks:
            with reached(root.link, host, playbook) as ready:
                tell(f"{host.name}: asking for {ready.probes[0].url}")
                for probe in reversed(ready.probes):
                    seen += sizes(probe, lambda each: probes.measure(*once(each)))
    return tuple(seen)


def _home() -> Playbook:
    """The site's first page, and no long wait for it."""
    book = parse_playbook(playbook_text("/"), "scan")
    return replace(book, probes=tuple(replace(probe, timeout=_PATIENCE) for probe in book.probes))


def _slowest(seen: tuple[Sized, ...]) -> str | None:
    """The path of the one that took longest; None where none was answered correctly."""
    answered = [(each.request.seconds, each.probe.url) for each in seen if each.request and not each.broken]
    return urlsplit(max(answered)[1]).path or "/" if answered else None


def _timed(timed: tuple[Sized, ...]) -> Iterator[str]:
    for each in timed:
        sent = f" with {size(each.bytes)}" if each.bytes else ""
        if each.broken or each.request is None:
            took = f"not correct: {harmless(each.broken)}"
        else:
            took = f"{seconds(each.request.seconds)}, status {each.request.status}, {size(each.request.received)}"
        yield f"{each.probe.method} {harmless(each.probe.url)}{sent}: {took}"
    grows = exponent(timed)
    if grows is not None:
        yield f"the time grows as the size to the power of {grows:.2g}{_meaning(grows)}"


def _meaning(grows: float) -> str:
    if grows > 1.4:  # noqa: PLR2004  # between in proportion and in the square
        return ": more than in proportion, as where all that came before is gone through again"
    if grows > 0.7:  # noqa: PLR2004
        return ": about in proportion, as where every byte is looked at"
    return ": hardly, so that it is not the size that takes the time"


def _write(
    folder: Path, host: Host, url: str, timed: tuple[Sized, ...], *, upload: Upload | None, inventory: Path | None
) -> None:
    """Write what a run needs.

    Raises:
        UsageError: a file is there already, or cannot be written.
    """
    home, slow = timed[0], timed[1:]
    remarks = [f"Written by modbisect for {host.name}.", *(harmless(line) for line in _timed(slow))]
    remarks.append(
        "'slower_than: 2s' under symptom would say from when on it is slow, and spare a run where it is not."
    )
    if not slow[-1].broken:
        upload = slow[-1].probe.upload
    if smaller := enough(slow):
        remarks.append(f"{size(smaller.size)} are enough to show it, and cost a run less time than all of it.")
        upload = smaller
    answered = slow[-1].request
    expect = {"status": answered.status} if answered and not slow[-1].broken else {}
    is_home = url == "/" or bool(home.broken)
    files = {
        folder / "playbook.yml": playbook_text(url, upload=upload, expect=expect, home=not is_home, remarks=remarks)
    }
    if inventory is None:
        files[folder / "inventory.yml"] = inventory_text(host)
    for path, text in files.items():
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", advice="name an empty folder") from None
    click.echo(f"written: {', '.join(map(str, files))}")
    hosts = inventory or folder / "inventory.yml"
    if slow[-1].broken:
        click.echo(
            f"before a run: its answer has to be correct. Is the site at {host.base_url}? {hosts} says that "
            f"(modbisect_base_url); what is correct, {folder / 'playbook.yml'} (expect)"
        )
    click.echo(f"next: modbisect run {folder / 'playbook.yml'} {host.name} -i {hosts}")


def _row(component: Component, apart: str) -> dict[str, object]:
    return {
        "id": component.id,
        "on": component.on,
        "suspect": not component.pinned,
        "pinned": component.pinned,
        "depends": sorted(component.depends),
        "detail": component.detail,
        "unusual": apart,
    }
