from __future__ import annotations

import datetime
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from src.data import sources
from src.data.sources import compressed, excel
from src.support.errors import UserError

Cells = dict[str, Any]
TABLE: Cells = {
    "A1": "Sales of 2026",
    "B3": "area\n(m²)",
    "C3": "sold",
    "D3": "is new",
    "B4": 70.0,
    "C4": datetime.date(2026, 3, 1),
    "D4": True,
    "B6": 81.5,
    "C6": datetime.datetime(2026, 3, 1, 12, 30),
    "B7": "unknown",
    "F9": "=1/0",
}
COLUMNS = ["area (m²)", "sold", "is new"]


def book(cells: Cells, title: str = "Sales") -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    workbook.create_sheet("Notes")["A1"] = "nothing"
    for place, value in cells.items():
        sheet[place] = value
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def parse(data: bytes, columns=tuple(COLUMNS), **options) -> sources.Raw:
    return sources.parse(data, "rows.xlsx", columns=list(columns), **options)


def refused(data: bytes, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        parse(data, **options)
    return caught.value


@pytest.mark.parametrize(
    "options",
    [
        {"cells": "B3:D7"},
        {"cells": "$b$3:$d$7", "sheet": "Sales"},
        {"cells": "B3:D", "sheet": 1},
        {"skip": 2},
        {"cells": "B:D", "skip": 2},
    ],
)
def test_cells_are_text_with_the_number_of_their_row(options: dict[str, Any]) -> None:
    raw = parse(book(TABLE), **options)
    assert raw.frame.to_numpy().tolist() == [
        ["70", "2026-03-01", "true"],
        ["81.5", "2026-03-01T12:30:00", ""],
        ["unknown", "", ""],
    ]
    assert list(raw.frame.index) == [4, 6, 7]


def test_columns_left_of_the_table_may_be_empty() -> None:
    data = book({"C2": "a", "D2": "b", "C3": 1, "D3": 2})
    for options in ({}, {"cells": "C2:D3"}, {"cells": "A1:D3"}):
        raw = parse(data, "ab", **options)
        assert raw.frame.to_numpy().tolist() == [["1", "2"]]


def test_without_a_header_columns_have_numbers() -> None:
    raw = parse(book(TABLE), ["column_1"], header=False, cells="B4:B6")
    assert raw.frame["column_1"].tolist() == ["70", "81.5"]


def test_a_title_is_told_with_how_many_lines_to_skip() -> None:
    assert refused(book(TABLE)).fix == ("the header seems to come further below: dataset.skip=2")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"sheet": "Sale"}, "Unknown sheet 'Sale' of rows.xlsx"),
        ({"sheet": 3}, "no sheet 3"),
        ({"cells": "B3"}, "no range of cells"),
        ({"cells": "D3:B4"}, "ends before it begins"),
        ({"cells": "B30:D40"}, "empty"),
    ],
)
def test_what_is_not_in_the_workbook_is_told(options: dict[str, Any], what: str) -> None:
    assert what in refused(book(TABLE), **options).what


def test_a_workbook_under_another_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(book({"A1": "a", "A2": 1}))
    with pytest.warns(UserWarning, match="this is an Excel workbook"):
        raw = sources.read(str(path), columns=["a"])
    assert (raw.frame["a"].tolist(), raw.kind) == (["1"], "excel")


def edited(data: bytes, name: str, change) -> bytes:
    """Return a workbook with another member in place of one."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_sheet_of_two_cells_far_apart_is_not_opened() -> None:
    data = edited(
        book({"A1": "a", "B2": 1}), SHEET, lambda xml: xml.replace(b'r="B2"', b'r="XFD1048576"')
    )
    assert "spans 1,048,576 rows and 16,384 columns" in refused(data, columns="a").what


def test_entities_within_entities_are_not_expanded() -> None:
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(98, 110)
    )
    strings = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    data = edited(
        book({"A1": "a", "A2": "text"}),
        "xl/sharedStrings.xml",
        lambda xml: re.sub(rb"<sst[^>]*>", laughs + b"]>" + strings, xml).replace(b"text", b"&m;"),
    )
    cells = parse(data, "a").frame["a"].tolist()
    assert len(cells[0]) < 10


def test_a_bomb_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    data = edited(book({"A1": "a"}), SHEET, lambda xml: xml + b" " * 2_000_000)
    monkeypatch.setattr(compressed, "FREE", 2**17)
    monkeypatch.setattr(compressed, "MOST_EXPANDED", 2**20)
    assert "expands to more than 1,048,576 bytes" in refused(data, columns="a").what


def test_a_size_that_is_a_lie_is_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2_000_000
    data = edited(book({"A1": "a"}), SHEET, lambda _: b" " * size)
    lie = data.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lie != data
    monkeypatch.setattr(compressed, "MOST_EXPANDED", 2**20)
    assert "expands to more than 1,048,576 bytes" in refused(lie, columns="a").what


@pytest.mark.parametrize(
    "change", [lambda _: b"<nothing", lambda _: b"", lambda xml: xml[: len(xml) // 2]]
)
def test_a_broken_sheet_is_told_or_empty(change) -> None:
    error = refused(edited(book(TABLE), SHEET, change))
    assert "broken workbook" in error.what or "empty" in error.what


def test_a_workbook_of_before_2007_that_is_broken_is_told() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    assert "broken workbook" in refused(data).what


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel.extras, "has", lambda _: False)
    assert refused(book(TABLE)).fix == "pip install -c constraints.txt '.[excel]'"
