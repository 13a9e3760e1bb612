"""The fault bench in short: some trials of each quick fault, and what it has found. `make fuzz` is the long form."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest

from few import few

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "faults"))  # tests/run has a controller as well

import damage
import on_steps
import pairs
from bench import Bench
from controller import Plan
from deck import FAULTS, deck
from result import Result
from sight import Dirty, wait
from summary import Summary
from tracer import AVAILABLE, into
from trial import Trial, dice_of

from modbisect import lab
from modbisect.host.helper import GUARD

ACTS = {fault.name: fault.act for fault in FAULTS}
VERBS = list(on_steps.BEFORE)
RESULT = Result("x", 1, "apply", "guard", 2, 1.5, 2.0, 3.0)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    if os.geteuid() != 0:
        pytest.skip("lab hosts need root")
    lab.build_tree(print)
    bench = Bench()
    try:
        yield bench
    finally:
        bench.close()


def step(verb: str, at: int) -> int:
    """The seed of a verb's step; 0 is its first."""
    return at * len(VERBS) + VERBS.index(verb)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("name", "seed"),
    few(
        [
            ("controller: kill -9 at any time", 0),
            ("controller: SIGSTOP past the lease", 0),
            ("sudo withdrawn", 1),
            ("disk: no blocks", 0),
            ("power cut, boot", 0),
            ("foreign edit", 0),
            ("stop file", 0),
            ("configuration test fails", 0),
        ],
        5,
    ),
)
def test_whatever_strikes_the_host_is_as_found(bench: Bench, name: str, seed: int) -> None:
    assert bench.play(name, ACTS[name], seed).failure == ""


@pytest.mark.lab
@pytest.mark.skipif(not AVAILABLE, reason="no steps are counted on this processor")
@pytest.mark.parametrize(
    ("name", "seed"),
    few(
        [
            ("guard: killed at a step", step("apply", 40)),
            ("guard: killed at a step", step("boot", 1)),  # nobody was left to put the host back
            ("guard: a helper killed at a step", step("tick", 100)),  # it ended with a status that stands nowhere
            ("guard: a helper killed at a step", step("disarm", 35)),  # folders with another time, that nobody knew of
            ("guard: killed at a step", step("hold", 469)),  # a folder for its note, that nobody knew of
            ("guard: an error at a step", step("hold", 243)),  # a status that stands nowhere
            ("guard: an error at a step", step("hold", 507)),  # a note at login that cannot be written ended it, with 1
            ("guard: a helper killed at a step", 92),  # it changed files that nobody had written down: a foreign edit
            ("guard: an error at a step", 99),  # nor had it when a line of these could not be written
            ("guard: a helper killed at a step", step("rescue", 270)),  # see below: a watch that cannot be stopped
            ("guard: an error at a step", step("rescue", 200)),  # as when the helper is killed
        ],
        4,
    ),
)
def test_the_guard_is_struck_at_a_step(bench: Bench, name: str, seed: int) -> None:
    struck = ""
    for _ in range(3):  # on a busy machine the guard may be through before it is struck
        result = bench.play(name, ACTS[name], seed)
        assert result.failure == ""
        if struck := result.injection:
            break
    assert struck


@pytest.mark.lab
@pytest.mark.parametrize(
    ("name", "seed"),
    few(
        [
            ("others' files", 3),  # a fifo of www-data in /run/php: every verb waited for it, a rescue as well
            ("no room in /run", 49),  # an empty retry file: no tick came past it
            ("a state file spoiled", 115),  # without its list the run's own changes were somebody else's edit
            ("the snapshot spoiled", 100),
            ("half a request", 22),  # it had the lock, and a rescue waited
            ("one way of the watch dead", 0),  # a tick that is stopped
            ("one way of the watch dead", 3),  # a timer that is stopped
            ("a library upgraded", 0),  # restarted again and again
            ("times changed", 0),
            ("noexec", 0),  # nobody was left who could run
            ("no watch starts", 0),  # held without a watch
            (pairs.NAME, 3),  # controller and tick
            (pairs.NAME, 20),  # disk and power
            ("modbisect run: one of the above", 8),  # noexec
        ],
        6,
    ),
)
def test_those_who_know_how_it_works_find_no_way_past_it(bench: Bench, name: str, seed: int) -> None:
    assert bench.play(name, ACTS[name], seed).failure == ""


# --- found by the bench -------------------------------------------------------------------------------


def run_ends_while_nothing_can_be_removed(trial: Trial) -> None:
    """The run was forgotten with its boot unit left, and with the folder times that nobody knew of any more."""
    trial.brought("hold", "apply", "restore")
    with damage.read_only(trial.sight, "/etc"):
        status, said = trial.sight.guard("disarm", trial.plan.run)
        if status != 73 or "reason" not in trial.sight.guard("status")[1]:
            raise Dirty(f"{status}: {said}")
    trial.struck()


def power_cut_as_traces_are_removed(trial: Trial) -> None:
    """The boot unit went before the run had ended, and nobody was left to end it."""
    trial.brought("hold", "apply", "restore")
    with damage.read_only(trial.sight, "/etc"):
        trial.sight.guard("disarm", trial.plan.run)
        # With a tick amid its work the boot unit may go as the power does, and the rest is left to the next run.
        trial.sight.sh("systemctl stop modbisect-deputy.service modbisect-guard.timer")
        trial.sight.call("systemctl", "stop", "modbisect-guard.service")
    trial.cut()
    trial.reboot()
    trial.struck()
    if not wait(lambda: not trial.sight.traces(), 10):
        raise Dirty(f"behind a boot there are still {trial.sight.traces()}")


def sessions_that_nobody_ends(trial: Trial) -> None:
    """A controller that lost its network for good left them waiting for its next word."""
    trial.plan = replace(trial.plan, lease=2)
    trial.brought("hold")
    sessions = [
        subprocess.Popen(into(trial.host.pid or 0, [GUARD, *words]), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for words in (("keep", trial.plan.run, "2"), ("serve", trial.plan.run))
    ]
    for verb in ("restore", "disarm"):
        trial.sight.call(*trial.call(verb)[0])
    trial.struck()
    if not wait(lambda: all(one.poll() is not None for one in sessions), 20):
        raise Dirty("a session outlives its run")
    trial.struck()


def room_that_cannot_be_set_aside(trial: Trial) -> None:
    """The guard stumbled over what it wanted to say, and left its snapshot behind."""
    trial.install()
    argv, stdin = trial.call("hold")
    with damage.no_folder(trial.sight, "spare"):
        status, said = trial.sight.call(*argv, stdin=stdin)
        if status != 73 or "no room" not in said or trial.sight.state() != "NONE":
            raise Dirty(f"{status}: {said}")
    trial.struck()


def note_of_an_earlier_run_that_stays(trial: Trial) -> None:
    """A run that had ended was said not to have, with a status that stands nowhere."""
    trial.brought("hold", "apply", "restore")
    trial.sight.sh("mkdir /run/modbisect/last")
    status, said = trial.sight.guard("disarm", trial.plan.run)
    trial.sight.sh("rmdir /run/modbisect/last")
    if (status, trial.sight.state()) != (0, "NONE"):
        raise Dirty(f"{status}: {said}")
    trial.struck()


def watch_that_cannot_be_stopped(trial: Trial) -> None:
    """Its script was removed nevertheless, so that it failed once a second for ever."""
    trial.brought("hold", "apply", "restore")
    with damage.no_stopping(trial.sight):
        trial.sight.guard("disarm", trial.plan.run)
        if not trial.sight.path(GUARD).exists():
            raise Dirty("the watch still ticks, and what it calls is gone")
    trial.struck()


@pytest.mark.lab
@pytest.mark.parametrize(
    "act",
    [
        run_ends_while_nothing_can_be_removed,
        power_cut_as_traces_are_removed,
        sessions_that_nobody_ends,
        room_that_cannot_be_set_aside,
        note_of_an_earlier_run_that_stays,
        watch_that_cannot_be_stopped,
    ],
)
def test_what_the_bench_has_found(bench: Bench, act: Callable[[Trial], None]) -> None:
    assert bench.play(act.__name__, act, 1).failure == ""


@pytest.mark.lab
def test_a_session_that_ends_as_it_is_opened(bench: Bench) -> None:
    assert bench.play("sshd killed", ACTS["sshd killed"], 0).failure == ""


def test_each_pair_of_parts_comes_once_and_has_its_place_in_the_table() -> None:
    (fault,) = (fault for fault in FAULTS if fault.name == pairs.NAME)
    seeds = [seed for _, seed in islice(deck([fault], None, {}), len(pairs.PAIRS))]
    assert sorted(seed % len(pairs.PAIRS) for seed in seeds) == list(range(21))
    played = [
        replace(RESULT, fault=pairs.NAME, step="controller + power", seconds=0.5),
        replace(RESULT, fault=pairs.NAME, step="controller + power", seconds=1.25),
        replace(RESULT, fault=pairs.NAME, step="keep + timer", failure="not put back"),
        replace(RESULT, fault=pairs.NAME, step="keep + timer"),
        RESULT,
    ]
    rows = pairs.table(played).splitlines()
    assert rows[0] == "|  | network | keep | timer | tick | disk | power |"
    assert rows[2] == "| controller |  |  |  |  |  | 1.2 s |"
    assert rows[4] == "| keep |  |  | FAILED |  |  |  |"


# --- the bench itself ---------------------------------------------------------------------------------


@pytest.mark.lab
def test_a_server_that_is_restarted_again_and_again_is_seen(bench: Bench) -> None:
    def restless(trial: Trial) -> None:
        trial.by_itself = True
        trial.struck()
        for _ in range(4):
            trial.count_servers()
            trial.sight.sh("systemctl reset-failed apache2; systemctl restart apache2")
            wait(trial.sight.server, 5)
        trial.count_servers()

    assert "again and again" in bench.play("restless", restless, 0).failure


@pytest.mark.lab
def test_a_wait_is_ended_where_one_is_written_down_and_nowhere_else(bench: Bench) -> None:
    def waiting(trial: Trial) -> None:
        trial.sight.sh("mkdir -p -m 700 /run/modbisect")
        retry = trial.sight.path("/run/modbisect/retry")
        up = int(float(Path("/proc/uptime").read_text().split()[0]))
        for text, hastened in ((f"{up + 40} 40\n", 1), ("", 0), ("x\n", 0), (f"{up} 40\n", 0), (f"{up + 99} 40\n", 0)):
            retry.write_text(text)
            if trial.hasten() != hastened or (hastened and int(retry.read_text().split()[0]) > up + 20):
                raise Dirty(f"{text!r} became {retry.read_text()!r}")
        retry.unlink()
        trial.struck()

    assert bench.play("waiting", waiting, 0).failure == ""


@pytest.mark.lab
def test_a_dirty_host_is_seen(bench: Bench) -> None:
    def dirty(trial: Trial) -> None:
        trial.struck()
        trial.sight.sh("echo >>/etc/apache2/apache2.conf")

    assert "files differ" in bench.play("dirty", dirty, 0).failure
    assert bench.play("nothing", ACTS["nothing"], 1).failure == ""  # on a new host


def test_every_step_comes_once_before_any_comes_twice() -> None:
    counts = {verb: ["execve", "pipe", "open"] for verb in VERBS}
    (fault,) = (fault for fault in FAULTS if fault.act is on_steps.guard_killed_at_a_step)
    every = on_steps.guard_steps(counts)
    assert len(set(every)) == 2 * len(VERBS)
    assert sorted(seed for _, seed in islice(deck([fault], None, counts), len(every))) == sorted(every)


def test_a_step_that_a_trials_own_plan_never_comes_to_is_struck_with_the_plan_that_was_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Plan] = []
    monkeypatch.setattr(on_steps, "_at_a_step", lambda trial, _: seen.append(trial.plan))
    for at in (0, 40):
        trial = SimpleNamespace(seed=at * len(VERBS) + 1)
        on_steps.guard_killed_at_a_counted_step(trial)  # type: ignore[arg-type]
    assert seen == [Plan.drawn(dice_of(on_steps.COUNTING, 1))] * 2


def test_a_seed_given_is_the_first() -> None:
    cards = deck([fault for fault in FAULTS if fault.name == "nothing"], 7, {})
    assert [seed for _, seed in islice(cards, 3)] == [7, 8, 9]


def test_the_totals() -> None:
    results = [
        replace(RESULT, injection="hold open 1"),
        replace(RESULT, seed=2, injection="hold open 2", cuts=3, seconds=4.5),
        replace(RESULT, seed=3, injection="hold open 1", failure="dirty"),
    ]
    total = Summary.of(results, 6.0, "x", frozenset({1, 2, 5}))
    assert (total.injections, total.boundaries, total.of_boundaries, total.cuts) == (2, 2, 3, 3)
    assert (total.total.trials, total.total.restored, total.total.failed_seeds) == (3, 2, [3])
    assert (total.total.slowest_seconds, total.total.lease_seconds) == (4.5, 2)
