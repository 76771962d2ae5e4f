from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import csv_cells
from app.records.csv_columns import Cells
from app.records.records import Records
from src.data import cleaning
from src.data.schema import Dataset
from src.learning import exporting
from src.support.structs import convert

FEATURES: dict[str, Any] = {
    "price": {"type": "number", "prefix": "$", "above": 0, "optional": True},
    "share": {"type": "number", "suffix": "%", "decimal": ",", "thousands": "", "optional": True},
    "count": {"type": "integer", "missing": ["-1", "?"], "optional": True},
    "day": {"type": "date", "format": "%d/%m/%Y", "max": "2030-01-01", "optional": True},
    "at": {"type": "datetime", "zone": "America/New_York", "optional": True},
    "clock": {"type": "time", "optional": True},
    "member": {"type": "boolean", "optional": True},
    "paid": {"type": "boolean", "true_words": ["X"], "false_words": ["-"], "optional": True},
    "code": {"type": "category", "values": [1, 2], "others": True, "optional": True},
    "grade": {"type": "category", "order": ["low", "1.5"], "optional": True},
    "name": {"type": "id", "optional": True},
    "note": {"type": "text", "optional": True},
}
TARGET = {"name": "fee", "suffix": " USD"}
DATASET = convert(
    {
        "name": "trips",
        "task": "regression",
        "source": "data/trips.csv",
        "decimal": ".",
        "thousands": ",",
        "target": TARGET,
        "features": FEATURES,
        "metric": "mae",
    },
    Dataset,
)
RECORDS = Records(DATASET, most=10, longest_text=100)
# Spellings of values and of what is nearly one, for each type.
SPELT = {
    "price": ["$1,234.50", "1234.5", " $ 7 ", "-$3", "$-3", "12.34.5", "1,2", "$", "(5)", "1e3"],
    "share": ["38%", "3,5 %", "3.5", "1.000", "%", "-2,25%"],
    "count": ["1,000", "3", "3.0", "2.5", "-1", "?", "NA", "1,0,0"],
    "day": ["31/05/2024", "2024-05-31", "05/31/2024", "31/05/2031", "2024-W22", "2024-05"],
    "at": ["2024-05-31T12:30:00Z", "2024-05-31 12:30", "2024-05-31", "12:30", "20240531T123000"],
    "clock": ["9:15", "09:15", "09:15:30.5", "24:00", "9", "T10:00"],
    "member": ["yes", "No", "TRUE", "t", "1", "1.0", "0", "2", "ja", "maybe"],
    "paid": ["X", "x", "-", "true", "FALSE", "yes", "1"],
    "code": ["1", "1.0", "2", " 02", "3", "a", "NA", "None"],
    "grade": ["low", "1.5", "1.50", "LOW", "high"],
    "name": ["007", "x", "NA", ""],
    "note": ["a text", " NA ", "", "none"],
}


def cleaned(name: str, cell: str) -> Any:
    """Return a cell's value as training reads it, None if missing; raise ValueError if refused."""
    rows, good = cleaning.typed(pd.DataFrame({name: [cell]}, dtype="str"), [name], DATASET)
    if not good[0]:
        raise ValueError(cell)
    value = rows[name].astype(object).iloc[0]
    return None if value is None or value != value or value == "" else value


def asked(name: str, cell: str) -> Any:
    """Return a cell's value as the API reads it; raise ValueError if refused."""
    others = {one: "" for one in FEATURES if one != name}
    row = {**others, name: cell}
    columns, good = Cells(RECORDS).read(list(row), [list(row.values())])
    if not list(good):
        raise ValueError(cell)
    (value,) = columns[list(FEATURES).index(name)]
    return value or None if isinstance(value, str) else value


def outcome(read: Callable[[str, str], Any], name: str, cell: str) -> Any:
    try:
        return read(name, cell)
    except ValueError:
        return "refused"


@given(st.sampled_from(list(FEATURES)), st.data())
def test_a_cell_means_in_the_api_what_it_means_in_training(name: str, data: st.DataObject) -> None:
    text = st.text("0123456789.,-/:$% eTZx", max_size=12)
    cell = data.draw(st.sampled_from(SPELT[name]) | text)
    assert outcome(asked, name, cell) == outcome(cleaned, name, cell)


@pytest.mark.parametrize("name", SPELT)
def test_each_spelling_means_the_same(name: str) -> None:
    found = {cell: outcome(asked, name, cell) for cell in SPELT[name]}
    assert found == {cell: outcome(cleaned, name, cell) for cell in SPELT[name]}
    assert set(found.values()) - {"refused", None}


@given(st.sampled_from(list(FEATURES)), st.data())
def test_what_is_written_is_read_again(name: str, data: st.DataObject) -> None:
    value = outcome(cleaned, name, data.draw(st.sampled_from(SPELT[name])))
    if value == "refused":
        return
    values = tuple(value if one == name else None for one in FEATURES)
    record = RECORDS.as_object(values)
    assert outcome(asked, name, str(csv_cells.cell(name, record[name], DATASET))) == value


def test_a_row_has_words_for_each_type() -> None:
    values = {"price": 84835.0, "day": "2024-05-31", "member": True, "paid": False, "code": "1"}
    text = csv_cells.as_csv([*values, "fee", "note"], {**values, "fee": 1.5}, DATASET)
    assert text.splitlines()[1] == "$84835,2024-05-31,true,false,1,1.5 USD,"


def test_records_of_training_are_shown_as_the_api_has_them() -> None:
    values = dict.fromkeys(FEATURES) | {"day": 19874.0, "paid": "false", "count": 3.0}
    (shown,) = exporting.shown([tuple(values.values())], DATASET)
    assert dict(zip(FEATURES, shown, strict=True)) == {
        **values,
        "day": "2024-05-31",
        "paid": False,
    }
