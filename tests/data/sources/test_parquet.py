from __future__ import annotations

import datetime
import decimal
import io
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as arrow

from src.data import sources
from src.data.sources import compressed, parquet
from src.support.errors import UserError


def written(table: pa.Table, **options) -> bytes:
    file = io.BytesIO()
    arrow.write_table(table, file, **options)
    return file.getvalue()


TABLE = pa.table(
    {
        "a": pa.array([1.0, None, 2.5]),
        "b": pa.array([datetime.date(2026, 3, 1), None, datetime.date(2026, 3, 2)]),
        "c": pa.array([True, False, None]),
    }
)


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_values_are_text_and_rows_are_numbered(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH", rows)
    data = written(TABLE, row_group_size=2)
    raw = sources.parse(data, "rows.parquet", columns=["c", "a", "b"])
    assert raw.frame.to_numpy().tolist() == [
        ["true", "1", "2026-03-01"],
        ["false", "", ""],
        ["", "2.5", "2026-03-02"],
    ]
    assert list(raw.frame.index) == [1, 2, 3]


def test_what_a_struct_holds_has_columns_of_its_own() -> None:
    rows = [{"x": 1, "in": {"y": "a"}}, None, {"x": 2, "in": None}]
    raw = sources.parse(
        written(pa.table({"s": rows, "a": [1, 2, 3]})),
        "rows.parquet",
        columns=["s.x", "s.in.y", "a"],
    )
    assert raw.frame.to_numpy().tolist() == [["1", "a", "1"], ["", "", "2"], ["2", "", "3"]]


def test_what_other_tools_say_of_a_type_is_read_as_the_value() -> None:
    noon = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "zone": pa.array([noon], pa.timestamp("us", "Europe/Berlin")),
            "decimal": pa.array([decimal.Decimal("1.50")], pa.decimal128(9, 2)),
            "word": pa.array(["a"]).dictionary_encode(),
        }
    )
    raw = sources.parse(written(table), "rows.parquet", columns=table.column_names)
    assert raw.frame.to_numpy().tolist() == [["2026-03-01T12:00:00Z", "1.50", "a"]]


def refused(data: bytes) -> UserError:
    with pytest.raises(UserError) as caught:
        sources.parse(data, "rows.parquet", columns=["a"])
    return caught.value


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-20],
        lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda data: data[:-300] + b"\xff" * 292 + data[-8:],
        lambda data: b"PAR1",
        lambda data: b"PAR1" + bytes(100) + data[104:],
    ],
    ids=["no footer", "long footer", "other footer", "nothing", "other pages"],
)
def test_a_broken_file_is_told(change) -> None:
    data = written(pa.table({"a": [str(at) for at in range(1_000)]}))
    assert refused(change(data)).what == "The source is a broken Parquet file."


def test_no_rows_are_told() -> None:
    assert "a header but no rows" in refused(written(pa.table({"a": pa.array([], "int8")}))).what


def test_a_column_of_one_long_text_is_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(pa.table({"a": ["x" * 10_000] * 20_000}))
    monkeypatch.setattr(compressed, "MOST_EXPANDED", 2**20)
    assert "expands to more than" in refused(data).what


def test_parquet_is_written_and_read_back_as_the_same_text(tmp_path: Path) -> None:
    from src.data.sources import writing

    data = b"a,b\n 01 ,NA\n1.0,\n"
    raw = sources.parse(data, "rows.csv", columns=["a", "b"])
    again = sources.parse(writing.parquet_bytes(raw.whole), "r.parquet", columns=["a", "b"])
    assert again.frame.to_numpy().tolist() == raw.frame.to_numpy().tolist()
