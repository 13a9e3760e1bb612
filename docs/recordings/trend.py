"""Writes the trend's page of a made-up site: two weeks as usual, and ten hours of 35 % more."""

from __future__ import annotations

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "canary"))

from alarms import AT_LEAST, RATIO, WEEK, Site

from modbisect.judging.history import WINDOWS, Check, Trend, compare
from modbisect.report.trend import Point, trend_page

SLOW = 60
"""Checks at the end."""


def main() -> None:
    """Of site 4, which has a rhythm that shows."""
    site, checks, points = Site(4), list[Check](), list[Point]()
    for number in range(2 * WEEK):
        more = math.log(1.35) if number >= 2 * WEEK - SLOW else 0.0
        now: list[float] = []
        while True:
            now.append(site.window(number, more))
            said = compare(checks, now, float(site.at[number]), RATIO, AT_LEAST)
            if said.trend not in (Trend.UNSURE, Trend.SLOWER) or len(now) == WINDOWS:
                break
        slower = said.trend is Trend.SLOWER
        checks.append(Check(float(site.at[number]), said.now_seconds, slower=slower))
        known = said.alarm_seconds > 0
        usual, alarm = (said.usual_seconds, said.alarm_seconds) if known else (None, None)
        points.append(Point(float(site.at[number]), said.now_seconds, usual, alarm, slower=slower))
    Path(sys.argv[1]).write_text(trend_page("shop.example", "home", points), encoding="utf-8")


if __name__ == "__main__":
    main()
