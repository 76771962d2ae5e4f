from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from src.data.schema import Dataset, Separator
from src.evaluation.decision import Decision
from src.inference.answer_cells import AnswerCells
from src.scoring import tables
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
