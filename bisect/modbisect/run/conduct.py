"""One run from end to end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import modbisect
from modbisect import components as parts
from modbisect.components import Facts
from modbisect.errors import Interrupted, ModbisectError, NotRestored, ProbeError, UsageError
from modbisect.host.guard import Guard, Status
from modbisect.host.survey import config_tests, survey
from modbisect.inventory import Host
from modbisect.judging import level
from modbisect.model import (
    Component,
    Conclusion,
    Measurement,
    Outcome,
    Probe,
    Symptom,
)
from modbisect.playbook import Budget, Playbook, format_seconds
from modbisect.probe import ProbeProcess
from modbisect.report import Report, Restored, remedies
from modbisect.run import preflight, requirements
from modbisect.run.access import opened
from modbisect.run.events import (
    Began,
    Concluded,
    Event,
    Finished,
    FoundSlow,
    Observer,
    PutBack,
    Stage,
    Surveyed,
    TrialBegan,
    TrialEnded,
    Warned,
)
from modbisect.run.measure import reached
from modbisect.run.session import Session, guarded
from modbisect.run.signals import Signals
from modbisect.run.trial import Site, Trials
from modbisect.search import Problem, Spent, conversation

LEASE_SECONDS = 30
STEAL = 0.05
"""Share of stolen processor time above which a person is told."""
MOST_WARNINGS = 10

_NOT_SEARCHED = Conclusion(Outcome.INCONCLUSIVE, reason="the run ended before its search")
_UNTOUCHED = Restored(verified=True, how="nothing was changed")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a run."""

    seed: int = 0
    lease: int = LEASE_SECONDS
    accept_drift: bool = False
    ask_password: Callable[[], str] | None = None


@dataclass(slots=True)
class _Story:
    """What has come out so far; a report can be made of it at any moment."""

    run: str
    host: Host
    playbook: Playbook
    observer: Observer
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    facts: Facts | None = None
    components: Sequence[Component] = ()
    found: Measurement | None = None
    conclusion: Conclusion = _NOT_SEARCHED
    restored: Restored = _UNTOUCHED
    warnings: list[str] = field(default_factory=list)
    trials: int = 0
    counted: Trials | None = None

    def observe(self, event: Event) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.what)
        if isinstance(event, PutBack):
            self.restored = event.restored
        self.observer(event)

    def note(self, measurement: Measurement) -> None:
        """Keep what a trial warns of, once; and a hypervisor that takes the processor away."""
        warnings = measurement.warnings
        if measurement.steal > STEAL:
            warnings += (
                f"the hypervisor took {measurement.steal:.0%} of the processor time: the times may be too long",
            )
        for warning in warnings:
            if warning not in self.warnings and len(self.warnings) < MOST_WARNINGS:
                self.observe(Warned(warning))

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def report(self) -> Report:
        said = self.conclusion
        accused = {one for finding in said.findings for one in (*finding.components, *finding.also_flipped)}
        named = accused | {one.component for one in said.untestable} | set(said.suspects_left)
        probe = self.playbook.symptom_probe
        return Report(
            run=self.run,
            host=self.host.name,
            playbook=self.playbook.name,
            outcome=said.outcome,
            started=self.started.isoformat(timespec="seconds"),
            seconds=self.elapsed,
            restored=self.restored,
            probe=probe.name,
            request=_in_words(probe),
            found_seconds=level(self.found).seconds if self.found and self.found.requests else 0.0,
            found_memory=self.found.memory if self.found else None,
            findings=said.findings,
            untestable=said.untestable,
            residual=said.residual,
            costs=said.costs,
            suspects=sum(not component.pinned for component in self.components),
            suspects_left=said.suspects_left,
            details={one.id: one.detail for one in self.components if one.id in named and one.detail},
            found_off=tuple(one.id for one in self.components if one.id in named and not one.on),
            remedies=remedies(self.facts, (one for one in self.components if one.id in accused)) if self.facts else {},
            trials=self.trials,
            restarts=self.counted.restarts if self.counted else 0,
            requests=self.counted.requests if self.counted else 0,
            downtime_seconds=self.counted.downtime if self.counted else 0.0,
            reason=said.reason,
            warnings=(*dict.fromkeys([*self.warnings, *said.warnings]),),
        )


def _in_words(probe: Probe) -> str:
    parts_of_url = urlsplit(probe.url)
    where = parts_of_url.path or "/"
    size = f", {probe.upload.size / (1 << 20):g} MiB upload" if probe.upload else ""
    return f"{probe.method} {where}{size}"


def conduct(
    host: Host, playbook: Playbook, options: Options, *, observer: Observer, signals: Signals, run: str
) -> Report:
    """Find the culprit on a host and leave the host as found.

    Raises:
        Refused, Unreachable, UsageError: nothing was changed.
    """
    story = _Story(run, host, playbook, observer)
    story.observe(Began(run, host.name, playbook.name, story.started.isoformat(), modbisect.__version__, options.seed))
    try:
        _investigate(story, options, signals)
    except Interrupted as error:
        story.conclusion = Conclusion(Outcome.INTERRUPTED, reason=error.what)
    except NotRestored as error:
        story.restored = Restored(verified=False, how=f"{error.what}: {error.state}")
    except ModbisectError as error:
        if story.counted is None:
            raise
        story.conclusion = Conclusion(Outcome.INCONCLUSIVE, reason=error.what)
    report = story.report()
    story.observe(Finished(report))
    return report


def new_run() -> str:
    """A fresh run id: 128 bits, hexadecimal."""
    return secrets.token_hex(16)


def suspects_of(playbook: Playbook, facts: Facts) -> tuple[Component, ...]:
    """The host's components, with all that is no suspect in this playbook pinned."""
    select = playbook.select
    return parts.select(
        parts.discover(facts),
        facts,
        include=select.include,
        keep=select.keep,
        off=select.off,
        allow_security=select.allow_security,
    )


def _investigate(story: _Story, options: Options, signals: Signals) -> None:
    host = story.host
    with ExitStack() as stack:
        story.observe(Stage("connecting"))
        root = stack.enter_context(opened(host, options.ask_password))
        story.observe(Stage("looking at what is there"))
        facts = story.facts = survey(root)
        story.components = suspects_of(story.playbook, facts)
        preflight.check(host, facts, story.components, accept_drift=options.accept_drift)
        playbook = stack.enter_context(reached(root.link, host, story.playbook))
        probes = stack.enter_context(ProbeProcess())
        site = Site(playbook, probes, root)
        story.observe(Stage(f"measuring {site.symptom.name} as found: a complete request"))
        story.found = site.found()
        story.observe(FoundSlow(story.found))
        if not _is_slow(story):
            return
        story.observe(Stage("asking Apache, on a copy, what its configuration needs"))
        story.components = requirements.learn(story.components, facts, lambda wanted: config_tests(root, wanted))
        story.observe(Surveyed(tuple(story.components)))

        def status() -> Status:
            with opened(host, options.ask_password) as fresh:
                return Guard(fresh, story.run).status()

        with guarded(
            root,
            facts,
            story.run,
            lease=options.lease,
            observe=story.observe,
            before_restore=signals.defer,
            reconnect=status,
            on_loss=probes.stop,
        ) as session:
            story.counted = Trials(session.guard, site, facts, story.components)
            try:
                story.conclusion = _search(story, options, session, story.counted)
            except ProbeError:
                session.check()
                raise
    _answers(story, host, options)


def _is_slow(story: _Story) -> bool:
    symptom = story.playbook.symptom
    if symptom is None or symptom.slower_than is None or story.found is None:
        return True
    if level(story.found).seconds >= symptom.slower_than:
        return True
    story.conclusion = Conclusion(
        Outcome.NONE, reason=f"as found it is not slow: nothing above {symptom.slower_than:g} s to look for"
    )
    return False


def _search(story: _Story, options: Options, session: Session, trials: Trials) -> Conclusion:
    playbook, found = story.playbook, story.found
    if found is None:
        raise UsageError("nothing was measured as found")
    budget = playbook.budget
    problem = Problem(
        tuple(story.components),
        found,
        playbook.symptom or Symptom(playbook.symptom_probe.name),
        seed=options.seed,
        max_trials=budget.restarts or 0,
    )
    talk = conversation(problem, playbook.strategy)
    try:
        ask = next(talk)
        while True:
            session.check()
            if spent := _spent(budget, story.elapsed, trials.requests):
                ask = talk.throw(Spent(spent))
            story.trials += 1
            story.observe(TrialBegan(story.trials, ask))
            measurement = trials.run(ask)
            story.observe(TrialEnded(story.trials, measurement))
            story.note(measurement)
            ask = talk.send(measurement)
    except StopIteration as end:
        conclusion: Conclusion = end.value
    story.observe(Concluded(conclusion))
    return conclusion


def _spent(budget: Budget, seconds: float, requests: int) -> str:
    if budget.seconds is not None and seconds > budget.seconds:
        return f"the time budget of {format_seconds(budget.seconds)} is spent"
    if budget.requests is not None and requests > budget.requests:
        return f"the budget of {budget.requests} requests is spent"
    return ""


def _answers(story: _Story, host: Host, options: Options) -> None:
    """The last look, over a fresh connection: the site answers correctly again."""
    if story.restored.verified and story.counted is not None:
        with (
            opened(host, options.ask_password) as root,
            reached(root.link, host, story.playbook) as playbook,
            ProbeProcess() as probes,
        ):
            site = Site(playbook, probes, root)
            probe = (site.others or (site.symptom,))[0]
            result = site.window(probe, requests=0, warm_up=0, cap=10.0, cold_cap=10.0)
            if result.broken:
                story.observe(Warned(f"after the restore {probe.name} does not answer as before: {result.broken}"))
