"""A coin or a culprit: what the trials say, and how much of it."""

import math
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.search.chance import BEYOND, Seen, beyond_chance, slow_beside

_BITS = st.lists(st.booleans(), min_size=4, max_size=60)


def _trials(predicted: list[bool], slow: list[bool]) -> list[Seen]:
    return [Seen(one, float(other)) for one, other in zip(predicted, slow, strict=True)]


def test_a_culprit_that_foretold_twelve_restarts_is_beyond_chance() -> None:
    both = [True, False] * 6
    assert beyond_chance(_trials(both, both), 1, 32) > BEYOND


def test_a_pair_that_foretold_six_restarts_is_not() -> None:
    both = [True, False, False] * 2
    assert beyond_chance(_trials(both, both), 2, 32) < BEYOND


def test_of_a_pair_whose_one_member_a_look_has_seen_less_is_to_be_shown() -> None:
    both = [True, False, False] * 4
    assert beyond_chance(_trials(both, both), 2, 100) < BEYOND
    assert beyond_chance(_trials(both, both), 2, 100, [0.9, 0.0]) > BEYOND


@given(_BITS, st.integers(2, 100), st.lists(st.floats(0, 1), max_size=2))
def test_a_look_never_speaks_against_a_set(slow: list[bool], suspects: int, at_work: list[float]) -> None:
    trials = _trials(slow, slow)
    assert beyond_chance(trials, 2, suspects, at_work) >= beyond_chance(trials, 2, suspects) - 1e-9


def test_nothing_foretold_is_chance() -> None:
    predicted, slow = [True, False] * 20, [True, True, False, False] * 10
    assert beyond_chance(_trials(predicted, slow), 1, 32) < 0


def test_restarts_that_are_neither_slow_nor_fast_say_nothing() -> None:
    unclear = [Seen(predicted, 0.5) for predicted in (True, False) for _ in range(20)]
    assert beyond_chance(unclear, 1, 32) == pytest.approx(-math.log(32))


@given(_BITS, st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(slow: list[bool], random: object) -> None:
    trials = _trials([not one for one in slow[:2]] + slow[2:], slow)
    mixed = list(trials)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert beyond_chance(mixed, 1, 8) == pytest.approx(beyond_chance(trials, 1, 8))


@given(_BITS, st.integers(2, 100))
def test_a_larger_set_among_as_many_has_more_to_show(slow: list[bool], suspects: int) -> None:
    trials = _trials(slow, slow)
    assert beyond_chance(trials, 1, suspects) > beyond_chance(trials, 2, max(3, suspects))


@given(st.integers(4, 40))
def test_a_restart_that_a_set_foretold_never_speaks_against_it(count: int) -> None:
    before = list(repeat(Seen(predicted=True, slow=1.0), count)) + list(repeat(Seen(predicted=False, slow=0.0), count))
    after = [*before, Seen(predicted=True, slow=1.0)]
    assert beyond_chance(after, 1, 32) > beyond_chance(before, 1, 32)


@given(st.floats(0.1, 5), st.floats(0.001, 1), st.floats(-5, 10), st.floats(0, 5))
def test_the_higher_the_slower(cost: float, variance: float, above: float, more: float) -> None:
    assert 0 <= slow_beside(above, cost, variance) <= slow_beside(above + more, cost, variance) <= 1
    assert slow_beside(cost / 2, cost, variance) == pytest.approx(0.5)


def test_what_was_cut_off_is_slow() -> None:
    assert slow_beside(math.inf, 0.7, 0.02) > 0.99
