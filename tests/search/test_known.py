"""Who is proven to be to blame does not wait without end for who else takes part."""

from __future__ import annotations

import pytest
from worldtext import world

from few import few
from modbisect.model import Outcome
from modbisect.search.bayesian import bayes

SITE = "components: 24\nnoise: 0.15\nrequest-noise: 0.45\nseed: {}\nfactors: {}\n"


@pytest.mark.parametrize("seed", few(range(3), 1))
@pytest.mark.parametrize("factors", ["c05 5, c11 1.45", "c05 8, c11 1.5"])
def test_a_small_second_culprit_holds_up_nothing(factors: str, seed: int) -> None:
    """Weighing whether the second one matters took the whole budget: 274 trials, and nobody was named."""
    conclusion, trials = world(SITE.format(seed, factors)).run(bayes)
    assert conclusion.outcome is Outcome.FOUND
    assert ("c05",) in {finding.components for finding in conclusion.findings}
    assert {finding.components for finding in conclusion.findings} <= {("c05",), ("c11",)}
    assert len(trials) < 60


@pytest.mark.parametrize("seed", few(range(3), 2))
def test_a_second_one_that_matters_is_named_as_well(seed: int) -> None:
    conclusion, _ = world(SITE.format(seed, "c05 4, c11 2")).run(bayes)
    assert {finding.components for finding in conclusion.findings} == {("c05",), ("c11",)}


def test_what_is_proven_is_named_where_the_budget_ends() -> None:
    conclusion, trials = world(SITE.format(0, "c05 5, c11 1.45") + "max-trials: 20\n").run(bayes)
    assert len(trials) == 20
    assert [finding.components for finding in conclusion.findings] == [("c05",)]
    assert "whether others take part is not known" in conclusion.warnings[-1]
