"""What is fast because it is broken is BROKEN, even when nobody pinned it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from lab_fixtures import LabHostFactory
from modbisect import kinds, lab
from modbisect.host.guard import Guard
from modbisect.host.survey import survey
from modbisect.inventory import parse_inventory
from modbisect.model import Ask, Configuration
from modbisect.playbook import parse_playbook
from modbisect.probe import ProbeProcess
from modbisect.run.access import opened
from modbisect.run.beginning import suspects_of
from modbisect.run.conduct import new_run
from modbisect.run.measure import reached
from modbisect.run.session import guarded
from modbisect.run.site import Site
from modbisect.run.trial import Trials
from modbisect.search import Feasible

pytestmark = pytest.mark.lab

PLAYBOOK = "name: failures\nprobes:\n  home: {get: /}\nsymptom: {probe: home}\n"


@pytest.fixture(scope="module")
def trials(lab_host: LabHostFactory) -> Iterator[Trials]:
    """Trials on a shop in which nothing is pinned, and only the site's answer tells whether it works."""
    made = lab_host(setup=("shop", "lean"))
    (host,) = parse_inventory(lab.inventory()).select(made.name)
    with ExitStack() as stack:
        root = stack.enter_context(opened(host))
        facts = survey(root)
        playbook = stack.enter_context(reached(root.link, host, parse_playbook(PLAYBOOK)))
        free = tuple(replace(one, pinned="", loads=frozenset()) for one in suspects_of(playbook, facts))
        probes = stack.enter_context(ProbeProcess())
        site = Site(playbook, probes, root)
        site.found()
        guard = Guard(root, new_run())
        session = stack.enter_context(
            guarded(
                guard,
                facts,
                (),
                lease=30,
                observe=lambda _: None,
                before_restore=lambda: None,
                reconnect=guard.status,
                on_loss=probes.stop,
            )
        )
        yield Trials(session.guard, site, facts, free)


@pytest.mark.parametrize(
    ("component", "why"),
    [
        ("apache-module:php8.2", "the server sends PHP source"),
        ("php-module:mysqlnd", "status 500"),
        ("apache-module:dir", ""),
        ("apache-module:mpm_prefork", "configuration test fails"),
    ],
)
def test_broken_is_never_fast(trials: Trials, component: str, why: str) -> None:
    flips = Feasible(tuple(trials.components)).close({component})
    assert flips is not None
    measurement = trials.run(Ask(Configuration(flips), 3, 5.0, "a test", 0))
    assert measurement.broken, "it answers as before"
    assert why in measurement.broken
    assert not measurement.requests


def test_as_found_it_works_again(trials: Trials) -> None:
    measurement = trials.run(Ask(Configuration(), 3, 5.0, "a test", 0))
    assert not measurement.broken
    assert len(measurement.requests) == 3


def test_they_are_pinned_when_nobody_says_otherwise(trials: Trials) -> None:
    pinned = {one.id: one.pinned for one in kinds.discover(trials.facts)}
    assert "source of the PHP pages" in pinned["apache-module:php8.2"]
    assert pinned["apache-module:dir"]
    assert pinned["apache-module:mpm_prefork"]


def test_paths_of_steps_stay_in_the_write_set(trials: Trials) -> None:
    folders = {Path(folder) for folder in kinds.write_set(trials.facts)}
    every = Configuration(frozenset(one.id for one in trials.components))
    steps = kinds.plan(trials.facts, trials.components, every)
    assert len(steps) > 100
    edited = kinds.edited_files(trials.facts, trials.components)
    assert all(Path(step.path).parent in folders or step.path in edited for step in steps)
