"""A run that was cut short goes on where it ended: on a practice host, through the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from practice_runs import guard_status, ignore, run_on, small, state_of, written

from modbisect.cli import cli
from modbisect.errors import Exit, Interrupted, Refused, UsageError
from modbisect.lab.practice import CULPRIT, PracticeHost
from modbisect.lab.practice.tree import Entry
from modbisect.model import Outcome
from modbisect.report import Report
from modbisect.run import journal
from modbisect.run.conduct import conduct, new_run
from modbisect.run.events import Event, Known, TrialBegan, TrialEnded
from modbisect.run.options import Options
from modbisect.run.past import Past, past
from modbisect.run.signals import Signals

ENABLED = "/etc/apache2/mods-enabled"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PracticeHost]:
    with small(tmp_path, lambda on: CULPRIT in on) as host:
        yield host


@dataclass
class Told:
    """Keeps a run's events, and cuts it short after a trial."""

    most: int = 1000
    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, TrialEnded) and event.number == self.most:
            raise Interrupted("enough seen")

    @property
    def measured(self) -> list[int]:
        return [event.number for event in self.events if isinstance(event, TrialEnded)]

    @property
    def asked(self) -> list[frozenset[str]]:
        return [event.ask.configuration.flipped for event in self.events if isinstance(event, TrialBegan | Known)]


def go_on(made: PracticeHost, before: Past, told: Told) -> Report:
    return conduct(
        made.host,
        made.playbook,
        Options(lease=5, playbook_path="book.yml", before=before),
        observer=told,
        signals=Signals(ignore),
        run=new_run(),
    )


def test_nothing_is_measured_twice_and_the_culprit_is_found(made: PracticeHost) -> None:
    first, second, third = Told(3), Told(7), Told()
    before = state_of(made)
    assert run_on(made, first).outcome is Outcome.INTERRUPTED
    assert go_on(made, past(first.events), second).resume.startswith("modbisect resume ")
    report = go_on(made, past(second.events), third)
    assert [one.components for one in report.findings] == [(CULPRIT,)]
    assert first.measured + second.measured + third.measured == list(range(1, report.trials + 1))
    assert (second.asked[:3], third.asked[:7]) == (first.asked[:3], second.asked[:7])
    assert (report.known_trials, report.resumed) == (7, past(second.events).run)
    assert report.resume == ""
    assert report.restarts >= report.trials - 2
    assert state_of(made) == before
    assert guard_status(made).state == "NONE"


def test_a_run_killed_in_its_first_trial_begins_with_that(made: PracticeHost) -> None:
    first, told = Told(1), Told()
    run_on(made, first)
    untold = [event for event in first.events if not isinstance(event, TrialEnded)]
    assert go_on(made, past(untold), told).outcome is Outcome.FOUND
    assert told.measured[0] == 1


@pytest.mark.parametrize(
    ("path", "entry", "says"),
    [
        (f"{ENABLED}/env.load", None, "off and was on: apache-module:env"),
        (f"{ENABLED}/theirs.load", Entry("../mods-available/theirs.load", 1.0), "new: apache-module:theirs"),
        (f"{ENABLED}/env.load", Entry("../mods-available/env.load", 1.0), f"files: {ENABLED}/env.load"),
    ],
)
def test_another_host_than_before_is_refused(made: PracticeHost, path: str, entry: Entry | None, says: str) -> None:
    first = Told(2)
    run_on(made, first)
    made.machine.tree = {**made.machine.tree, path: entry} if entry else {**made.machine.tree}
    if entry is None:
        made.machine.tree.pop(path)
    server = made.machine.server
    with pytest.raises(Refused, match=f"no longer the one that the earlier run measured: .*{says}"):
        conduct(
            made.host,
            made.playbook,
            Options(lease=5, before=past(first.events), accept_drift=True),
            observer=ignore,
            signals=Signals(ignore),
            run=new_run(),
        )
    assert made.machine.server is server


def test_another_speed_than_before_is_refused(made: PracticeHost) -> None:
    first = Told(2)
    run_on(made, first)
    before = past(first.events)
    assert before.posed
    found = before.posed.problem.found
    slower = replace(found, requests=tuple(replace(one, seconds=one.seconds * 50) for one in found.requests * 9))
    other = replace(before, posed=replace(before.posed, problem=replace(before.posed.problem, found=slower)))
    with pytest.raises(Refused, match="in the earlier run"):
        go_on(made, replace(other, trials=()), Told())
    assert guard_status(made).state == "NONE"


# --- the command line -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Shell:
    """Calls modbisect with a state folder, a playbook and an inventory of its own."""

    made: PracticeHost
    folder: Path
    budget: dict[str, object]

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(cli, words, standalone_mode=False)

    def run(self, *words: str) -> Result:
        book, hosts = written(self.made, self.folder, self.budget)
        return self("run", book, "practice", "-i", hosts, "--seed", "7", *words)


def test_a_spent_budget_says_how_to_go_on_and_that_line_works(
    made: PracticeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shell = Shell(made, tmp_path, {"requests": 8})
    spent = shell.run()
    assert spent.return_value == Exit.INCONCLUSIVE, spent.output
    assert "the budget of 8 requests is spent" in spent.stdout
    line = next(line for line in spent.stdout.splitlines() if "modbisect resume" in line)
    words = shlex.split(line.partition("modbisect ")[2])
    assert words[2:] == ["--requests", "16"]

    server = made.machine.server
    again = shell("resume", "last")
    assert again.return_value == Exit.INCONCLUSIVE
    assert "told again from its journal" in again.stderr
    assert again.stdout == spent.stdout
    assert made.machine.server is server

    words[3] = "4000"
    done = shell(*words)
    assert done.return_value == Exit.FOUND, done.output
    assert f"resumed from {words[1]} after " in done.stdout
    assert f"goes on from {words[1]}" in done.stderr
    assert " known " in done.stderr

    server = made.machine.server
    told = shell("resume", "last", "--json")
    assert told.return_value == Exit.FOUND
    assert json.loads(told.stdout)["resumed"].startswith(words[1])
    assert made.machine.server is server
    for run in journal.runs_folder().iterdir():
        assert "hunter2" not in (run / "journal.jsonl").read_text()


def test_a_playbook_that_was_changed_is_refused(
    made: PracticeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shell = Shell(made, tmp_path, {"restarts": 2})
    spent = shell.run()
    assert "--restarts 4" in spent.stdout, spent.output
    book = tmp_path / "book.yml"
    book.write_text(book.read_text().replace("500ms", "600ms"))
    refused = shell("resume", "last", "--restarts", "50")
    assert isinstance(refused.exception, Refused)
    assert "says something else" in str(refused.exception)


def test_an_inventory_that_does_not_know_the_host(
    made: PracticeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shell = Shell(made, tmp_path, {"restarts": 2})
    shell.run()
    (tmp_path / "other.yml").write_text("all: {hosts: {db1: {}}}\n")
    result = shell("resume", "last", "--restarts", "50", "-i", str(tmp_path / "other.yml"))
    assert isinstance(result.exception, UsageError)
    assert "practice" in str(result.exception)


def test_an_inventory_that_is_a_program_in_a_folder_is_asked_again(
    made: PracticeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    book, hosts = written(made, tmp_path, {"restarts": 2})
    listing = {"_meta": {"hostvars": yaml.safe_load(Path(hosts).read_text())["all"]["hosts"]}}
    listing["web"] = {"hosts": list(listing["_meta"]["hostvars"])}
    asked, program, linked = tmp_path / "asked", tmp_path / "real" / "hosts.sh", tmp_path / "linked"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho >>{asked}\necho '{json.dumps(listing)}'\n")
    program.chmod(0o755)
    linked.symlink_to(program.parent)
    shell = Shell(made, tmp_path, {})
    spent = shell("run", book, "practice", "-i", str(linked), "--seed", "7")
    assert spent.return_value == Exit.INCONCLUSIVE, spent.output
    assert asked.read_text() == "\n"
    (run,) = journal.runs_folder().iterdir()
    assert past(journal.read(run.name)).began.inventory == str(linked)
    again = shell("resume", "last", "--restarts", "3")
    assert again.return_value == Exit.INCONCLUSIVE, again.output
    assert asked.read_text() == "\n\n"
