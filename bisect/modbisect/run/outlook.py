"""What can be said of a host without touching it: its components, and what a run would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from modbisect import kinds
from modbisect.errors import Refused
from modbisect.host.privilege import RootLink
from modbisect.host.survey import config_tests, survey
from modbisect.inventory import Host
from modbisect.kinds import Found, Step
from modbisect.model import AS_FOUND, Component, Configuration, Measurement, Request, Role, Symptom
from modbisect.playbook import Playbook
from modbisect.run import in_front, preflight, requirements
from modbisect.run.beginning import suspects_of
from modbisect.run.hypervisor import watched
from modbisect.run.measure import check_secrets
from modbisect.search import Forecast, Problem, worst_case

RESTART_SECONDS = 0.5
"""About what a restart of Apache takes a host."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A host as it is."""

    host: str
    role: Role
    facts: Found
    components: tuple[Component, ...]
    behind: str = ""
    """That another server of the host stays as found; empty where there is none."""


def scan(root: RootLink, host: Host, playbook: Playbook | None = None) -> Scan:
    """List a host's components; with a playbook, what it makes of them."""
    book = playbook or Playbook("scan")
    facts = survey(root, book.listings, in_front.asked(host, book))
    components = suspects_of(book, facts)
    return Scan(host.name, preflight.role_of(host, facts), facts, components, in_front.beside(host, facts))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do."""

    scan: Scan
    refusal: str
    """Why it would be refused; empty when it would not."""
    forecast: Forecast
    most_restarts: int
    steps: dict[str, tuple[Step, ...]]
    """For each suspect, the files that flipping it changes."""

    @property
    def downtime(self) -> float:
        """Seconds that the worst case's restarts take."""
        return self.forecast.worst * RESTART_SECONDS


def plan(root: RootLink, host: Host, playbook: Playbook, say: Callable[[str], None]) -> Plan:
    """Work out a run without a change: survey, configuration tests on a copy, what searches of that size took."""
    say("looking at what is there")
    seen = scan(root, host, playbook)
    refusal = ""
    with watched(host, root) as watch:
        below = watch.before(seen.facts) if watch else None
    try:
        preflight.closing_time(host, playbook)
        check_secrets(host, playbook)
        preflight.check(host, seen.facts, seen.components, playbook=playbook, seen=below)
    except Refused as error:
        refusal = error.what
    say("asking, on a copy, what the configuration needs")
    components = requirements.learn(seen.components, seen.facts, lambda wanted: config_tests(root, wanted))
    symptom = playbook.symptom or Symptom(playbook.symptom_probes[0].name)
    imagined = (symptom.slower_than or 1.0) * 20
    problem = Problem(
        components,
        Measurement(AS_FOUND, (Request(symptom.name, imagined, status=200),)),
        symptom,
        max_trials=playbook.budget.restarts or 0,
    )
    return Plan(
        replace(seen, components=components),
        refusal,
        worst_case(problem, playbook.strategy),
        problem.budget,
        {
            component.id: kinds.plan(seen.facts, components, Configuration(frozenset({component.id})))
            for component in _free(components)
        },
    )


def _free(components: Iterable[Component]) -> list[Component]:
    return [component for component in components if not component.pinned]
