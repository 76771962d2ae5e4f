from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import csv_reader, line_blocks
from app.records.csv_reader import Batch, CsvReader
from app.records.invalid import Invalid
from src.support.errors import Fault

BLOCK = 64


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(line_blocks, "BLOCK", BLOCK)
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)  # it is the process's


def opened(text: str | bytes, *needed: str, separator: str = ",", longest: int = 200) -> CsvReader:
    data = text.encode() if isinstance(text, str) else text
    return CsvReader(
        io.BytesIO(data),
        dataset="sheets",
        separator=separator,
        needed=list(needed or "ab"),
        longest=longest,
    )


def test_a_column_that_is_optional_is_no_other_one() -> None:
    text = b"a,more,c\n1,2,3\n"
    found = CsvReader(
        io.BytesIO(text),
        dataset="sheets",
        separator=",",
        needed=["a"],
        longest=200,
        optional=["b", "c"],
    )
    assert (found.header, found.extra) == (["a", "more", "c"], ["more"])


def rows(found: CsvReader) -> list[tuple[int, list[str]]]:
    """Return the rows with their lines; none of them is broken."""
    batches = list(found.batches())
    assert not any(batch.broken for batch in batches)
    return [pair for batch in batches for pair in zip(batch.lines, batch.rows, strict=True)]


def refused(text: str | bytes, *needed: str, **changes: int) -> Fault:
    with pytest.raises(Invalid) as caught:
        opened(text, *needed, **changes)  # type: ignore[arg-type]
    assert caught.value.code == "invalid_csv"
    (problem,) = caught.value.errors
    return problem


def broken(text: str | bytes, **changes: int) -> tuple[list[list[str]], int, str]:
    """Return the rows before the one that cannot be read, its line and what is wrong."""
    batches: list[Batch] = list(opened(text, **changes).batches())  # type: ignore[arg-type]
    assert not any(batch.broken for batch in batches[:-1])
    error = batches[-1].broken
    assert error
    return [row for batch in batches for row in batch.rows], error.line, error.what


def test_columns_may_stand_in_any_order_and_others_among_them() -> None:
    found = opened(" b ,more,a,\n1,2,3,4\n")
    assert found.header == ["b", "more", "a", ""]
    assert found.extra == ["more", ""]
    assert rows(found) == [(2, ["1", "2", "3", "4"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(end: str) -> None:
    text = ["", '"a', '",b', "1,2", "", " \t ", f'"one{end}{end}two",3', "", "4,5"]
    found = opened(end.join(text))
    assert found.header == ["a", "b"]
    expected = [(4, ["1", "2"]), (7, [f"one{end}{end}two", "3"]), (11, ["4", "5"])]
    assert rows(found) == expected


def test_a_cell_may_hold_the_separator_and_quotes() -> None:
    assert rows(opened('a;b\n"x;y";"say ""no"""\n', separator=";")) == [(2, ["x;y", 'say "no"'])]


def test_an_empty_cell_alone_is_a_row_if_it_is_quoted() -> None:
    assert rows(opened('a\n""\n\nx\n', "a")) == [(2, [""]), (4, ["x"])]


@given(st.lists(st.tuples(st.text(alphabet="x\n\r,\"'é ", max_size=9), st.just("1")), max_size=30))
def test_rows_are_the_same_however_they_fall_on_blocks(given_rows: list[tuple[str, str]]) -> None:
    text = "a,b\n" + "".join(
        '"' + first.replace('"', '""') + f'",{second}\n' for first, second in given_rows
    )
    found = [row for _, row in rows(opened(text))]
    assert found == [list(row) for row in given_rows]


def test_no_batch_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    short = list(opened("a,b\n" + "1,2\n" * 100).batches())
    assert len(short) >= 5
    assert max(len(batch.rows) for batch in short) <= BLOCK // 4 + 1
    monkeypatch.setattr(line_blocks, "BLOCK", 10_000)
    monkeypatch.setattr(csv_reader, "CHUNK", 30)
    batches = list(opened("a,b\n" + "1,2\n" * 100).batches())
    assert [len(batch.rows) for batch in batches] == [30, 30, 30, 10]
    assert batches[1].lines == list(range(32, 62))


def test_a_mark_at_the_start_is_no_part_of_the_first_name() -> None:
    assert opened(b"\xef\xbb\xbfa,b\n1,2\n").header == ["a", "b"]


def test_what_is_needed_must_be_there() -> None:
    problem = refused("a,cout\n1,2\n", "a", "count", "c")
    assert problem.detail == "The CSV lacks columns: count, c."
    assert problem.given == "a,cout"
    assert problem.allowed == ["a,count,c"]
    assert problem.fix == "did you mean 'cout'?"
    assert refused("a\n1\n").detail == "The CSV lacks a column: b."


def test_another_separator_is_recognised() -> None:
    assert refused("a;b\n1;2\n").fix == 'separate cells by ",", not by ";"'
    assert refused("a\tb\n1\t2\n").fix == r'separate cells by ",", not by "\t"'


@pytest.mark.parametrize("text", ["", "\n\n", " \n,,\n", b"\xef\xbb\xbf"])
def test_a_header_is_needed(text: str | bytes) -> None:
    problem = refused(text)
    assert problem.detail == "The CSV has no header."
    assert problem.allowed == ["a,b"]


def test_no_column_stands_there_twice() -> None:
    assert refused("a,b,x,x \n1,2\n").detail == "Duplicate column 'x' in the header."


def test_many_columns_are_not_all_told() -> None:
    names = [f"c{at}" for at in range(20_000)]
    header = ",".join(["a", "b", *names]) + "\n"
    found = opened(header, longest=1_000_000)
    assert found.extra == [
        *names[: csv_reader.MOST_NAMES],
        f"and {20_000 - csv_reader.MOST_NAMES} more",
    ]
    problem = refused(",".join(names), longest=1_000_000)
    assert len(problem.given or "") <= 100


def test_a_quote_that_is_left_open_ends_it() -> None:
    before = "a,b\n" + "1,2\n" * 30
    assert broken(before + '3,"4\n5,6\n') == (
        [["1", "2"]] * 30,
        32,
        "The row on line 32 has a quote that is left open.",
    )
    assert broken('a,b\n1,2\n"  ')[:2] == ([["1", "2"]], 3)
    assert refused('a,"b\n1,2\n').detail == "The row on line 1 has a quote that is left open."


def test_what_a_quote_left_open_would_swallow_is_bounded() -> None:
    found, line, what = broken('a,b\n1,2\n3,"' + "4\n" * 1000)
    assert (found, line) == ([["1", "2"]], 3)
    assert what == "The row on line 3 has a cell of more than 200 characters."


def test_a_line_without_end_ends_it() -> None:
    assert broken("a,b\n1,2\n" + "3," * 1000)[:2] == ([["1", "2"]], 3)
    assert refused("a,b" * 1000).detail.endswith("more than 200 characters.")


def test_what_is_no_text_ends_it_and_no_half_of_a_row_is_taken() -> None:
    found, line, what = broken(b'a,b\n1,2\n3,"x\n4,\xff5\n')
    assert (found, line) == ([["1", "2"]], 4)
    assert what == "Line 4 is not UTF-8: it has the byte 0xff."
    assert refused(b"a,b\0\n").detail == "Line 1 is not UTF-8: it has a NUL byte."


def test_a_header_may_have_the_names_of_the_source() -> None:
    found = CsvReader(
        io.BytesIO(b"First name,b,more\n1,2,3\n"),
        dataset="sheets",
        separator=",",
        needed=["a", "b"],
        longest=200,
        source={"a": "First name ", "b": "Second name"},
    )
    assert found.header == ["a", "b", "more"]
    assert found.written == ["First name", "b", "more"]
    assert found.extra == ["more"]
