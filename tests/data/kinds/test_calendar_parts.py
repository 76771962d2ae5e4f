"""The parts of dates, compared with Python's own calendar."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.kinds import calendar_parts as parts

EPOCH = date(1970, 1, 1)


@given(st.dates())
def test_parts_of_a_date_are_those_of_the_calendar(one: date) -> None:
    days = float((one - EPOCH).days)
    found = parts.year(days), parts.month(days), parts.day(days), parts.weekday(days)
    assert found == (one.year, one.month, one.day, one.isoweekday())


@given(st.dates(), st.integers(0, 86_399))
def test_an_hour_is_exact_to_the_second(one: date, second: int) -> None:
    days = (one - EPOCH).days + second / 86_400
    assert parts.hour(days) == pytest.approx(second / 3600, abs=1e-6)
    assert parts.hour(days) // 1 == second // 3600
    assert parts.day(days) == one.day


def test_many_are_computed_as_one_is() -> None:
    days = np.arange(-150_000, 150_000, 97.3)
    for name, many in parts.MANY.items():
        one = [parts.ONE[name](value) for value in days.tolist()]
        assert many(days) == pytest.approx(one, abs=1e-9), name


def test_cycles_close() -> None:
    monday = float((date(2024, 1, 1) - EPOCH).days)
    assert parts.ONE["sin_week"](monday) == pytest.approx(parts.ONE["sin_week"](monday + 7))
    assert parts.ONE["cos_day"](monday + 0.5) == pytest.approx(-parts.ONE["cos_day"](monday))
    july = (datetime(2024, 7, 2) - timedelta(days=0) - datetime(1970, 1, 1)).days
    assert parts.ONE["cos_year"](july) == pytest.approx(-parts.ONE["cos_year"](monday), abs=0.05)


def test_what_is_missing_has_no_parts() -> None:
    for name in parts.MANY:
        assert math.isnan(parts.ONE[name](math.nan)), name
        assert np.isnan(parts.MANY[name](np.array([math.nan]))).all(), name
