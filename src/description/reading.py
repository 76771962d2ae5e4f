"""Read somebody's file whole, as text, with what it says of how it is written."""

from __future__ import annotations

import csv
import io
import warnings
from dataclasses import dataclass

import pandas as pd

from src.data import sources
from src.description import dialect as dialects
from src.description.dialect import Dialect
from src.support import files
from src.support.errors import UserError

NAMELESS = "column_{}"


@dataclass(frozen=True)
class Table:
    """All rows as text, the names of the columns as the file has them, and how it is written."""

    source: str
    frame: pd.DataFrame
    dialect: Dialect
    nameless: list[str]  # columns that the file does not name


def read(source: str) -> Table:
    """Read a CSV from a path or a URL; raise UserError where it is none."""
    text, encoding = dialects.decode(sources.fetch(source))
    if not text.strip():
        raise UserError("The source is empty.", given=source, fix="give a file with rows")
    dialect = dialects.of(text, encoding)
    names, nameless, begin = _names(text, dialect)
    head = files.csv_text([names], dialect.separator, "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of columns that nobody has named yet
        raw = sources.parse(
            (head + text[begin:]).encode(),
            source,
            separator=dialect.separator,
            encoding="utf-8",
            columns={},
        )
    return Table(source, raw.whole.reset_index(drop=True), dialect, nameless)


def _names(text: str, dialect: Dialect) -> tuple[list[str], list[str], int]:
    """Return the columns' names, those of our own making, and where the rows begin."""
    at = _line(text, dialect.skip)
    reader = csv.reader(
        io.StringIO(text[at : at + dialects.SAMPLE], newline=None), delimiter=dialect.separator
    )
    first: list[str] = next((row for row in reader if any(map(str.strip, row))), [])
    begin = _line(text, dialect.skip + reader.line_num) if dialect.header else at
    names: list[str] = []
    nameless = []
    for place, cell in enumerate(first, start=1):
        name = cell.strip() if dialect.header else ""
        if not name:
            name = NAMELESS.format(place)
            nameless.append(name)
        names.append(name)
    return names, nameless, begin


def _line(text: str, lines: int) -> int:
    """Return the place at which so many lines are over."""
    at = 0
    for _ in range(lines):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at
