"""Cells of a workbook -> a grid of text, read by python-calamine."""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from src.data.sources import kinds
from src.data.sources.compressed import BROKEN, check_size
from src.data.sources.grid import Filling, Grid
from src.data.sources.headers import check_width, numbered
from src.data.sources.options import Options
from src.data.sources.spelling import cell
from src.support import extras
from src.support.errors import UserError, unknown

MOST_CELLS = 50_000_000  # of the rectangle around all that a sheet has; each takes 24 bytes
BLOCK = 2**20
OVERLAP = 200  # bytes of a cell's tag that may stand in two blocks
AHEAD = 20
_PLACE = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_CELLS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})?:([A-Z]{1,3})([1-9][0-9]{0,6})?")


@dataclass(frozen=True)
class _Area:
    """Rows and columns from 1, both ends within; 0 is no end."""

    top: int = 1
    left: int = 1
    bottom: int = 0
    right: int = 0


def read(file: BinaryIO, source: str, options: Options) -> Grid:
    """Read the cells of a sheet; the place of a row is its number in the sheet."""
    if not extras.has("python_calamine"):
        raise extras.absent("python_calamine", "The source is an Excel workbook.")
    area = _area(options.cells)
    _check_expanded(file, source)
    top = area.top + options.skip
    every = _rows(_sheet(file, source, options), area)
    rows = (one for one in every if one[0] >= top and any(map(str.strip, one[1])))
    first = next(rows, None)
    if first is None:
        raise UserError("The source is empty.", given=_where(source, options))
    names = first[1] if options.header else numbered(len(first[1]))
    check_width(names, source)
    filling = Filling(len(names))
    ahead = list(itertools.islice(rows, AHEAD))
    for place, row in itertools.chain(ahead if options.header else [first, *ahead], rows):
        filling.add(row, place)
    below = [(place - area.top, row) for place, row in ahead]
    return Grid(names, filling.columns(), filling.places(), ahead=below)


def _where(source: str, options: Options) -> str:
    words = [f"{name} {value}" for name in ("sheet", "cells") if (value := getattr(options, name))]
    return ", ".join([source, *words])


def _area(cells: str | None) -> _Area:
    if cells is None:
        return _Area()
    match = _CELLS.fullmatch(cells.upper().replace("$", "").replace(" ", ""))
    if match is None:
        raise UserError(
            "'dataset.cells' is no range of cells.",
            given=cells,
            choices=["B3:F200", "B:F (whole columns)", "B3:F (from row 3 to the last one)"],
        )
    left, top, right, bottom = match.groups()
    area = _Area(int(top or 1), _column(left), int(bottom or 0), _column(right))
    if area.right < area.left or (area.bottom and area.bottom < area.top):
        raise UserError(
            "'dataset.cells' ends before it begins.", given=cells, fix="write it as B3:F200"
        )
    return area


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _sheet(file: BinaryIO, source: str, options: Options) -> Any:
    """Open a sheet; raise UserError where there is none of this name, or the file is broken."""
    import python_calamine

    file.seek(0)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(file)
        name = _named(book.sheet_names, options.sheet, source)
        return book.get_sheet_by_name(name)
    except UserError:
        raise
    except python_calamine.PasswordError:
        raise UserError(
            "The source is a workbook behind a password.", given=source, fix="save it without one"
        ) from None
    except BaseException as error:
        # A panic of the library is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise UserError(
            "The source is a broken workbook.",
            given=f"{source} ({str(error)[:200]})",
            fix="open it in a spreadsheet and save it again, or save it as CSV",
        ) from None


def _named(names: Sequence[str], sheet: str | int | None, source: str) -> str:
    if sheet is None:
        sheet = 1
    if isinstance(sheet, int):
        if not 1 <= sheet <= len(names):
            raise UserError(
                f"The source has no sheet {sheet}.",
                given=source,
                choices=names,
                fix="sheet: <name>",
            )
        return names[sheet - 1]
    if sheet not in names:
        raise unknown("sheet", sheet, names, of=source)
    return sheet


def _rows(sheet: Any, area: _Area) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of an area with their numbers, each as wide as the widest."""
    if sheet.start is None:  # there is nothing in it
        return
    before = [""] * sheet.start[1]  # empty columns on the left are not in the rows
    right = area.right or sheet.end[1] + 1
    width = right - area.left + 1
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if area.bottom and number > area.bottom:
            return
        if number >= area.top:
            cells = [*before, *map(cell, row)][area.left - 1 : right]
            yield number, cells + [""] * (width - len(cells))


def _check_expanded(file: BinaryIO, source: str) -> None:
    """Open what a workbook of today is made of, and look how large it and its sheets become.

    The sizes that an archive tells of itself may be lies, and a sheet of two cells may be a
    rectangle of seventeen billion.
    """
    packed = file.seek(0, 2)
    file.seek(0)
    if file.read(2) != b"PK":
        return  # of before 2007, whose sheets are small
    total = 0
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                member.file_size = 2**62  # so that all of it is read, whatever it says
                extent = _Extent(source)
                with archive.open(member) as content:
                    while block := content.read(BLOCK):
                        total += len(block)
                        check_size(total, packed, source)
                        extent.add(block)
    except BROKEN as error:
        raise UserError(
            f"The source is {kinds.WORDS[kinds.EXCEL]}, and broken.",
            given=f"{source} ({error})",
            fix="open it in a spreadsheet and save it again, or save it as CSV",
        ) from None


class _Extent:
    """The rectangle around the cells that XML mentions."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._rest = b""
        self._rows: set[int] = set()
        self._columns: set[int] = set()

    def add(self, block: bytes) -> None:
        """Take more of the XML; raise UserError where the rectangle is too large."""
        data = self._rest + block
        self._rest = data[-OVERLAP:]
        for letters, digits in set(_PLACE.findall(data)):
            self._rows.add(int(digits))
            self._columns.add(_column(letters.decode()))
        if not self._rows:
            return
        self._rows = {min(self._rows), max(self._rows)}
        self._columns = {min(self._columns), max(self._columns)}
        height = max(self._rows) - min(self._rows) + 1
        width = max(self._columns) - min(self._columns) + 1
        if height * width > MOST_CELLS:
            raise UserError(
                f"A sheet of the source spans {height:,} rows and {width:,} columns, more than "
                f"the {MOST_CELLS:,} cells that are read.",
                given=self._source,
                fix="take out the cells far from the table, or save the sheet as CSV",
            )
