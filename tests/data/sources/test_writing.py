from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data import sources
from src.data.sources import writing
from src.data.sources.options import Options

CELL = st.text(st.sampled_from('ab1"; ,\n\ré\t'), max_size=5)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
@pytest.mark.parametrize("options", [{}, {"separator": ";", "encoding": "utf-16"}, {"skip": 2}])
def test_a_csv_is_read_back_as_the_same_cells(
    options: dict[str, object], rows: list[tuple[str, str]]
) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype="str")
    data = writing.csv_bytes(frame, Options(**options))
    raw = sources.parse(data, "rows.csv", columns=["a", "b"], **options)
    assert raw.frame.to_numpy().tolist() == [list(row) for row in rows]
    assert not raw.faults


def test_without_a_header_cells_stand_where_their_numbers_say() -> None:
    frame = pd.DataFrame({"column_3": ["c"], "column_1": ["a"]})
    assert writing.csv_bytes(frame, Options(header=False)) == b"a,,c\n"
