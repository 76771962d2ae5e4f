from __future__ import annotations

import numpy as np

from src.inference.cells import Cells, CodedCells


def test_a_column_is_turned_into_numbers_once_and_gaps_stay_gaps() -> None:
    cells = Cells([(1.5, "a"), (None, "b")])
    assert cells.count == 2
    assert cells.mapped(1, str.upper).tolist() == ["A", "B"]
    numbers = cells.numbers(0)
    np.testing.assert_array_equal(numbers, [1.5, np.nan])
    assert cells.numbers(0) is numbers


def test_columns_of_a_table_are_the_same_records() -> None:
    records = [(1.5, "a", ""), (None, None, "b c"), (2.0, "a", "")]
    codes = np.array([0, 1, 0], dtype=np.int8)
    numbers = {0: np.array([1.5, np.nan, 2.0])}
    cells = CodedCells(3, numbers, {1: (codes, ["a", None]), 2: (codes, ["", "b c"])})
    assert list(cells.records()) == records
    assert [cells.record(at) for at in range(3)] == records
    asked: list[str | None] = []
    made = cells.mapped(1, lambda cell: asked.append(cell) or (cell is None))
    assert made.tolist() == Cells(records).mapped(1, lambda cell: cell is None).tolist()
    assert asked == ["a", None], "each once"
    assert list(cells.take(np.array([False, True, True])).records()) == records[1:]
