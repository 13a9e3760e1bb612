"""One run from end to end."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import modbisect
from modbisect import kinds
from modbisect.errors import (
    Interrupted,
    LinkLost,
    ModbisectError,
    NotRestored,
    ProbeError,
    Unforeseen,
    Unreachable,
    in_words,
)
from modbisect.host.guard import Guard, Status
from modbisect.host.privilege import RootLink
from modbisect.inventory import Host
from modbisect.judging import level
from modbisect.model import Outcome
from modbisect.playbook import Playbook, left_out, without_secrets
from modbisect.probe import ProbeProcess
from modbisect.probe.login import REQUESTS as LOGIN_REQUESTS
from modbisect.report import Report, Restored
from modbisect.run import beginning, preflight
from modbisect.run.access import opened
from modbisect.run.again import asked_again
from modbisect.run.cure import cured
from modbisect.run.drive import drive
from modbisect.run.events import (
    Began,
    Failed,
    Finished,
    Observer,
    PutBack,
    Stage,
)
from modbisect.run.hypervisor import watched
from modbisect.run.look import Beside
from modbisect.run.measure import check_secrets, reached
from modbisect.run.options import Options
from modbisect.run.person import Asker, Person
from modbisect.run.remainder import look_behind_the_cure
from modbisect.run.session import guarded
from modbisect.run.signals import Signals
from modbisect.run.site import CHECK_SECONDS, Site
from modbisect.run.story import Story
from modbisect.run.trial import Trials, Watcher


def conduct(
    host: Host, playbook: Playbook, options: Options, *, observer: Observer, signals: Signals, run: str
) -> Report:
    """Find the culprit on a host and leave the host as found.

    Raises:
        Refused, Unreachable, UsageError: nothing was changed.
        Unforeseen: it says in which state the host is.
    """
    story = _begin(host, playbook, options, observer, run)
    try:
        _investigate(story, options, signals)
    except Exception as raised:  # whatever it was, the state of the host is told with it
        error = in_words(raised)
        if isinstance(error, NotRestored):
            story.observe(PutBack(Restored(verified=False, how=f"{error.what}: {error.state}")))
        elif interrupted := error if isinstance(error, Interrupted) else signals.raised:
            story.ended_early(Outcome.INTERRUPTED, interrupted.what)
        elif isinstance(error, Unforeseen):
            error = Unforeseen(error.what, host=host.name, state=story.restored.how, advice=error.advice)
            raise _told(story, error) from raised
        elif story.counted is None:
            if isinstance(error, LinkLost):  # so far everything was only read
                advice = "try again, and log in by ssh to see what it answers"
                error = Unreachable(error.what, host=host.name, state="nothing was changed", advice=advice)
            raise _told(story, error) from raised
        else:
            story.ended_early(Outcome.INCONCLUSIVE, error.what)
    _ask_again(story, options)
    report = story.report()
    story.observe(Finished(report))
    return report


def _told(story: Story, error: ModbisectError) -> ModbisectError:
    """An error that ends a run without a report, once the journal has it."""
    story.observe(Failed(error.what, error.state))
    return error


def new_run() -> str:
    """A fresh run id: 128 bits, hexadecimal."""
    return secrets.token_hex(16)


def _begin(host: Host, playbook: Playbook, options: Options, observer: Observer, run: str) -> Story:
    """A journal says at once all that its run knows already, so that the latest one is enough to go on from."""
    before = options.before
    began = Began(
        run,
        host.name,
        playbook.name,
        datetime.now(UTC).isoformat(),
        modbisect.__version__,
        before.began.seed if before else options.seed,
        without_secrets(playbook),
        options.playbook_path,
        options.inventory,
        before.run if before else "",
        by_hand=options.asker is not None,
        role=options.role or "",
        change=options.change,
    )
    story = Story.of(began, host, playbook, observer, before)
    if before is None:
        return story
    if before.surveyed and before.posed:
        story.observe(before.surveyed)
        story.observe(before.posed)
    for trial in before.trials:
        story.observe(trial)
        story.note(trial.measurement)
    story.resume = _resume(story, options)
    return story


def _investigate(story: Story, options: Options, signals: Signals) -> None:
    story.closes = preflight.closing_time(story.host, story.playbook)
    if not story.by_hand:
        check_secrets(story.host, story.playbook)
    with ExitStack() as stack:
        story.observe(Stage("connecting", "connect"))
        root = stack.enter_context(opened(story.host, options.ask_password))
        if story.host.beneath:
            story.observe(Stage(f"asking {story.host.hypervisor}, where it is a virtual machine"))
        with watched(story.host, root) as watch:
            facts = beginning.surveyed(story, options, root, watch)
            beside = beginning.beside(story, facts, options, root)
            watcher = stack.enter_context(_watcher(story, options.asker, root, beside))
            found = beginning.look(story, watcher, facts)
            if watch:
                beginning.look_below(story, facts, watch)
        if story.before:
            dialogue = beginning.gone_on(story, story.before, found, options)
        elif said := beginning.not_slow(story, found):
            story.looking = watcher.sent
            story.conclude(said)
            return
        else:
            dialogue = beginning.begun(story, facts, found, options, root=root, beside=beside)

        def status() -> Status:
            with opened(story.host, options.ask_password) as fresh:
                return Guard(fresh, story.run).status()

        with guarded(
            Guard(root, story.run),
            facts,
            kinds.edited_files(facts, story.past.components),
            lease=options.lease,
            drift=options.accept_drift,
            observe=story.observe,
            before_restore=signals.defer,
            reconnect=status,
            on_loss=watcher.stop,
        ) as session:
            story.counted = Trials(session.guard, watcher, facts, story.past.components, outage=story.outage)
            story.resume = _resume(story, options)
            try:
                drive(story, dialogue, (signals.check, session.check), story.counted)
            except ProbeError:
                session.check()
                raise
            if beside:
                look_behind_the_cure(story, story.counted, root, beside)
            if options.cure_seconds and cured(story, story.counted, options.cure_seconds):
                session.cure_seconds = options.cure_seconds


def _ask_again(story: Story, options: Options) -> None:
    """A host that was switched counts as restored when its site answers as before, too."""
    if story.counted is None or not story.restored.verified or not story.learned:
        return
    story.observe(Stage("asking the site once more", "site check"))
    found = story.past.found
    quick = found is not None and level(found).seconds < CHECK_SECONDS
    seen = asked_again(
        story.restored,
        story.host,
        story.playbook,
        story.learned,
        outside=story.outside,
        quick=quick,
        ask_password=options.ask_password,
    )
    if not seen.verified:
        where = f" -i {shlex.quote(options.inventory)}" if options.inventory else ""
        look = f"modbisect probe {shlex.quote(options.playbook_path)} {shlex.quote(story.host.name)}{where}"
        story.observe(PutBack(replace(seen, advice=look if options.playbook_path else "")))


def _resume(story: Story, options: Options) -> str:
    again = options.playbook_path or (options.by_url and not left_out(story.playbook))
    return f"modbisect resume {story.run[:8]}" if again else ""


@contextmanager
def _watcher(story: Story, asker: Asker | None, root: RootLink, beside: Beside | None) -> Iterator[Watcher]:
    if asker:
        yield Person(
            asker, story.seconds_left, lambda: {component.id: component for component in story.past.components}
        )
        return
    with reached(root.link, story.host, story.playbook) as playbook, ProbeProcess() as probes:
        fastest = story.before.fastest_cold if story.before else None
        past = () if story.host.tunnel else (probe.name for probe in story.playbook.probes if probe.connect_to)
        yield Site(
            playbook,
            probes,
            root,
            bypassing=frozenset(past),
            fastest_cold=fastest,
            outage=story.outage,
            patience=story.patience,
            left=story.seconds_left,
            beside=beside,
            sent=LOGIN_REQUESTS if story.playbook.login else 0,
        )
