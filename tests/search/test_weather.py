"""A stretch of restarts that were slow for another reason is seen, and set aside; nothing else is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from worldtext import world

from few import few
from modbisect.model import Configuration, Measurement, Request
from modbisect.search import Problem
from modbisect.search.bayesian import bayes
from modbisect.search.bayesian.posterior import Posterior
from modbisect.search.bayesian.rows import Rows
from modbisect.search.bayesian.stretch import stretch
from modbisect.search.bench import Bench
from modbisect.search.feasible import Feasible

_SPELL = "components: 24\nfactors: c07 2\nnoise: 0.05\nrequest-noise: 0.3\n"


def _rows(seed: int, trials: int, *, culprit: float, slowed: range, factor: float) -> Rows:
    """Half of 16 components flipped at random, the first trial with all."""
    random = np.random.default_rng(seed)
    z = (random.random((trials, 16)) < 0.5).astype(np.float64)
    z[0] = 0.0
    y = math.log(0.2) + math.log(culprit) * z[:, 3] + random.normal(0, 0.08, trials)
    y[slowed.start : slowed.stop] += math.log(factor)
    return Rows(z, y, np.full(trials, 0.01), np.linspace(0, 1, trials))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("slowed", [range(4, 8), range(9, 14), range(3)])
def test_a_stretch_is_told_from_a_culprit(seed: int, slowed: range) -> None:
    rows = _rows(seed, 14, culprit=2.0, slowed=slowed, factor=4.0)
    seen = stretch(Posterior(rows, math.log(1.5)))
    assert seen.probability > 0.95
    assert [at for at, share in enumerate(seen.of_row) if share > 0.5] == list(slowed)


@pytest.mark.parametrize("seed", range(20))
def test_a_steady_site_has_none(seed: int) -> None:
    rows = _rows(seed, 14, culprit=4.0, slowed=range(0), factor=1.0)
    assert stretch(Posterior(rows, math.log(1.5))).probability < 0.5


def test_too_few_trials_tell_nothing() -> None:
    rows = _rows(1, 3, culprit=4.0, slowed=range(0), factor=1.0)
    seen = stretch(Posterior(rows, math.log(1.5)))
    assert (seen.probability, seen.of_row.tolist()) == (0.0, [0.0, 0.0, 0.0])


@pytest.mark.parametrize("begins", few(range(1, 14), 5))
def test_whenever_it_happens_the_culprit_is_named(begins: int) -> None:
    site = world(f"{_SPELL}spell: {begins} {begins + 4} 4")
    conclusion, _ = site.run(bayes)
    assert [finding.components for finding in conclusion.findings] == [("c07",)]


def test_what_is_set_aside_is_told() -> None:
    conclusion, trials = world(f"{_SPELL}spell: 5 10 3").run(bayes)
    assert f"of {len(trials)} trials were not counted" in conclusion.warnings[-1]


def test_set_aside_trials_can_count_again() -> None:
    site = world("components: 3\nslow: c01")
    problem: Problem = site.problem()
    bench = Bench(problem, Feasible(problem.components))
    flips = frozenset({"c01"})
    talk = bench.ask(flips, "one")
    next(talk)
    with pytest.raises(StopIteration):
        talk.send(Measurement(Configuration(flips), (Request("page", 0.2, status=200),)))
    bench.set_aside(frozenset({1}))
    assert (bench.trials, bench.seen, bench.levels(flips), bench.served) == ([], {}, (), {flips})
    bench.set_aside(frozenset())
    assert len(bench.trials) == len(bench.seen[flips]) == len(bench.levels(flips)) == 1
