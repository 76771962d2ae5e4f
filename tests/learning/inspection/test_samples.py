from __future__ import annotations

import pandas as pd
import pytest

from src.learning.inspection.samples import some

ROWS = pd.DataFrame({"x": range(50_000)})


@pytest.mark.parametrize(("columns", "most"), [(1, 20_000), (200, 10_000), (50_000, 2_000)])
def test_rows_are_drawn_in_their_order_and_fewer_of_wide_tables(columns: int, most: int) -> None:
    drawn = some(ROWS, columns, seed=1)
    assert len(drawn) == most
    assert drawn["x"].is_monotonic_increasing
    assert drawn["x"].is_unique
    pd.testing.assert_frame_equal(drawn, some(ROWS, columns, seed=1))
    assert not drawn.equals(some(ROWS, columns, seed=2))


def test_all_rows_of_a_small_table_are_taken() -> None:
    small = ROWS.head(900)
    assert some(small, 10, seed=1) is small
