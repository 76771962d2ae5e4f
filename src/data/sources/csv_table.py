"""A CSV -> a grid of text: each row with the line on which it begins, and what is wrong with it.

A block is parsed by PyArrow, if each of its lines is a row with as many cells as the header. All
others go through Python's reader row by row, which gives the same.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from src.data.sources import text
from src.data.sources.csv_lines import Lines
from src.data.sources.grid import Filling, Grid
from src.data.sources.headers import check_width, numbered
from src.data.sources.options import Options
from src.data.sources.raw import RAGGED, Fault
from src.support.errors import UserError

SHOWN = 60  # characters of a row
AHEAD = 20  # rows in which a header is looked for, where the first one is none
_EXCEL = re.compile(r'"?sep=.?"?\s*')


def read(file: BinaryIO, source: str, options: Options) -> Grid:
    """Read the table; raise UserError where there is none."""
    return next(batches(file, source, options, math.inf))


def batches(file: BinaryIO, source: str, options: Options, rows: float) -> Iterator[Grid]:
    """Yield the table in parts, each of so many rows or a little more; one without rows is one."""
    lines = Lines(text.blocks(file, source, options.encoding), source, options.separator)
    is_told = _EXCEL.fullmatch(lines.peek()) is not None
    if is_told:  # the separator, for Excel
        lines.skip()
    for _ in range(options.skip):
        lines.skip()
    first = _first_row(lines, source, options)
    names = first[1] if options.header else numbered(len(first[1]))
    check_width(names, source)
    table = _Table(names, options)
    ahead = list(itertools.islice(lines.rows_of_block(), AHEAD))
    for line, row in ahead if options.header else [first, *ahead]:
        table.add(line, row, lines)
    below = [(line - 1 - is_told, row) for line, row in ahead]
    is_first = True
    while lines.fill():
        if not table.add_block(lines):
            for line, row in lines.rows_of_block():
                table.add(line, row, lines)
        if len(table.filling) >= rows:
            yield table.taken(below)
            is_first = False
    if is_first or len(table.filling):
        yield table.taken(below)


def _first_row(lines: Lines, source: str, options: Options) -> tuple[int, list[str]]:
    """Return the first row that has anything in it, the header if there is one."""
    first, row = None, lines.row()
    while row is not None and not any(map(str.strip, row[1])):
        first, row = first or row, lines.row()
    if row is None:
        if first is None:
            fix = "give a CSV with a header line"
            raise UserError("The source is empty.", given=source, fix=fix)
        raise UserError("The source has no header.", given=source, fix="name its columns")
    fault = text.fault(row[1], options.encoding)
    if fault is not None:
        raise UserError(
            f"The source cannot be read: its header is {fault.words}.",
            given=f"{source}, line {row[0]}",
            fix="save it as UTF-8, or set the dataset's encoding (dataset.encoding=latin-1)",
        )
    return row


class _Table:
    """The rows as columns, and the faults of rows."""

    def __init__(self, names: list[str], options: Options) -> None:
        self.filling = Filling(len(names))
        self.faults: dict[object, Fault] = {}
        self._options = options
        self._names = names
        self._width = len(names)
        named = [at for at, name in enumerate(names) if name.strip()]
        self._least = named[-1] + 1  # cells without a name above them may be left out
        columns = [f"{at}" for at in range(self._width)]
        self._reading = arrow_csv.ReadOptions(column_names=columns, use_threads=False)
        self._parsing = arrow_csv.ParseOptions(delimiter=options.separator, newlines_in_values=True)
        self._converting = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=False,
            null_values=[],
        )

    def taken(self, ahead: Sequence[tuple[int, list[str]]]) -> Grid:
        """Return the rows so far, and begin anew."""
        filling, faults = self.filling, self.faults
        self.filling, self.faults = Filling(self._width), {}
        return Grid(self._names, filling.columns(), filling.places(), faults, ahead)

    def add(self, line: int, row: list[str], lines: Lines) -> None:
        """Add a row with as many cells as the header; note it where it has others."""
        fault = text.fault(row, self._options.encoding) if lines.is_marked else None
        if fault is not None:
            row = [text.unmarked(cell) for cell in row]
        if len(row) != self._width:
            fault = fault or self._ragged(row)
            row = [*row[: self._width], *[""] * (self._width - len(row))]
        if fault is not None:
            self.faults[line] = fault
        self.filling.add(row, line)

    def add_block(self, lines: Lines) -> bool:
        """Add what is left of a block if each of its lines is a row; return whether that is so."""
        if self._width == 1:  # a line of blanks could be a row of one cell
            return False
        block = lines.rest_of_block()
        try:
            table = arrow_csv.read_csv(
                pa.py_buffer(block.encode()),
                read_options=self._reading,
                parse_options=self._parsing,
                convert_options=self._converting,
            )
        except (pa.ArrowInvalid, UnicodeEncodeError):  # marks cannot be encoded
            return False
        # A row of several lines makes rows fewer than lines, and so does a blank line. The last row
        # holds the end of its line if its quote is closed in another block.
        if len(table) != block.count("\n") or table.columns[-1][-1].as_py().endswith("\n"):
            return False
        self.filling.add_columns(table.columns, lines.skip_block(len(table)))
        return True

    def _ragged(self, row: list[str]) -> Fault | None:
        if len(row) > self._width:
            is_ragged = any(map(str.strip, row[self._width :]))
        else:
            is_ragged = len(row) < self._least
        if not is_ragged:
            return None
        cells = self._options.separator.join(row)[:SHOWN]
        words = f"the row has {len(row)} cells where the header has {self._width}: {cells!r}"
        return Fault(RAGGED, words)
