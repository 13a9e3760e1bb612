"""Runs on a practice host, as the command line would start them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from modbisect.host.guard import Guard, Status
from modbisect.lab.practice import PracticeHost, practice
from modbisect.lab.practice.machine import Rule
from modbisect.lab.practice.tree import Tree
from modbisect.model import Symptom
from modbisect.playbook import Selection, TrialOptions
from modbisect.report import Report
from modbisect.run.access import opened
from modbisect.run.conduct import conduct, new_run
from modbisect.run.events import Event
from modbisect.run.options import Options
from modbisect.run.signals import Signals

FEW = tuple(f"php-module:{name}" for name in ("[a-f]*", "opcache", "uploadguard", "zip"))


@contextlib.contextmanager
def small(folder: Path, slow: Rule, slow_seconds: float = 1.0) -> Iterator[PracticeHost]:
    """A practice host with ten suspects; a slow upload takes twice ``slow_seconds``."""
    with practice(folder, slow=slow, slow_seconds=slow_seconds) as made:
        book = replace(
            made.playbook,
            symptom=Symptom("upload", slower_than=slow_seconds / 2),
            select=Selection(include=FEW),
            trial=TrialOptions(requests=5, warm_up=1, cap=0.5),
        )
        yield replace(made, playbook=book)


def written(made: PracticeHost, folder: Path, budget: Mapping[str, object]) -> tuple[str, str]:
    """A playbook with a secret in it, and an inventory, as files: for the command line."""
    host = made.host
    variables = {
        "ansible_host": host.address,
        "ansible_port": host.port,
        "ansible_user": host.user,
        "ansible_ssh_private_key_file": host.key_file,
        "ansible_become": True,
        "modbisect_known_hosts": host.known_hosts,
        "modbisect_role": "staging",
        "modbisect_base_url": host.base_url,
    }
    file = {"field": "file", "size": "2MiB"}
    playbook = {
        "version": 1,
        "probes": {"upload": {"post": "/upload", "file": file, "headers": {"X-Api-Key": "hunter2"}}},
        "symptom": {"slower_than": "500ms"},
        "components": {"include": list(FEW)},
        "trial": {"requests": 5, "warm_up": 1, "cap": "500ms"},
        "budget": dict(budget),
    }
    book, hosts = folder / "book.yml", folder / "hosts.yml"
    book.write_text(yaml.safe_dump(playbook))
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"practice": variables}}}))
    return str(book), str(hosts)


def ignore(_: object) -> None:
    """For who wants to hear nothing."""


def run_on(
    made: PracticeHost, seen: Callable[[Event], None] = ignore, signals: Signals | None = None, cure_seconds: int = 0
) -> Report:
    return conduct(
        made.host,
        made.playbook,
        Options(seed=7, lease=5, cure_seconds=cure_seconds),
        observer=seen,
        signals=signals or Signals(ignore),
        run=new_run(),
    )


def guard_status(made: PracticeHost) -> Status:
    with opened(made.host) as root:
        return Guard(root, new_run()).status()


def state_of(made: PracticeHost) -> tuple[Tree, frozenset[str]]:
    """All files, and what the live server runs with."""
    assert made.machine.server is not None
    return dict(made.machine.tree), made.machine.server.on
