from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

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


@pytest.mark.parametrize(
    ("had", "cell", "is_plain", "kept", "last"),
    [
        ([1, 2], "3", True, "int64", 3),
        ([1, 2], "3.5", True, "str", "3.5"),
        ([1.5, 2.0], "7.10", True, "double", 7.1),
        ([1.5, 2.0], "7.10", False, "str", "7.10"),  # it may be 710
        ([1.5, 2.0], "7.1", False, "double", 7.1),
        ([1.5, 2.0], "n/a", True, "str", "n/a"),
        ([1.5, 2.0], "", True, "double", None),
        ([True, False], "true", True, "bool", True),
        (["a", None], "b", True, "str", "b"),
        (pd.Series(["a", "b"], dtype="category"), "c", True, "words", "c"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), "2024-05-31", True, "time", None),
    ],
)
def test_a_column_of_parquet_keeps_its_type_where_new_cells_fit(
    had: Any, cell: str, is_plain: bool, kept: str, last: Any
) -> None:
    file = io.BytesIO()
    pd.DataFrame({"x": had}).to_parquet(file)
    more = pd.DataFrame({"x": [cell]}, dtype="str")
    table = parquet.read_table(
        io.BytesIO(writing.parquet_with(file.getvalue(), more, is_plain=is_plain))
    )
    values = table.column(0)
    names = {"str": pa.types.is_string, "time": pa.types.is_timestamp}
    names["words"] = pa.types.is_dictionary
    if kept in names:
        assert names[kept](values.type) or pa.types.is_large_string(values.type)
    else:
        assert str(values.type) == kept
    if kept == "time":
        assert values[2].as_py().isoformat() == "2024-05-31T00:00:00"
    else:
        assert values[2].as_py() == last
    raw = sources.parse(file.getvalue(), "rows.parquet", columns=["x"])
    again = sources.parse(
        writing.parquet_with(file.getvalue(), more, is_plain=is_plain),
        "rows.parquet",
        columns=["x"],
    )
    assert again.frame["x"].tolist()[:2] == raw.frame["x"].tolist()
