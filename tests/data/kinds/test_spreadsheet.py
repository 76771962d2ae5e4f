from __future__ import annotations

import pytest

from src.data.kinds import spreadsheet


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_begins_as_a_formula_is_marked_as_text(start: str) -> None:
    assert spreadsheet.cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["a=1", "", "1-1", "/v1/x", -5, -0.5, None])
def test_all_else_stays_as_it_is(value: object) -> None:
    assert spreadsheet.cell(value) == value


@pytest.mark.parametrize("cell", ["=1+1", "-a", " =A1", "@x", "\uff1d1"])
def test_a_cell_of_a_csv_that_is_a_formula_is_marked(cell: str) -> None:
    assert spreadsheet.text_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a; \t@x;b", "a; \t'@x;b"),
        ("=a;+b", "'=a;'+b"),
        ("a;\uff1d1", "a;'\uff1d1"),
    ],
)
def test_a_formula_after_another_separator_is_marked(text: str, marked: str) -> None:
    assert spreadsheet.text_cell(text) == spreadsheet.cell(text) == marked


@pytest.mark.parametrize("cell", ["-3.5", "+2", "-1e-5", "-", "a=b", "", "'x", "a;b;1", "a;;b"])
def test_a_cell_of_a_csv_that_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert spreadsheet.text_cell(cell) == cell
