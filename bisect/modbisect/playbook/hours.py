"""Maintenance windows: the hours of a day in which a host may be worked on. Pure: the time of day is an argument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from modbisect.playbook.text import shown

_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
HOURS_PATTERN = rf"^{_CLOCK}-{_CLOCK}(?: [A-Za-z][A-Za-z0-9_+/-]{{0,63}})?$"
_HOURS = re.compile(HOURS_PATTERN)
_TRIES = 16


@dataclass(frozen=True, slots=True)
class Hours:
    """Open every day from ``begins`` up to ``ends``, over midnight where that is earlier."""

    begins: time
    ends: time
    zone: str = ""
    """IANA's name of the time zone; empty for that of the machine modbisect runs on."""

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M} {self.zone}".rstrip()

    def closes(self, now: datetime) -> datetime | None:
        """When it closes; None while it is closed."""
        return next((end for begin, end in self._around(now) if begin <= now < end), None)

    def opens(self, now: datetime) -> datetime:
        """When it opens next; ``now`` while it is open."""
        return now if self.closes(now) else next(begin for begin, _ in self._around(now) if begin > now)

    def _around(self, now: datetime) -> list[tuple[datetime, datetime]]:
        today = now.astimezone(ZoneInfo(self.zone) if self.zone else None).date()
        over_midnight = timedelta(days=self.ends <= self.begins)
        days = [today + timedelta(days=number) for number in (-1, 0, 1, 2)]
        return [(self._at(day, self.begins), self._at(day + over_midnight, self.ends)) for day in days]

    def _at(self, day: date, clock: time) -> datetime:
        naive = datetime.combine(day, clock)
        return naive.replace(tzinfo=ZoneInfo(self.zone)) if self.zone else naive.astimezone()


def all_close(windows: Sequence[Hours], now: datetime) -> datetime | None:
    """When the first of them closes; None while any is closed."""
    closing = [window.closes(now) for window in windows]
    return None if None in closing else min(filter(None, closing), default=None)


def all_open(windows: Sequence[Hours], now: datetime) -> datetime | None:
    """When all of them are open next; None when they never are at once."""
    for _ in range(_TRIES):
        latest = max((window.opens(now) for window in windows), default=now)
        if latest == now:
            return now
        now = latest
    return None


def parse_hours(text: object) -> Hours:
    """``22:00-06:00`` or ``22:00-06:00 Europe/Berlin``; ValueError says what to write."""
    if not isinstance(text, str) or not _HOURS.fullmatch(text):
        raise ValueError(
            f'{shown(text)} is no maintenance window; write one such as "22:00-06:00" or "22:00-06:00 Europe/Berlin"'
        )
    clocks, _, zone = text.partition(" ")
    begins, ends = (time.fromisoformat(clock) for clock in clocks.split("-"))
    if begins == ends:
        raise ValueError(f"{shown(text)} ends when it begins; leave it out where runs are always allowed")
    try:
        _ = zone and ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'there is no time zone {shown(zone)}; write one such as "UTC" or "Europe/Berlin"') from None
    return Hours(begins, ends, zone)
