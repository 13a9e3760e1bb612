"""What a canary says of a check: by sites whose truth is known. The long run of it is `make bench-canary`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.judging.history import DAY, FEWEST, WINDOWS, Check, Comparison, Trend, compare

RATIO, AT_LEAST = 1.2, 0.005
TEN_MINUTES = 600.0
BEGIN = 1_790_000_000.0


def quiet(at: float) -> float:
    del at
    return 0.3


def daily(at: float) -> float:
    """A third slower by day than by night."""
    return 0.3 * math.exp(0.15 * math.sin(at / DAY * 2 * math.pi))


class Site:
    """A site and its canary."""

    def __init__(
        self, usual: Callable[[float], float] = daily, noise: float = 0.02, every: float = TEN_MINUTES, seed: int = 1
    ) -> None:
        self.random = Random(seed)  # noqa: S311  a seeded site, no secret
        self.usual, self.noise, self.every = usual, noise, every
        self.at = BEGIN
        self.checks: list[Check] = []
        self.slower = 1.0

    def window(self) -> float:
        return self.usual(self.at) * self.slower * math.exp(self.random.gauss(0, self.noise))

    def check(self) -> Comparison:
        """As a canary does: another window where one does not tell."""
        self.at += self.every
        now: list[float] = []
        while True:
            now.append(self.window())
            said = compare(self.checks, now, self.at, RATIO, AT_LEAST)
            if said.trend not in (Trend.UNSURE, Trend.SLOWER) or len(now) == WINDOWS:
                break
        self.checks.append(Check(self.at, said.now_seconds, slower=said.trend is Trend.SLOWER))
        return said

    def live(self, days: float) -> Iterator[Trend]:
        for _ in range(round(days * DAY / self.every)):
            yield self.check().trend

    def grow_up(self, days: float = 8) -> Site:
        """With a history, as checks that nobody has judged."""
        for _ in range(round(days * DAY / self.every)):
            self.at += self.every
            self.checks.append(Check(self.at, self.window()))
        return self


def test_the_first_checks_only_learn() -> None:
    assert list(Site().live(FEWEST / 144)) == [Trend.LEARNING] * FEWEST


def test_the_first_days_with_their_rhythm_raise_no_alarm() -> None:
    assert Trend.SLOWER not in list(Site().live(4))


@pytest.mark.parametrize("hour", range(0, 24, 4))
def test_a_fifth_more_is_found_within_three_checks_at_any_time_of_day(hour: int) -> None:
    site = Site(seed=hour).grow_up(8 + hour / 24)
    site.slower = 1.2
    assert Trend.SLOWER in [site.check().trend for _ in range(3)]


def test_the_rhythm_of_a_day_is_usual_though_it_is_more_than_what_matters() -> None:
    site = Site().grow_up()
    said = [site.check() for _ in range(144)]
    assert Trend.SLOWER not in [each.trend for each in said]
    slowest, fastest = max(each.usual_seconds for each in said), min(each.usual_seconds for each in said)
    assert slowest / fastest > RATIO


def test_one_slow_check_is_not_yet_an_alarm_and_the_next_one_tells() -> None:
    site = Site().grow_up()
    site.slower = 1.6
    assert site.check().trend is Trend.UNSURE
    site.slower = 1.0
    assert [site.check().trend for _ in range(3)] == [Trend.STEADY] * 3


def test_what_is_slow_beyond_doubt_is_told_at_once() -> None:
    site = Site().grow_up()
    site.slower = 5.0
    assert site.check().trend is Trend.SLOWER


def test_one_window_alone_never_is_an_alarm() -> None:
    site = Site().grow_up()
    assert compare(site.checks, [30.0], site.at + 1, RATIO, AT_LEAST).trend is Trend.UNSURE
    assert compare(site.checks, [30.0, 0.3, 0.3], site.at + 1, RATIO, AT_LEAST).trend is Trend.STEADY


def test_a_regression_stays_one_until_it_ends() -> None:
    site = Site().grow_up()
    site.slower = 1.5
    assert list(site.live(1))[2:] == [Trend.SLOWER] * 142
    site.slower = 1.0
    assert Trend.SLOWER not in [site.check().trend for _ in range(20)][2:]


def test_what_somebody_accepted_is_usual_from_there_on() -> None:
    site = Site().grow_up()
    site.slower = 1.5
    told = [site.check().trend for _ in range(12)]
    assert told[-1] is Trend.SLOWER
    site.checks[-6:] = [Check(check.at, check.seconds, accepted=True) for check in site.checks[-6:]]
    assert Trend.SLOWER not in [site.check().trend for _ in range(12)]
    site.slower = 1.5 * 1.5
    assert Trend.SLOWER in [site.check().trend for _ in range(3)]


def test_a_tenth_more_is_nothing_where_a_fifth_is_what_matters() -> None:
    site = Site().grow_up()
    site.slower = 1.08
    assert Trend.SLOWER not in list(site.live(2))


def test_a_backup_every_night_is_part_of_the_rhythm() -> None:
    def backup(at: float) -> float:
        return quiet(at) * (1.6 if 3 < at % DAY / 3600 < 3.5 else 1)

    site = Site(backup).grow_up()
    assert Trend.SLOWER not in list(site.live(2))


@pytest.mark.parametrize("every", [60.0, 3600.0, DAY, 7 * DAY], ids=["minute", "hour", "day", "week"])
def test_any_pace_is_one_that_can_be_watched(every: float) -> None:
    site = Site(quiet, every=every).grow_up(70 * max(every, 3600.0) / DAY)
    assert Trend.SLOWER not in [site.check().trend for _ in range(40)]
    site.slower = 2.0
    assert Trend.SLOWER in [site.check().trend for _ in range(4)]


def test_after_a_gap_of_days_it_goes_on() -> None:
    site = Site().grow_up()
    site.at += 5 * DAY
    assert site.check().trend is Trend.STEADY


def test_faster_is_no_alarm() -> None:
    site = Site().grow_up()
    site.slower = 0.5
    assert site.check().trend is Trend.FASTER


def test_milliseconds_do_not_matter() -> None:
    site = Site(lambda _: 0.002).grow_up()
    site.slower = 2.0
    assert Trend.SLOWER not in [site.check().trend for _ in range(6)]


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(1e-6, 1e6), st.booleans(), st.booleans()), max_size=80),
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=3),
)
def test_any_history_is_compared_with(rows: list[tuple[int, float, bool, bool]], now: list[float]) -> None:
    history = [Check(float(at), seconds, slower, accepted) for at, seconds, slower, accepted in sorted(rows)]
    said = compare(history, now, 1e7 + 1, RATIO, AT_LEAST)
    assert said.trend in Trend
    assert math.isfinite(said.usual_seconds)
    assert math.isfinite(said.alarm_seconds)
    assert said.trend is not Trend.SLOWER or said.now_seconds > said.usual_seconds


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        compare([Check(0.0, 1.0)], [], 1.0, RATIO, AT_LEAST)
    with pytest.raises(ValueError, match="positive"):
        compare([Check(0.0, -1.0)], [1.0], 1.0, RATIO, AT_LEAST)
