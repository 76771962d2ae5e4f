from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from src.data.coded import Batch, Column, Rows


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = {"number": [1.5, math.nan, 1.5, -2.0, 0.0], "word": ["a", None, "b", "a", ""]}
    return pd.DataFrame(rows, index=[3, 5, 6, 8, 9]).astype({"word": "str"})


@pytest.fixture
def rows(frame: pd.DataFrame) -> Rows:
    return Rows([Batch.of(frame.iloc[:2]), Batch.of(frame.iloc[2:])])


def test_rows_come_back_as_they_were(rows: Rows, frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(rows.frame(), frame)
    pd.testing.assert_series_equal(rows["word"], frame["word"])
    assert (len(rows), rows.columns, rows.empty) == (5, ["number", "word"], False)


@pytest.mark.parametrize("at", [[0, 2, 4], [4, 0, 2], []])
def test_rows_are_taken_in_the_order_of_their_positions(
    rows: Rows, frame: pd.DataFrame, at: list[int]
) -> None:
    places = np.array(at, dtype=np.int64)
    pd.testing.assert_frame_equal(rows.take(places).frame(), frame.iloc[at])


def test_rows_are_taken_by_a_mask(rows: Rows, frame: pd.DataFrame) -> None:
    mask = np.array([False, True, False, True, True])
    pd.testing.assert_frame_equal(rows.take(mask).frame(), frame[mask])


def test_cells_are_replaced(rows: Rows, frame: pd.DataFrame) -> None:
    other = frame["word"].mask(frame["word"] == "a", "c")
    pd.testing.assert_frame_equal(rows.assign(word=other).frame(), frame.assign(word=other))


@pytest.mark.parametrize(("count", "kind"), [(127, np.int8), (128, np.int16), (40_000, np.int32)])
def test_the_numbers_of_cells_are_as_small_as_they_can_be(count: int, kind: type) -> None:
    assert Column.of(pd.Series(np.arange(float(count)))).codes.dtype == kind


def test_cells_of_some_rows_are_counted_as_they_come() -> None:
    column = Column.of(pd.Series(["a", "b", "b", "a", "c"], dtype="str"))
    assert list(column.counted(np.array([2, 3, 1]))) == [("b", 2), ("a", 1)]
