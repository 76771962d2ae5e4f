from __future__ import annotations

import io

import pytest

from src.description import dialect
from src.description.dialect import Dialect

ROWS = [("7", "Łódź", "1.5"), ("8", "Köln", "2.5"), ("9", "Bern", "0.5")] * 4


def text(separator: str, *above: str, header: str | None = "id,place,cost") -> str:
    lines = [] if header is None else [header.replace(",", separator)]
    return "\n".join([*above, *lines, *(separator.join(row) for row in ROWS)]) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoding_is_told_by_the_bytes(encoding: str) -> None:
    read, told = dialect.decode(io.BytesIO(text(",").encode(encoding)))
    assert read == text(",")
    assert told == encoding.removesuffix("-sig")


def test_what_is_no_utf_8_is_of_a_western_spreadsheet() -> None:
    assert dialect.decode(io.BytesIO("Köln: 5 €\n".encode("cp1252"))) == ("Köln: 5 €\n", "cp1252")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_separator_is_what_cuts_rows_alike(separator: str) -> None:
    assert dialect.of(text(separator), "utf-8") == Dialect(separator=separator)


def test_a_decimal_comma_does_not_hide_the_semicolon() -> None:
    lines = ["a;b;c", *(f"{at},5;x, y;{at},25" for at in range(9))]
    assert dialect.of("\n".join(lines), "utf-8").separator == ";"


def test_lines_above_the_header_are_counted() -> None:
    assert dialect.of(text(";", "Export of 2026", ""), "utf-8").skip == 2


def test_a_declared_separator_is_no_line_above_the_header() -> None:
    assert dialect.of(text(";", "sep=;"), "utf-8") == Dialect(separator=";")
    assert dialect.of(text(";", "sep=;", "Export of 2026"), "utf-8").skip == 1


def test_numbers_above_numbers_are_no_header() -> None:
    assert not dialect.of(text(",", header=None), "utf-8").header


def test_years_above_numbers_are_a_header() -> None:
    lines = ["2019,2020,2021,2022", *("1,2,3,4" for _ in range(5))]
    assert dialect.of("\n".join(lines), "utf-8").header
