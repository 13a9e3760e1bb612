"""``modbisect look``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path

import click

from modbisect.cli.asking import url_option
from modbisect.cli.common import become_option, inventory_option, json_option, one_host, password_prompt, playbook_of
from modbisect.errors import Exit, UsageError
from modbisect.harmless import harmless
from modbisect.kinds import Look, by_file, in_words
from modbisect.model import Probe, Symptom
from modbisect.playbook import Playbook
from modbisect.report.figures import seconds as took
from modbisect.run.access import opened
from modbisect.run.domains import sentences
from modbisect.run.hypervisor import watched
from modbisect.run.look import Looked, by_share, look_at
from modbisect.run.outlook import scan

_MOMENTS, _FILES = 8, 4
_SMALLEST = 0.01
"""Shares below are not worth a line."""


@click.command("look")
@click.argument("host")
@inventory_option
@become_option
@json_option
@url_option
@click.option("-p", "--playbook", type=click.Path(path_type=Path), help="Look at the symptom of this playbook instead.")
@click.option("-s", "--seconds", type=click.IntRange(1, 50), default=10, show_default=True, help="How long to look.")
def command(
    host: str,
    inventory: Path | None,
    url: str | None,
    playbook: Path | None,
    *,
    ask_become: bool,
    as_json: bool,
    seconds: int,
) -> int:
    """Say what a slow request is doing on a host. Reads only: on production as well, the first thing in an incident."""
    if (url is None) == (playbook is None):
        raise UsageError("what is slow?", advice="say --url URL, or --playbook FILE for its symptom")
    book = playbook_of(playbook) if playbook else Playbook("look", probes=(Probe("url", url or ""),))
    if url:
        book = Playbook(book.name, probes=book.probes, symptom=Symptom("url"))
    target = one_host(host, book, inventory)
    with opened(target, password_prompt(ask_become)) as root, watched(target, root) as watch:
        there = scan(root, target, book)
        looked = look_at(root, target, book, seconds, found=there.facts, components=there.components)
        below = sentences(watch.after(there.facts)) if watch else ()
    click.echo(json.dumps(_document(looked, below), indent=2) if as_json else _text(looked, below))
    return Exit.OK if looked.look.busy else Exit.INCONCLUSIVE


def _text(looked: Looked, below: Sequence[str]) -> str:
    look = looked.look
    lines = [_sentence(looked), *([harmless(looked.uncached)] if looked.uncached else [])]
    if looked.suspicions:
        lines += ["", "  share  component                                 what was seen"]
        lines += [
            f"  {100 * one.share:4.0f} %  {one.component:<40}  {harmless(one.why)}"
            for one in by_share(looked)
            if one.share >= _SMALLEST
        ]
    for head, seen in (("what the request was at", in_words(look)[:_MOMENTS]), ("file", by_file(look)[:_FILES])):
        if seen:
            lines += ["", f"  share  {head}"]
        lines += [f"  {100 * share:4.0f} %  {harmless(what)}" for what, share in seen if share >= _SMALLEST]
    if look.queries:
        times = sum(count for _, count in look.queries)
        lines += ["", "  share  what the database was at, without values"]
        lines += [f"  {100 * count / times:4.0f} %  {harmless(words)}" for words, count in look.queries[:_FILES]]
    if look.wrote:
        lines += ["", "  times  what the servers wrote into their logs meanwhile, of any request"]
        lines += [f"  {one.times:5}  {harmless(str(one))}  ({harmless(one.log)})" for one in look.wrote[:_FILES]]
    lines += [f"  not looked at: {part}: {harmless(why)}" for part, why in sorted(look.missing.items())]
    if below:
        lines += ["", *below]
    lines += ["", f"Nothing was changed. {took(look.cost)} of one processor in {look.seconds:.0f} s went into looking."]
    if looked.suspicions:
        lines.append("What was seen accuses nobody: 'modbisect run' proves who is to blame.")
    return "\n".join(lines)


def _sentence(looked: Looked) -> str:
    times = [request.seconds for request in looked.measured.requests]
    asked = f"{looked.host}: {looked.probe.method} {harmless(looked.probe.url)}"
    what = f"{asked} takes {took(statistics.median(times))} ({len(times)} requests)" if times else asked
    if looked.measured.broken:
        what += f", and is not answered correctly ({harmless(looked.measured.broken)})"
    if not looked.look.busy:
        return f"{what}. No request of ours was seen at work on the host."
    most, share = in_words(looked.look)[0]
    return f"{what}. For {100 * share:.0f} % of the time it was at this: {harmless(most)}."


def _document(looked: Looked, below: Sequence[str]) -> dict[str, object]:
    look = looked.look
    return {
        "schema": "modbisect-look/1",
        "host": looked.host,
        "url": looked.probe.url,
        "requests_seconds": [request.seconds for request in looked.measured.requests],
        "broken": looked.measured.broken,
        "uncached": looked.uncached,
        "seconds": look.seconds,
        "busy_seconds": look.busy,
        "cost_seconds": look.cost,
        "suspicions": [
            {"component": one.component, "share": round(one.share, 4), "why": one.why} for one in looked.suspicions
        ],
        "moments": _moments(look),
        "queries": [{"words": words, "seen": count} for words, count in look.queries],
        "wrote": [{"times": one.times, "log": one.log, "what": one.what, "place": one.place} for one in look.wrote],
        "missing": dict(look.missing),
        "hypervisor": list(below),
    }


def _moments(look: Look) -> list[dict[str, object]]:
    return [
        {
            "seconds": moment.seconds,
            "state": moment.state,
            "wait": moment.wait,
            "by": moment.by,
            "objects": list(moment.objects),
            "frames": [str(frame) for frame in moment.frames],
        }
        for moment in look.moments
    ]
