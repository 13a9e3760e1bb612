"""Maintenance windows: when they are open, and how they are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbisect.errors import Refused
from modbisect.inventory import Host, parse_inventory
from modbisect.playbook import Playbook, parse_playbook
from modbisect.playbook.hours import Hours, all_close, all_open, parse_hours
from modbisect.run.preflight import closing_time

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = parse_hours("22:00-06:00 Europe/Berlin")
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0, fold=0))
ZONES = st.sampled_from(["", "UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland"])
HOURS = st.builds(Hours, CLOCKS, CLOCKS, ZONES).filter(lambda one: one.begins != one.ends)
MOMENTS = st.floats(1.58e9, 2.05e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("now", "closes", "opens"),
    [
        (datetime(2026, 7, 1, 21, 59, tzinfo=BERLIN), None, datetime(2026, 7, 1, 22, tzinfo=BERLIN)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=BERLIN), datetime(2026, 7, 2, 6, tzinfo=BERLIN), None),
        (datetime(2026, 7, 2, 5, 59, tzinfo=BERLIN), datetime(2026, 7, 2, 6, tzinfo=BERLIN), None),
        (datetime(2026, 7, 2, 6, 0, tzinfo=BERLIN), None, datetime(2026, 7, 2, 22, tzinfo=BERLIN)),
        (datetime(2026, 7, 1, 20, 0, tzinfo=UTC), datetime(2026, 7, 2, 4, tzinfo=UTC), None),
        # The night in which clocks are set back is an hour longer.
        (datetime(2026, 10, 25, 4, 30, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC), None),
    ],
)
def test_over_midnight(now: datetime, closes: datetime | None, opens: datetime | None) -> None:
    assert NIGHT.closes(now) == closes
    assert NIGHT.opens(now) == (opens or now)


@given(HOURS, MOMENTS)
def test_it_is_open_when_it_opens_and_closed_when_it_closes(hours: Hours, now: datetime) -> None:
    opens = hours.opens(now)
    closes = hours.closes(opens)
    assert closes
    assert now <= opens < closes
    assert opens - now < timedelta(hours=50)
    # A night in which clocks change may leave nothing of a window, or have it twice.
    assert hours.closes(closes) != closes


@given(st.lists(HOURS, min_size=1, max_size=3), MOMENTS)
def test_of_several_the_strictest_holds(several: list[Hours], now: datetime) -> None:
    each = [one.closes(now) for one in several]
    assert all_close(several, now) == (None if None in each else min(filter(None, each)))
    opens = all_open(several, now)
    assert opens is None or (opens >= now and all_close(several, opens))


@given(HOURS)
def test_what_is_written_is_read(hours: Hours) -> None:
    assert parse_hours(str(hours)) == hours


@pytest.mark.parametrize(
    "text",
    ["", "22-6", "24:00-06:00", "22:00 - 06:00", "22:00-06:00 ../UTC", "22:00-22:00", "22:00-06:00 Mars/Base", 8],
)
def test_what_is_no_window(text: object) -> None:
    with pytest.raises(ValueError, match=r"write one such as|leave it out"):
        parse_hours(text)


def test_a_closed_window_is_refused_with_the_time_it_opens() -> None:
    inventory = """
all:
  vars: {modbisect_window: "22:00-06:00 UTC"}
  hosts: {web1: , web2: {modbisect_window: 10:00-14:00 UTC}}
"""
    web1, web2 = parse_inventory(inventory).hosts
    book = parse_playbook('probes: {home: {get: /}}\nwindow: "12:00-23:00 UTC"\n')
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert closing_time(web2, book, noon) == noon.replace(hour=14)
    assert closing_time(Host("web3", "web3"), Playbook("p"), noon) is None
    with pytest.raises(
        Refused, match="modbisect_window 22:00-06:00 UTC, the playbook's window 12:00-23:00 UTC"
    ) as seen:
        closing_time(web1, book, noon)
    assert seen.value.advice == "start it again later: it opens at 2026-07-01 22:00 UTC"
    never = parse_playbook('probes: {home: {get: /}}\nwindow: "07:00-08:00 UTC"\n')
    with pytest.raises(Refused) as seen:
        closing_time(web1, never, noon)
    assert "never open at once" in seen.value.advice
