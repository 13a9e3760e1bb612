"""A canary's check of several hosts, with what follows from it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from modbisect.api import scan
from modbisect.cli.inside import further
from modbisect.cli.performing import perform
from modbisect.cli.sighted import more_lines, sentence
from modbisect.cli.streams import tell
from modbisect.errors import Exit, ModbisectError
from modbisect.harmless import one_line
from modbisect.history import History
from modbisect.inventory import Host
from modbisect.kinds import in_words
from modbisect.model import Probe, Symptom
from modbisect.notify import Level, Notice, of_checks
from modbisect.playbook import Playbook
from modbisect.report import Report
from modbisect.run import outlook
from modbisect.run.access import opened
from modbisect.run.canary import Sighting, watch
from modbisect.run.follow import Means, follow
from modbisect.run.look import Looked, by_share, look_at
from modbisect.run.options import Options
from modbisect.run.remembered import needed

_LOOK_SECONDS, _MOST = 5, 300
_WORDS, _SMALLEST = 3, 0.05
_RUN_SECONDS = 600.0
"""For a run that nobody has asked for, where the playbook gives it no time."""


@dataclass(frozen=True, slots=True)
class Watching:
    """How hosts are watched."""

    path: Path
    """Of the playbook."""
    playbook: Playbook
    inventory: Path | None
    history: History
    look: bool
    go_on: bool
    tell_of: Callable[[Notice], object]
    """Tells somebody elsewhere."""

    def sightings(self, hosts: Sequence[Host]) -> Iterator[tuple[str, Sighting]]:
        """What each probe of each host was like, with the host's name."""
        for host in hosts:
            began = time.time()
            seen = watch(
                host, self.playbook, self.history, partial(_seen, host, self.playbook) if self.look else _unseen
            )
            self._tell_news(host, seen, began)
            if self.go_on:
                seen = follow(host, self.playbook, self.history, seen, began, means=Means(scan, self._run, tell))
                self._tell_findings(host, seen, began)
            yield from ((host.name, each) for each in seen)

    def _tell_news(self, host: Host, seen: Sequence[Sighting], at: float) -> None:
        """What has begun or is over: nobody is told of the same alarm check by check."""
        begun = [sentence(each) for each in seen if each.begins]
        over = [f"{sentence(each)}; it was {each.before}" for each in seen if each.ends]
        if begun or over:
            self.tell_of(of_checks(host.name, self.playbook.name, begun, over, at))

    def _tell_findings(self, host: Host, seen: Sequence[Sighting], at: float) -> None:
        """What following an alarm up has brought."""
        for each in seen:
            if lines := tuple(more_lines(each)):
                title = each.verdict or f"{host.name}: what has changed since {each.probe} was as usual"
                tags = ("canary", self.playbook.name)
                text = "\n".join(lines)
                self.tell_of(Notice(one_line(title), text, Level.WARNING, host.name, tags, at, time.time()))

    def _run(self, host: Host, book: Playbook) -> Report:
        """A run that nobody has been asked about; it is not seen but in its journal and report."""
        options = Options(
            seed=secrets.randbelow(1 << 31),
            playbook_path=str(self.path.resolve()),
            inventory=str(self.inventory.absolute()) if self.inventory else "",
            needed=needed(host.name),
            unasked=True,
        )
        budget = replace(book.budget, seconds=book.budget.seconds or _RUN_SECONDS)
        book = replace(book, budget=budget)
        report, code = perform(host, book, options, quiet=True)
        if code in (Exit.FOUND, Exit.CLEARED):
            report, _ = further(report, host, book, options, quiet=True)
        return report


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
    return seen_at(looked) or None


def seen_at(looked: Looked) -> str:
    """What the request was at; where it was at nothing for long, whose: many files may be of one component."""
    by_component = [(one.component, one.share) for one in by_share(looked)]
    words = [
        [f"{share:.0%} {what}" for what, share in seen[:_WORDS] if share >= _SMALLEST]
        for seen in (in_words(looked.look), by_component)
    ]
    return "; ".join(words[0] or words[1])


def _unseen(_: Probe) -> None:
    """Where nobody is to look."""
