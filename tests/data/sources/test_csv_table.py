from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data import sources
from src.data.sources import headers, text
from src.support.errors import UserError


def parse(data: str, columns: str = "ab", **options) -> sources.Raw:
    return sources.parse(data.encode(), "rows.csv", columns=list(columns), **options)


def cells(data: str, columns: str = "ab", **options) -> list[list[str]]:
    return parse(data, columns, **options).frame.to_numpy().tolist()


CELL = st.text(st.sampled_from("ab1\" ,;\n\ré\u2028\x0b\t'"), max_size=6)


@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([3, 7, 50, 2**20]),
)
def test_rows_are_those_that_pandas_reads(
    rows: list[tuple[str, str]], end: str, is_quoted: bool, has_end: bool, block: int
) -> None:
    file = io.StringIO(newline="")
    is_odd = any(sign in cell for row in rows for cell in row for sign in "\r\n")
    quoting = csv.QUOTE_ALL if is_quoted or is_odd else csv.QUOTE_MINIMAL
    csv.writer(file, lineterminator=end, quoting=quoting).writerows([("a", "b"), *rows])
    data = file.getvalue() if has_end else file.getvalue().removesuffix(end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK", block)
        raw = parse(data)
    expected = pd.read_csv(
        io.StringIO(data), dtype=str, keep_default_na=False, na_filter=False, index_col=False
    )
    assert raw.frame.to_numpy().tolist() == expected.to_numpy().tolist()
    assert raw.frame.dtypes.tolist() == expected.dtypes.tolist()
    assert not raw.faults


@given(st.lists(st.sampled_from(["1,2", "", "  ", "3", "4,5,6", "7,8,,", '"9\n9",0', "é,ü"])))
def test_both_ways_of_reading_give_the_same(lines: list[str]) -> None:
    data = "\n".join(["a,b", "0,0", *lines, ""])
    quick = parse(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("src.data.sources.csv_table._Table.add_block", lambda *_: False)
        slow = parse(data)
    pd.testing.assert_frame_equal(quick.frame, slow.frame, check_index_type=False)
    assert quick.faults == slow.faults


def test_a_plain_block_goes_through_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "src.data.sources.csv_table._Table.add", lambda self, line, row, lines: rows.append(line)
    )
    rows: list[int] = []
    monkeypatch.setattr(text, "BLOCK", 200)
    parse("a,b\n" + "1,2\n" * 1_000)
    assert len(rows) < 60


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "\ufeffsep=;\n"])
def test_what_tells_excel_the_separator_is_no_header(first: str) -> None:
    raw = parse(f"{first}a;b\n1;2\n", separator=";")
    assert raw.frame.to_numpy().tolist() == [["1", "2"]]
    assert list(raw.frame.index) == [3]


def test_lines_above_the_header_are_skipped() -> None:
    data = "Title, of\n\na,b\n1,2\n"
    assert cells(data, skip=1) == cells(data, skip=2) == [["1", "2"]]
    assert list(parse(data, skip=2).frame.index) == [4]


def test_a_title_is_told_with_how_many_lines_to_skip() -> None:
    with pytest.raises(UserError) as caught:
        parse("sep=,\nTitle of all\n\na,b\n1,2\n")
    assert caught.value.fix == "the header seems to come further below: dataset.skip=2"
    assert cells("sep=,\nTitle of all\n\na,b\n1,2\n", skip=2) == [["1", "2"]]


def test_without_a_header_columns_have_numbers() -> None:
    columns = {"b": "column_2", "a": "column_1"}
    raw = sources.parse(b"1,2\n3,4\n", "rows.csv", columns=columns, header=False)
    assert raw.frame.to_dict("list") == {"b": ["2", "4"], "a": ["1", "3"]}
    assert list(raw.frame.index) == [1, 2]


def test_a_file_of_lines_that_are_skipped_is_empty() -> None:
    with pytest.raises(UserError, match="The source is empty"):
        parse("a,b\n", skip=3)


def test_cells_below_no_name_may_be_left_out() -> None:
    raw = parse("a,b,,\n1,2,,\n3,4\n5,6,7,8\n")
    assert raw.frame.to_numpy().tolist() == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert not raw.faults


def test_too_many_columns_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = ",".join(f"c{at}" for at in range(100_000))
    with pytest.raises(UserError, match="100,000 columns, more than the 20,000"):
        parse(f"{wide}\n{wide}\n")
    monkeypatch.setattr(headers, "MOST_COLUMNS", 2)
    assert cells("a,b\n1,2\n") == [["1", "2"]]
