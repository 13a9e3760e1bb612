"""The benchmark of the search: its sites, its peers and its table, on a small scale."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2] / "benchmarks" / "search"))

import compare
from bound import bound, capacity
from contest import interval, play
from noise import STILL, STRANGE, USUAL, Noise, Weather
from peers import MISSING, PEERS, Setting
from rows import Rows
from sites import CASES, FAST, Case, Server, simulate

BY_NAME = {one.name: one for one in CASES}
KNOWS_SETS = ("ddmin", "go-bisect", "halves+omp")


def best(name: str) -> Setting:
    return max((one for one in PEERS[name].grid if one.capped), key=lambda one: one.seconds(2.0, FAST))


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("case", ["x2", "off", "infeasible", "nothing"])
def test_each_peer_is_right_where_there_is_no_noise(name: str, case: str) -> None:
    run = play(replace(BY_NAME[case], noise=STILL), 8, name, best(name), 1)
    assert run.right
    assert not run.wrong
    assert run.restarts > 0


@pytest.mark.parametrize("name", KNOWS_SETS)
def test_peers_that_know_sets_find_a_pair(name: str) -> None:
    setting = next(one for one in reversed(PEERS[name].grid) if one.capped and one.variant in {"", "pairs"})
    assert play(replace(BY_NAME["together"], noise=STILL), 8, name, setting, 1).right


def test_halving_names_one_of_a_pair_which_is_neither_right_nor_wrong() -> None:
    run = play(replace(BY_NAME["together"], noise=STILL), 8, "halving", best("halving"), 1)
    assert run.settled
    assert not run.right
    assert not run.wrong


def test_those_without_their_package_are_named() -> None:
    assert set(MISSING) <= {"git-bayesect", "mlbisect"}
    assert not set(MISSING) & set(PEERS)


@settings(max_examples=60)
@given(st.sampled_from(CASES), st.integers(8, 40), st.integers(0, 10**6))
def test_a_site_can_be_cured_by_flipping_its_culprits(case: Case, size: int, number: int) -> None:
    site = simulate(case, size, number)
    culprits = frozenset().union(*site.truth)
    flips = site.feasible.close(culprits)
    assert flips is not None
    assert not site.broken(flips)
    assert site.latency(flips) == pytest.approx(case.fast)
    assert (site.latency(frozenset()) > case.fast) == bool(culprits)
    for one in site.essential:
        assert site.broken(site.feasible.close({one}) or frozenset())


def test_the_same_world_answers_the_same() -> None:
    case = BY_NAME["together/busy"]
    first, second = (Server(simulate(case, 8, 5)) for _ in range(2))
    assert first.problem == second.problem
    assert all(np.array_equal(first.window(frozenset(), 9), second.window(frozenset(), 9)) for _ in range(20))
    assert not np.array_equal(first.window(frozenset(), 9), first.window(frozenset(), 9))


def test_a_window_ends_when_it_is_cut_off_and_the_time_is_counted() -> None:
    server = Server(simulate(replace(BY_NAME["x100"], noise=STILL), 8, 1))
    before = server.seconds
    seen = server.window(frozenset(), 30, 12 * FAST)
    assert seen is not None
    assert seen.tolist() == [12 * FAST] * 2
    assert server.seconds - before == pytest.approx(1.0 + 2 * 12 * FAST)


@pytest.mark.parametrize("noise", [USUAL, *STRANGE.values()], ids=lambda one: one.name or "usual")
def test_weather_is_what_it_says(noise: Noise) -> None:
    runs = [Weather(noise, np.random.default_rng(seed)) for seed in range(200)]
    off = np.array([[run.restart() for _ in range(60)] for run in runs])
    steady = off[:, 40:]
    expected = noise.luck**2
    expected += 0.25 * 0.75 * np.log(noise.busy) ** 2
    expected += noise.fickle[0] * (1 - noise.fickle[0]) * np.log(noise.fickle[1]) ** 2
    expected += np.log(noise.moved) ** 2 if noise.moved != 1 else noise.drift**2
    assert np.var(steady) == pytest.approx(expected, rel=0.25)
    if noise.memory:
        assert np.corrcoef(steady[:, :-1].ravel(), steady[:, 1:].ravel())[0, 1] > 0.6
    if noise.cold != 1:
        assert np.mean(off[:, 0]) > 0.3
        assert np.median(runs[0].requests(5)) > 0.5


def test_the_bound_is_that_of_theory() -> None:
    assert capacity([0.0, 10.0], 0.1) == pytest.approx(1.0)
    assert capacity([0.0, 0.01], 1.0) < 1e-3
    assert [round(one) for one in bound(BY_NAME["x2"], 32)] == [5, 6]
    assert [round(one) for one in bound(BY_NAME["nothing"], 32)] == [2, 6]
    assert bound(BY_NAME["together"], 128)[0] > bound(BY_NAME["together"], 32)[0] > bound(BY_NAME["x2"], 32)[0]


def test_wilsons_interval() -> None:
    assert interval(0, 300)[1] == pytest.approx(0.0126, abs=1e-4)
    assert interval(30, 30) == pytest.approx((0.8865, 1.0), abs=1e-4)


@pytest.mark.parametrize("name", ["bisect", "halving"])
def test_a_row_does_not_depend_on_jobs(name: str) -> None:
    setting = best(name) if name in PEERS else None
    one, two = (Rows(4, 4, 1000, jobs).get(BY_NAME["x2"], 8, name, setting) for jobs in (1, 2))
    assert replace(one, processor=0.0) == replace(two, processor=0.0)


def test_a_setting_without_hope_is_given_up_and_played_again_for_who_asks_less() -> None:
    rows = Rows(20, 20, 1000, 1)
    one = rows.get(BY_NAME["together"], 8, "halving", best("halving"), lambda seen: seen.share < 1)
    assert (one.right, one.of) == (0, 10)
    assert rows.get(BY_NAME["together"], 8, "halving", best("halving")).of == 20


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, compare.__file__, "--worlds", "2", "--sizes", "8", "--jobs", "1", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_the_table_is_printed_and_what_is_kept_is_not_played_again(tmp_path: Path) -> None:
    options = ("--only", "x2", "nothing", "--strategies", "bisect", "halving", "--json", str(tmp_path / "rows.jsonl"))
    first, again = run(*options), run(*options)
    table = first.stdout.splitlines()
    head = next(at for at, line in enumerate(table) if line.startswith("case"))
    assert [line.split()[:2] for line in table[head + 1 : head + 5]] == [["x2", "8"]] * 2 + [["nothing", "8"]] * 2
    assert any("one culprit x1.5" in line for line in table)
    assert table[-1].startswith("bisect, noise as assumed: of ")
    assert first.stderr
    assert again.stdout == first.stdout
    assert all(line.startswith("left out") for line in again.stderr.splitlines()), again.stderr


def test_a_case_that_is_not_there_is_told_of() -> None:
    with pytest.raises(SystemExit, match="no case is called x3; there are x2, x100"):
        compare.wanted(["x3"])
