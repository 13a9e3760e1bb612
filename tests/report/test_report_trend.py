"""A trend is drawn whatever span its checks have."""

from __future__ import annotations

import warnings

import pytest

from modbisect.report.trend import Point, trend_page

NOW = 1_795_000_000.0


@pytest.mark.parametrize("minutes", [0.5, 2.2, 7, 45, 150, 500, 40 * 60, 10 * 1440, 50 * 1440, 300 * 1440])
def test_every_span_of_time_has_its_ticks(minutes: float) -> None:
    points = [Point(NOW + minutes * 60 * part / 10, 0.1, None, None, slower=False) for part in range(11)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "report took 100 ms in the median of 11 checks" in trend_page("web1", "report", points)
