from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.sources import spelling

EAST = datetime.timezone(datetime.timedelta(hours=2))
VALUES: list[tuple[Any, str]] = [
    ("text ", "text "),
    (None, ""),
    (True, "true"),
    (1, "1"),
    (2**70, str(2**70)),
    (1.0, "1"),
    (-0.5, "-0.5"),
    (0.1, "0.1"),
    (1e300, "1e+300"),
    (float("nan"), ""),
    (float("inf"), "inf"),
    (Decimal("12.50"), "12.50"),
    (Decimal("1E+3"), "1000"),
    (datetime.date(2026, 3, 1), "2026-03-01"),
    (datetime.datetime(2026, 3, 1), "2026-03-01T00:00:00"),
    (datetime.datetime(2026, 3, 1, 12, 30, 5, 500_000), "2026-03-01T12:30:05.5"),
    (datetime.datetime(2026, 3, 1, 1, tzinfo=EAST), "2026-02-28T23:00:00Z"),
    (datetime.time(7, 5), "07:05:00"),
    (datetime.timedelta(hours=30), "108000"),
    (b"caf\xe9", "caf\\xe9"),
    ([1, {"a": None}], '[1, {"a": null}]'),
]


@pytest.mark.parametrize(("value", "text"), VALUES, ids=lambda one: repr(one)[:30])
def test_a_value_is_written_as_text(value: Any, text: str) -> None:
    assert spelling.cell(value) == text


COLUMNS = {
    "int8": pa.array([1, None, -3], pa.int8()),
    "uint64": pa.array([2**64 - 1], pa.uint64()),
    "double": pa.array([1.0, 0.1, None, float("nan"), 1e300, -2.5, 3e15, 1e16, float("-inf")]),
    "float": pa.array([1.0, 0.5, None], pa.float32()),
    "half": pa.array(np.array([1.0, 0.5], dtype=np.float16)),
    "bool": pa.array([True, None, False]),
    "string": pa.array(["a", None, ""]),
    "large": pa.array(["a", None], pa.large_string()),
    "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
    "date": pa.array([datetime.date(2026, 3, 1), None]),
    "date64": pa.array([datetime.date(2026, 3, 1), None], pa.date64()),
    "seconds": pa.array([datetime.datetime(2026, 3, 1, 12, 30), None], pa.timestamp("s")),
    "micros": pa.array([datetime.datetime(2026, 3, 1, 12, 30, 5, 500_000)], pa.timestamp("us")),
    "zone": pa.array([datetime.datetime(2026, 3, 1)], pa.timestamp("us", "Europe/Berlin")),
    "time": pa.array([datetime.time(7, 5)], pa.time64("us")),
    "decimal": pa.array([Decimal("12.50"), None]),
    "binary": pa.array([b"caf\xe9", None]),
    "list": pa.array([[1, 2], None]),
    "struct": pa.array([{"a": 1}]),
    "null": pa.nulls(2),
}


@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_a_column_is_written_as_its_values_are(values: pa.Array) -> None:
    texts = spelling.column(pa.chunked_array([values, values[:1]])).to_pylist()
    assert texts[: len(values)] == [spelling.cell(one) for one in values.to_pylist()]


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(width=32, allow_nan=False))
def test_a_number_is_read_to_the_last_bit(value: float, narrow: float) -> None:
    (text,) = spelling.column(pa.chunked_array([pa.array([value])])).to_pylist()
    assert float(text) == float(spelling.cell(value)) == value
    (short,) = spelling.column(pa.chunked_array([pa.array([narrow], pa.float32())])).to_pylist()
    assert np.float32(short) == np.float32(narrow)
