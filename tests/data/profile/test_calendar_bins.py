from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from src.data.features import Date, Datetime, Time
from src.data.profile import calendar_bins

EPOCH = date(1970, 1, 1)


def days(first: str, last: str, count: int = 400) -> np.ndarray:
    ends = [(date.fromisoformat(text) - EPOCH).days for text in (first, last)]
    return np.linspace(*ends, count).round()


@pytest.mark.parametrize(
    ("first", "last", "edges"),
    [
        ("2024-05-31", "2024-05-31", ["2024-05-31", "2024-06-01"]),
        ("2024-05-29", "2024-06-02", ["2024-05-29", "2024-05-30"]),
        ("2024-01-03", "2024-03-20", ["2024-01-01", "2024-01-08"]),  # Mondays
        ("2024-01-03", "2024-12-20", ["2024-01-01", "2024-02-01"]),
        ("2020-02-03", "2023-12-20", ["2020-01-01", "2020-04-01"]),
        ("1955-02-03", "2023-12-20", ["1955-01-01", "1960-01-01"]),
        ("0101-02-03", "1999-12-20", ["0001-01-01", "0200-01-01"]),
        ("2020-01-01", "9999-12-31", ["2000-01-01", "2500-01-01"]),
    ],
)
def test_edges_are_where_a_calendar_has_them(first: str, last: str, edges: list[str]) -> None:
    values = days(first, last)
    bins = calendar_bins.cut(values, Date())
    assert bins is not None
    said = [np.datetime_as_string(np.datetime64(int(edge), "D")) for edge in bins.edges[:2]]
    assert said == edges
    assert all(Date().text(edge)[4] == "-" for edge in bins.edges), "ISO text has it"
    assert bins.edges[0] <= values[0]
    assert values[-1] <= bins.edges[-1]
    assert len(bins.edges) <= 2 * calendar_bins.bins.MOST
    assert sum(bins.count(values)[0]) == len(values)


def test_of_few_hours_edges_are_within_a_day() -> None:
    values = 19_874 + np.linspace(0.25, 0.5, 200)
    bins = calendar_bins.cut(values, Datetime())
    assert bins is not None
    minutes = (bins.edges - 19_874) * 24 * 60
    assert np.allclose(minutes, minutes.round())
    assert np.diff(minutes).round().tolist() == [30] * (len(minutes) - 1)


def test_a_day_has_24_hours() -> None:
    bins = calendar_bins.cut(np.linspace(0, 23.99, 500), Time())
    assert bins is not None
    assert (bins.edges[0], bins.edges[-1]) == (0, 24)
    assert len(set(np.diff(bins.edges).round(9))) == 1


def test_of_no_values_there_are_no_bins() -> None:
    assert calendar_bins.cut(np.array([]), Date()) is None
