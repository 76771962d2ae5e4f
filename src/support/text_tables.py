"""Print tables for people, fitted to the terminal if there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from src.support import extras

UNBOUND = 240  # columns for a pipe or a file, where nothing wraps


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under their columns, numbers aligned to the right."""
    cells = [[text(value) for value in row] for row in rows]
    if columns and cells and not any(row[-1] for row in cells):  # a last column without a word
        columns, cells = columns[:-1], [row[:-1] for row in cells]
    numeric = [any(_is_number(row[at]) for row in cells) for at in range(len(columns))]
    draw = _draw if extras.has("rich") else _write
    draw(title, columns, numeric, cells)


def _write(title: str, columns: Sequence[str], numeric: list[bool], cells: list[list[str]]) -> None:
    """Print a table as plain text, for installations without rich."""
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    if title:
        print(title)
    print()
    for row in (columns, ["-" * width for width in widths], *cells):
        placed = zip(row, widths, numeric, strict=True)
        print("  ".join(_placed(*one) for one in placed).rstrip())
    print()


def _placed(cell: str, width: int, is_number: bool) -> str:
    return cell.rjust(width) if is_number else cell.ljust(width)


def _draw(title: str, columns: Sequence[str], numeric: list[bool], cells: list[list[str]]) -> None:
    """Print a table that fits the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column, is_number in zip(columns, numeric, strict=True):
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else UNBOUND
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    if title:  # a table's own would be wrapped where the columns end
        console.print(title, style="table.title")
    console.print(table)


def text(value: Any) -> str:
    """Format a cell: six significant digits, and a dash for None."""
    if value is None or value != value:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
