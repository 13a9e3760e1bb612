from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.judging import Judge, Level, Noise, cap, combine, difference, effect, level, pooled, requests
from modbisect.judging.noise import quantile
from modbisect.model import AS_FOUND, Enough, Measure, Measurement, Memory, Request, Symptom, Verdict

SYMPTOM = Symptom("page")
SECONDS = st.floats(0.001, 100)


def measured(*seconds: float, capped: int = 0) -> Measurement:
    return Measurement(
        AS_FOUND,
        tuple(Request("page", value, censored=index < capped) for index, value in enumerate(seconds)),
    )


def at(seconds: float, *, censored: bool = False) -> Level:
    return Level(math.log(seconds), 0.005, censored)


def test_a_level_is_the_median_and_shrugs_off_a_hiccup() -> None:
    assert level(measured(0.2, 0.21, 0.19, 0.2, 30.0)).seconds == pytest.approx(0.2)


def test_a_level_is_a_lower_bound_when_most_were_cut_off() -> None:
    assert level(measured(2, 2, 1, capped=2)).censored
    assert not level(measured(2, 1, 1, capped=1)).censored


def test_the_tail_is_the_slowest_tenth() -> None:
    seen = replace(measured(*[0.01] * 95, *[0.2] * 5), measure=Measure.TAIL)
    assert level(seen).seconds == pytest.approx(0.105)
    assert level(replace(seen, measure=Measure.LATENCY)).seconds == pytest.approx(0.01)
    assert level(seen).measure is Measure.TAIL


def test_memory_is_that_of_the_largest_worker_in_gib() -> None:
    seen = replace(measured(0.2), measure=Measure.MEMORY)
    with pytest.raises(ValueError, match="without memory"):
        level(seen)
    large, small = (level(replace(seen, memory=Memory(peak << 20, peak << 19, 5))) for peak in (48, 24))
    assert large.seconds == pytest.approx(48 / 1024)
    said = effect([large], [small], Noise())
    assert said.measure is Measure.MEMORY
    assert said.ratio == pytest.approx(2)


def test_an_empty_window_has_no_level() -> None:
    with pytest.raises(ValueError, match="without requests"):
        level(Measurement(AS_FOUND))


@given(st.lists(SECONDS, min_size=2, max_size=6))
def test_more_restarts_never_know_less(seconds: list[float]) -> None:
    noise = Noise()
    levels = [at(one) for one in seconds]
    assert noise.margin(0.99, combine(levels)) <= noise.margin(0.99, levels[0])


@given(st.lists(st.lists(SECONDS, min_size=2, max_size=4), max_size=4))
def test_repetition_teaches_the_noise(groups: list[list[float]]) -> None:
    noise = pooled([[at(one) for one in group] for group in groups])
    assert noise.df == 4 + sum(len(group) - 1 for group in groups)
    assert noise.sd > 0


@pytest.mark.parametrize(("probability", "df", "value"), [(0.975, 4, 2.776), (0.995, 10, 3.169), (0.995, 4, 4.604)])
def test_students_quantiles(probability: float, df: float, value: float) -> None:
    assert quantile(probability, df) == pytest.approx(value, rel=0.02)


def test_both_the_factor_and_the_seconds_have_to_be_exceeded() -> None:
    sure = Noise(0.001, 50)
    symptom = Symptom("page", ratio=1.5, at_least=0.1)
    exact = [Level(math.log(value), 1e-9) for value in (0.01, 0.03, 1.0, 1.2, 1.7)]
    assert difference(exact[1], exact[0], sure, symptom) is Verdict.FAST
    assert difference(exact[3], exact[2], sure, symptom) is Verdict.FAST
    assert difference(exact[4], exact[2], sure, symptom) is Verdict.SLOW


@given(SECONDS, SECONDS)
def test_nothing_is_slower_both_ways(one: float, other: float) -> None:
    both = {
        difference(at(one), at(other), Noise(), SYMPTOM),
        difference(at(other), at(one), Noise(), SYMPTOM),
    }
    assert both != {Verdict.SLOW}


def test_a_cut_off_control_proves_nothing_fast() -> None:
    assert difference(at(20), at(1, censored=True), Noise(), SYMPTOM) is Verdict.UNSURE


def test_a_judge_sorts_between_its_controls() -> None:
    judge = Judge(at(20, censored=True), at(0.2), Noise(), SYMPTOM)
    assert judge.verdict([measured(0.22, 0.2, 0.21, 0.2, 0.2, 0.19, 0.2)]) is Verdict.FAST
    assert judge.verdict([measured(2.4, 2.4, capped=2)]) is Verdict.SLOW
    assert judge.verdict([measured(0.3, 0.3, capped=2)]) is Verdict.UNSURE
    assert judge.verdict([measured(0.2), Measurement(AS_FOUND, broken="status 500")]) is Verdict.BROKEN


def test_a_judge_is_unsure_near_the_middle_until_told_to_settle() -> None:
    judge = Judge(at(2), at(1), Noise(), SYMPTOM)
    middle = [measured(1.4, 1.4, 1.4)]
    assert judge.verdict(middle) is Verdict.UNSURE
    assert judge.settled(middle) is Verdict.FAST


def test_an_effect_covers_the_truth_and_tells_a_bound() -> None:
    seen = effect([at(2.0), at(2.1)], [at(1.0), at(0.95)], Noise())
    assert seen.low < 2 < seen.high
    assert not seen.censored
    bound = effect([at(2.4, censored=True)], [at(0.2)], Noise())
    assert bound.censored
    assert bound.ratio == pytest.approx(12)
    known = effect([at(2.4, censored=True)], [at(0.2)], Noise(), at(20))
    assert (known.before_seconds, known.censored) == (pytest.approx(20), False)


def test_the_cap_waits_as_long_as_it_has_to() -> None:
    found = at(60)
    assert cap(None, SYMPTOM, found) == pytest.approx(181)
    assert cap(None, Symptom("page", slower_than=3), found) == pytest.approx(6)
    assert cap(at(0.5), SYMPTOM, found) == pytest.approx(6)
    assert cap(at(0.01), SYMPTOM, found) == 1.0
    assert cap(at(50), SYMPTOM, found) == pytest.approx(181)


@pytest.mark.parametrize(
    ("seconds", "ends"),
    [
        ([0.6, 0.61] * 4, True),
        ([0.6, 0.61] * 3, False),  # too few to tell how alike they are
        ([0.6, 0.9] * 4, False),
        ([0.6, 0.9] * 200, True),
        ([0.6] * 7 + [6.0], False),
        ([0.6] * 100 + [6.0], True),
        ([0.0] * 8, True),
    ],
)
def test_a_window_of_requests_that_are_all_alike_may_end(seconds: list[float], *, ends: bool) -> None:
    assert Enough()(seconds) == ends


@given(SECONDS, SECONDS)
def test_the_window_is_bounded(restart: float, latency: float) -> None:
    assert 3 <= requests(restart, latency) <= 20
