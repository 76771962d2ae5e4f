from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from src.data.schema import Dataset, Separator
from src.evaluation.decision import Decision
from src.inference.answer_cells import AnswerCells
from src.scoring import places, tables
from src.scoring.slices import Slice
from src.scoring.tables import Scored

CELLS = ["a|b~c^d:\t", 'a "b"', "c,d", "e;f", "two\nlines", "r\r", "", " "]


def scored() -> Scored:
    column = pa.chunked_array([pa.array(CELLS, pa.large_string())])
    rows = Slice(0, ["a", "b"], pa.table([column, column], names=["0", "1"]))
    values = np.array([1.0, 2.5, 1e-7, 1e17])
    columns = {"predicted_price": values, "warnings": ["", "x;y", "", ""]}
    refused = {0: "no, not this", 2: "torn", 4: "torn", 6: "torn"}
    return Scored(rows, columns, np.array([1, 3, 5, 7]), refused)


@pytest.mark.parametrize("separator", get_args(Separator))
def test_a_csv_is_written_as_pythons_writer_writes_it(
    make_dataset: Callable[..., Dataset], separator: str
) -> None:
    found = tables.csv_bytes(scored(), AnswerCells(make_dataset(), Decision()), separator)
    answers = iter([("1", ""), ("2.5", "x;y"), ("1e-07", ""), ("100000000000000000", "")])
    expected = [
        [cell, cell, *(next(answers) if at % 2 else ("", "")), scored().refused.get(at, "")]
        for at, cell in enumerate(CELLS)
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(expected)
    assert found.decode() == text.getvalue()


def test_parquet_has_numbers_and_gaps() -> None:
    header = ["a", "b", "predicted_price", "warnings", "refused"]
    table = parquet.read_table(io.BytesIO(tables.parquet_bytes(scored(), header)))
    assert table.column_names == header
    assert table["predicted_price"].to_pylist() == [None, 1.0, None, 2.5, None, 1e-7, None, 1e17]
    assert table["refused"].to_pylist()[:2] == ["no, not this", None]
    assert table["a"].to_pylist() == CELLS


@pytest.mark.parametrize("classes", [None, [0, 1], ["yes", "no"]])
def test_columns_without_rows_have_the_types_of_those_with_rows(
    make_dataset: Callable[..., Dataset], classes: list[int] | list[str] | None
) -> None:
    cells = AnswerCells(make_dataset(), Decision(threshold=0.5, band=(0.4, 0.6)))
    numbers = {name: np.ones(1) for name in ("probability", "threshold")}
    columns: dict[str, object] = {name: np.ones(1) for name in cells.names}
    if classes is not None:
        columns = {cells.target: classes[:1], **numbers, "abstains": np.array([True])}
        columns["likely"] = ["x"]
    columns |= {"why": ["x"], "warnings": ["x"]}
    rows = Slice(0, ["a"], scored().rows.table.select(["0"]).slice(0, 1))
    header = ["a", *columns, "refused"]
    full = Scored(rows, columns, np.array([0]), {})
    none = Scored(rows, tables.without_rows(list(columns), cells, classes), np.arange(0), {0: "x"})
    with_rows, without = (
        parquet.read_schema(io.BytesIO(tables.parquet_bytes(one, header))) for one in (full, none)
    )
    assert without == with_rows
    tables.csv_bytes(none, cells, ",")


@pytest.mark.parametrize("separator", get_args(Separator))
def test_parts_of_a_csv_are_joined_under_one_header(tmp_path: Path, separator: str) -> None:
    head = tables.csv_head(["a", "the\nplace", f'"b"\r\n{separator}"', "c\r"], separator)
    rows = [b'"x\n"\r\n', b"", b"y\r\n"]
    parts = [tmp_path / f"{at}.csv" for at in range(len(rows))]
    for path, row in zip(parts, rows, strict=True):
        path.write_bytes(head + row)
    places._join_csv(parts, tmp_path / "whole.csv")
    assert (tmp_path / "whole.csv").read_bytes() == head + b"".join(rows)
