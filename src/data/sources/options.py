"""How a source is read: the keys of a dataset that say what its file looks like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """A CSV's dialect, a workbook's cells, a database's table or query."""

    separator: str = ","
    encoding: str = "utf-8"
    header: bool = True  # whether the first row names the columns; else column_1, column_2, ...
    skip: int = 0  # lines above the header, or above the first row
    sheet: str | int | None = None
    cells: str | None = None  # such as B3:F200
    table: str | None = None
    query: str | None = None
