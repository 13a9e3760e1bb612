"""The Bayesian strategy: right or open whatever the site is, calibrated, and no burden to those who do not use it."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from test_random_worlds import held, worlds
from worldtext import World, world

from few import few
from modbisect.model import AS_FOUND, Ask, Configuration, Measurement, Outcome, Request
from modbisect.search import Flips, rehearse
from modbisect.search.bayesian import bayes
from modbisect.search.bayesian.design import enough
from modbisect.search.bayesian.posterior import Posterior
from modbisect.search.bayesian.rows import Rows, location, rows


@examples(15)
@given(worlds())
def test_bayes_never_accuses_wrongly(case: tuple[World, list[Flips]]) -> None:
    site, culprits = case
    conclusion, trials = site.run(bayes)
    assert len(trials) <= site.problem().budget
    fixed = {one.id for one in site.components if one.pinned} | {one.component for one in conclusion.untestable}
    for finding in conclusion.findings:
        accused = frozenset(finding.components)
        indistinct = fixed | held(site, accused) | set(finding.also_flipped)
        assert any(accused <= one <= accused | indistinct for one in culprits), conclusion
    if conclusion.outcome is Outcome.NONE:
        assert not culprits or any(one <= fixed for one in culprits), conclusion


@examples(10)
@given(worlds())
def test_bayes_asks_the_same_again(case: tuple[World, list[Flips]]) -> None:
    site, _ = case
    assert site.run(bayes) == site.run(bayes)


@examples(15)
@given(st.integers(1, 5), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.1, 0.4]))
def test_bayes_comes_to_an_end_on_nonsense(size: int, random: Random, breaking: float) -> None:
    problem = world(f"components: {size}\nslow: c01\nmax-trials: 20").problem()

    def site(ask: Ask) -> Measurement:
        if random.random() < breaking:
            return Measurement(ask.configuration, broken=random.choice(["", "status 500"]))
        seconds = 10 ** random.uniform(-2, 2)
        window = (Request("page", min(seconds, ask.cap), censored=seconds > ask.cap),) * ask.requests
        return Measurement(ask.configuration, window)

    conclusion, trials = rehearse(problem, bayes, site)
    assert len(trials) <= problem.budget
    assert conclusion.reason


SLOW = {
    "single": ("slow: c07\nslowdown: 2", {("c07",)}),
    "huge": ("slow: c07\nslowdown: 100", {("c07",)}),
    "together": ("slow: c03 and c11\nslowdown: 2.5", {("c03", "c11")}),
    "two": ("factors: c03 2, c11 3", {("c03",), ("c11",)}),
    "either suffices": ("slow: c03 or c11\nslowdown: 4", {("c03",), ("c11",)}),
    "off in production": ("off-in-production: c07\nslow: c07\nslowdown: 3", {("c07",)}),
    "nothing": ("slow: always", set()),
}


@pytest.mark.parametrize("name", SLOW)
def test_bayes_is_calibrated(name: str) -> None:
    lines, truth = SLOW[name]
    right = 0
    seeds = few(range(4), 2)
    for seed in seeds:
        site = world(f"components: 12\nnoise: 0.1\nrequest-noise: 0.45\nseed: {seed}\n{lines}")
        conclusion, _ = site.run(bayes)
        accused = {one.components for one in conclusion.findings}
        assert accused <= truth, conclusion
        assert accused == truth or conclusion.outcome is Outcome.INCONCLUSIVE, conclusion
        right += accused == truth
    assert right >= len(seeds) - 1


def test_bayes_ranks_what_is_left_when_the_budget_is_spent() -> None:
    site = world("components: 16\nslow: c05\nslowdown: 2\nnoise: 0.1\nrequest-noise: 0.45\nmax-trials: 7")
    conclusion, trials = site.run(bayes)
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert len(trials) == 7
    assert "c05" in conclusion.suspects_left[:6]


def test_what_is_four_together_is_found_by_halving() -> None:
    conclusion, _ = world("components: 12\nslow: c02 and c05 and c07 and c11").run(bayes)
    assert [one.components for one in conclusion.findings] == [("c02", "c05", "c07", "c11")]


def test_an_undeclared_dependency_is_searched_around() -> None:
    conclusion, _ = world("components: 16\nslow: c05\nneeds: c03 -> c09, c05 -> c12").run(bayes)
    assert [one.components for one in conclusion.findings] == [("c05",)]


# --- the decoder ----------------------------------------------------------------------------------


def drawn(random: np.random.Generator, count: int, restarts: int, luck: float) -> Rows:
    z = random.integers(0, 2, (restarts, count)).astype(float)
    z[0], z[1] = 1.0, 0.0
    v = np.full(restarts, 0.015)
    y = random.normal(0, np.sqrt(luck**2 + v))
    return Rows(z, y, v, np.linspace(0, 1, restarts))


@pytest.mark.parametrize("luck", [0.05, 0.1, 0.3])
def test_what_the_posterior_is_sure_of_is_so(luck: float) -> None:
    random = np.random.default_rng(5)
    sure = wrong = 0
    for _ in range(60):
        seen = drawn(random, 10, 24, luck)
        truth = tuple(sorted(random.choice(10, random.integers(0, 3), replace=False).tolist()))
        y = seen.y + sum(0.7 * seen.z[:, one] for one in truth)
        members, probability = Posterior(Rows(seen.z, y, seen.v, seen.t), 0.4).sets[0]
        if probability > 0.97:
            sure += 1
            wrong += members != truth
    assert wrong <= 1 + 0.03 * sure


def test_the_posterior_is_one_and_says_how_lucky_restarts_are() -> None:
    seen = drawn(np.random.default_rng(2), 6, 40, 0.35)
    posterior = Posterior(seen, 0.4)
    assert sum(one.probability for one in posterior.beliefs) == pytest.approx(1.0)
    assert sum(posterior.luck) == pytest.approx(1.0)
    assert posterior.variance == pytest.approx(0.35**2, rel=0.5)


def test_what_needs_the_other_makes_no_pair_with_it() -> None:
    seen = drawn(np.random.default_rng(3), 4, 12, 0.1)
    together = [one for one in Posterior(seen, 0.4, frozenset({(0, 1)})).beliefs if one.members == (0, 1)]
    assert {one.form for one in together} == {"two"}


def window(flips: set[str], seconds: float, *, cap: float = 9.0, count: int = 5) -> tuple[Flips, Measurement]:
    request = Request("page", min(seconds, cap), censored=seconds > cap)
    return frozenset(flips), Measurement(Configuration(frozenset(flips)), (request,) * count)


def test_rows_are_cut_at_the_lowest_cap() -> None:
    trials = [window(set(), 20.0, cap=6.0), window({"a"}, 8.0), window({"a", "b"}, 0.5), window({"z"}, 0.5)]
    trials.append((frozenset({"b"}), Measurement(Configuration(frozenset({"b"})), broken="status 500")))
    seen = rows(trials, {"a": 0, "b": 1})
    assert seen.z.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert np.exp(seen.y).tolist() == pytest.approx([6.0, 6.0, 0.5])
    assert seen.t.tolist() == [0.0, 0.25, 0.5]


@pytest.mark.parametrize("gap", [0.3, 0.7, 2.0])
def test_a_window_that_ends_early_is_rarely_at_the_wrong_level(gap: float) -> None:
    random, luck, scatter, nats, most = np.random.default_rng(4), 0.1, 0.45, 3.0, 200
    clear = enough([0.0, gap], luck**2, scatter**2, nats)
    assert clear
    wrong, asked = 0, []
    for turn in range(600):
        here = gap * (turn % 2) + random.normal(0, luck)
        seconds = np.exp(here + random.normal(0, scatter, most)).tolist()
        count = next((one for one in range(1, most) if clear.is_clear(seconds[:one])), most)
        asked.append(count)
        wrong += (np.log(np.median(seconds[:count])) > gap / 2) != turn % 2
    assert wrong <= 2 * np.exp(-nats) * len(asked)
    assert min(asked) >= 4
    assert np.mean(asked) < {0.3: 60, 0.7: 12, 2.0: 5}[gap]


def test_between_three_levels_both_limits_have_to_be_clear() -> None:
    clear = enough([0.0, 2.0, 1.0], 0.01, 0.2, 4.0)
    assert clear
    assert [round(one.log_seconds, 6) for one in clear.limits] == [0.5, 1.5]
    windows = [[float(np.exp(level))] * 20 for level in (0.0, 0.5, 1.0, 1.5, 2.0)]
    assert [clear.is_clear(window) for window in windows] == [True, False] * 2 + [True]
    assert enough([1.0], 0.01, 0.2, 4.0) is None


def test_a_tail_hardly_moves_the_level() -> None:
    requests = [Request("page", seconds) for seconds in (0.2, 0.21, 0.19, 0.2, 30.0)]
    assert location(Measurement(AS_FOUND, tuple(requests))) < np.log(0.3)


def test_importing_the_search_does_not_load_numpy() -> None:
    code = "import sys, modbisect.search, modbisect.search.bayesian; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
