from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from src.data.past.series import Track
from src.data.past.windows import FUNCTIONS, Window

VALUES = [5.0, 1.0, 4.0, 2.0, 8.0]
TRACK = Track(np.arange(5.0), np.array(VALUES))


def look(function: str, first: int, last: int, *at: float, track: Track = TRACK) -> list[float]:
    return track.look(Window(function, "x", first, last), np.array(at)).tolist()


def test_a_lag_is_the_value_so_many_steps_before() -> None:
    found = look("lag", 2, 2, 0, 1, 2, 4, 6, 7)
    assert found[2:5] == [5, 4, 8]
    assert all(map(math.isnan, (*found[:2], found[5])))


@pytest.mark.parametrize(
    ("function", "value"),
    [("mean", 7 / 3), ("min", 1), ("max", 4), ("sum", 7), ("std", statistics.stdev(VALUES[1:4]))],
)
def test_a_window_counts_both_ends(function: str, value: float) -> None:
    assert look(function, 1, 3, 4) == [pytest.approx(value)]


def test_a_window_counts_what_is_there() -> None:
    assert look("mean", 1, 4, 1, 2) == [5, 3]
    assert math.isnan(look("mean", 1, 4, 0)[0])
    assert math.isnan(look("std", 1, 4, 1)[0]), "one value has no deviation"
    gaps = Track.of(np.array([0.0, 1, 2, 5]), np.array([3.0, math.nan, 5, 7]))
    assert look("mean", 1, 2, 2, 3, 4, track=gaps) == [3, 5, 5]
    assert math.isnan(look("lag", 1, 1, 2, track=gaps)[0]), "the value is missing"
    assert math.isnan(look("lag", 1, 1, 4, track=gaps)[0]), "the row is absent"


def test_a_series_without_values_has_no_past() -> None:
    empty = Track(np.empty(0), np.empty(0))
    for function in FUNCTIONS:
        assert math.isnan(look(function, 1, 3, 1, track=empty)[0])
        assert look(function, 1, 3, track=empty) == []


@pytest.mark.parametrize("function", FUNCTIONS[1:])
def test_the_last_rows_alone_give_the_same_digits(function: str) -> None:
    draw = np.random.default_rng(3)
    values = draw.normal(1e6, 1e-3, 5000) * draw.uniform(0.1, 10, 5000)
    whole = Track(np.arange(5000.0), values)
    for first, last in ((1, 7), (3, 168), (24, 900)):
        window = Window(function, "x", first, last)
        found = whole.look(window, np.arange(5000.0))
        for at in (4999, 4500, 3777):
            tail = Track(whole.positions[at - last : at], values[at - last : at])
            assert tail.look(window, np.array([float(at)])).tolist() == [found[at]]
