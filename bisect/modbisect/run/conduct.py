"""One run from end to end."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
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
from modbisect.host.survey import config_tests, survey
from modbisect.inventory import Host
from modbisect.judging import level
from modbisect.kinds import Found
from modbisect.model import Component, ComponentId, Conclusion, Measurement, Outcome, Symptom
from modbisect.playbook import Playbook, without_secrets
from modbisect.probe import ProbeProcess
from modbisect.report import Report, Restored
from modbisect.run import preflight, requirements, same
from modbisect.run.access import opened
from modbisect.run.again import asked_again
from modbisect.run.cure import cured
from modbisect.run.dialogue import Dialogue
from modbisect.run.drive import drive
from modbisect.run.events import (
    Began,
    Failed,
    Finished,
    FoundSlow,
    Observer,
    Posed,
    PutBack,
    Stage,
    Warned,
)
from modbisect.run.measure import check_secrets, reached
from modbisect.run.past import Past
from modbisect.run.person import Asker, Person
from modbisect.run.replay import resumed
from modbisect.run.session import guarded
from modbisect.run.signals import Signals
from modbisect.run.site import CHECK_SECONDS, Site
from modbisect.run.story import Story
from modbisect.run.trial import Trials, Watcher
from modbisect.search import Problem

LEASE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a run."""

    seed: int = 0
    lease: int = LEASE_SECONDS
    accept_drift: bool = False
    open_security: bool = False
    """It is agreed to that access control is switched, where the playbook allows that."""
    ask: Callable[[str], bool] | None = None
    """Puts a question to the person at the terminal; None where there is none."""
    ask_password: Callable[[], str] | None = None
    playbook_path: str = ""
    """For the journal; a run without one is not told how to resume it."""
    inventory: str = ""
    """For the journal."""
    before: Past | None = None
    """The run to go on from."""
    dialogue: Dialogue | None = None
    """Its conversation, where it has been led again already."""
    cure_seconds: int = 0
    """How long proven culprits are kept switched over before the host is put back; 0: not at all."""
    needed: frozenset[ComponentId] = frozenset()
    """Components that the site is known to need, from earlier runs."""
    asker: Asker | None = None
    """Puts questions to a person, who judges the trials in place of the probes."""


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


def suspects_of(playbook: Playbook, facts: Found) -> tuple[Component, ...]:
    """The host's components, with all that is no suspect in this playbook pinned."""
    select = playbook.select
    return kinds.select(
        kinds.discover(facts),
        facts,
        include=select.include,
        keep=select.keep,
        off=select.off,
        allow_security=select.allow_security,
    )


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
        story.observe(Stage("connecting"))
        root = stack.enter_context(opened(story.host, options.ask_password))
        facts = _surveyed(story, options, root)
        watcher = stack.enter_context(_watcher(story, options.asker, root))
        found = _look(story, watcher, facts)
        if story.before:
            dialogue = _gone_on(story, story.before, found, options)
        elif not_slow := _not_slow(story, found):
            story.conclude(not_slow)
            return
        else:
            dialogue = _begun(story, facts, found, options, root)

        def status() -> Status:
            with opened(story.host, options.ask_password) as fresh:
                return Guard(fresh, story.run).status()

        with guarded(
            root,
            facts,
            story.run,
            lease=options.lease,
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
            if options.cure_seconds and cured(story, story.counted, options.cure_seconds):
                session.cure_seconds = options.cure_seconds


def _surveyed(story: Story, options: Options, root: RootLink) -> Found:
    """What the host is and has.

    Raises:
        Refused: a run may not begin there, or the host is no longer the one to go on with.
    """
    story.observe(Stage("looking at what is there"))
    facts = story.facts = survey(root)
    chosen = suspects_of(story.playbook, facts)
    components = tuple(
        replace(component, vital=component.vital or component.id in options.needed) for component in chosen
    )
    asked = None if story.by_hand else story.playbook
    preflight.check(story.host, facts, components, playbook=asked, accept_drift=options.accept_drift)
    if said := preflight.left_open(facts, components):
        story.observe(Warned(said))
    preflight.agree_to_open(story.host, facts, components, given=options.open_security, ask=options.ask)
    surveyed = same.state_of(root, facts, components)
    if story.before and story.before.surveyed:
        same.refuse_another(story.host.name, story.before.surveyed, surveyed)
    else:
        story.observe(surveyed)
    return facts


def _gone_on(story: Story, before: Past, found: Measurement, options: Options) -> Dialogue:
    """The conversation of an earlier run, led again up to its end.

    Raises:
        Refused: as found the site is no longer what it was then.
    """
    dialogue = options.dialogue or resumed(before, story.playbook.budget)
    problem = dialogue.problem
    same.refuse_other_times(story.host.name, problem.found, found, problem.symptom)
    return dialogue


def _begun(story: Story, facts: Found, found: Measurement, options: Options, root: RootLink) -> Dialogue:
    """A conversation about what the configuration tests leave to be switched."""
    story.observe(Stage("asking Apache, on a copy, what its configuration needs"))
    components = requirements.learn(story.past.components, facts, lambda wanted: config_tests(root, wanted))
    playbook = story.playbook
    plain = Symptom(playbook.symptom_probes[0].name)
    problem = Problem(
        components,
        found,
        plain if story.by_hand else playbook.symptom or plain,
        seed=options.seed,
        max_trials=playbook.budget.restarts or 0,
        visitors=not story.by_hand,
        others=tuple(probe.name for probe in playbook.probes if probe not in playbook.symptom_probes),
    )
    story.observe(Posed(problem, playbook.strategy))
    return Dialogue(problem, playbook.strategy)


def _look(story: Story, watcher: Watcher, facts: Found) -> Measurement:
    """Measure the host as found, before anything is touched.

    Raises:
        Refused: its site does not work, or answers through what may keep a broken trial's answers.
    """
    if not story.by_hand:
        story.observe(Stage(f"measuring {story.playbook.shown_by} as found: a complete request"))
    found = watcher.found()
    story.learned, story.outside = watcher.learned, watcher.outside
    preflight.refuse_cache(story.host, facts, story.playbook, story.learned)
    if said := preflight.kept_in_front(story.outside):
        story.observe(Warned(said))
    story.observe(FoundSlow(found))
    story.note(found)
    return found


def _ask_again(story: Story, options: Options) -> None:
    """A host that was switched counts as restored when its site answers as before, too."""
    if story.counted is None or not story.restored.verified or not story.learned:
        return
    story.observe(Stage("asking the site once more"))
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
    return f"modbisect resume {story.run[:8]}" if options.playbook_path else ""


@contextmanager
def _watcher(story: Story, asker: Asker | None, root: RootLink) -> Iterator[Watcher]:
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
        )


def _not_slow(story: Story, found: Measurement) -> Conclusion | None:
    """Where there is nothing to look for, that."""
    symptom = story.playbook.symptom
    if symptom is None or symptom.slower_than is None or story.by_hand or level(found).seconds >= symptom.slower_than:
        return None
    return Conclusion(
        Outcome.NOT_SLOW, reason=f"as found it is not slow: nothing above {symptom.slower_than:g} s to look for"
    )
