from __future__ import annotations

import numpy as np

from src.inference.cells import Cells


def test_a_column_is_turned_into_numbers_once_and_gaps_stay_gaps() -> None:
    cells = Cells([(1.5, "a"), (None, "b")])
    assert cells.count == 2
    assert cells.columns[1] == ("a", "b")
    numbers = cells.numbers(0)
    np.testing.assert_array_equal(numbers, [1.5, np.nan])
    assert cells.numbers(0) is numbers
