from __future__ import annotations

import math
from random import Random

import pytest

from modbisect.judging.history import FEWEST, Trend, compare


def run(random: Random, seconds: float, noise: float) -> float:
    return seconds * math.exp(random.gauss(0, noise))


def ask(history: list[float], random: Random, seconds: float, noise: float) -> Trend:
    """As a canary does: one window more when unsure."""
    now = [run(random, seconds, noise)]
    trend = compare(history, now, 1.5, 0.02).trend
    if trend is Trend.UNSURE:
        now.append(run(random, seconds, noise))
        trend = compare(history, now, 1.5, 0.02).trend
    history.append(now[0])
    return trend


@pytest.mark.parametrize("noise", [0.1, 0.15, 0.2])
def test_quiet_months_raise_hardly_an_alarm(noise: float) -> None:
    months = 300
    alarmed = 0
    for seed in range(months):
        random = Random(seed)  # noqa: S311  a seeded site, no secret
        history: list[float] = []
        trends = [ask(history, random, 0.3, noise) for _ in range(30)]
        assert trends[:FEWEST] == [Trend.LEARNING] * FEWEST
        alarmed += Trend.SLOWER in trends
    print(f"noise {noise}: {alarmed} of {months} quiet months with an alarm")  # noqa: T201  figures for pytest -rP
    assert alarmed <= 0.02 * months


@pytest.mark.parametrize("noise", [0.1, 0.15])
def test_three_times_slower_is_noticed(noise: float) -> None:
    noticed = 0
    for seed in range(200):
        random = Random(seed)  # noqa: S311  a seeded site, no secret
        history = [run(random, 0.3, noise) for _ in range(20)]
        noticed += ask(history, random, 0.9, noise) is Trend.SLOWER
    assert noticed >= 180


def test_faster_is_no_alarm() -> None:
    assert compare([1.0, 1.02, 0.98, 1.0, 1.01], [0.3], 1.5, 0.02).trend is Trend.FASTER


def test_a_regression_shows_in_every_window() -> None:
    history = [1.0, 1.02, 0.98, 1.0, 1.01, 0.99]
    assert compare(history, [3.0], 1.5, 0.02).trend is Trend.SLOWER
    assert compare(history, [3.0, 1.0], 1.5, 0.02).trend is Trend.UNSURE


def test_milliseconds_do_not_matter() -> None:
    assert compare([0.002] * 8, [0.01], 1.5, 0.02).trend is Trend.STEADY


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        compare([1.0], [], 1.5, 0.02)
