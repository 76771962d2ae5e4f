"""Write cells so that a spreadsheet does not take text for a formula."""

from __future__ import annotations

import re
from typing import Any

from src.data.kinds.number_format import as_number

# What a formula begins with, after blanks; Asian spreadsheets also where it is written wide.
SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
DROPPED = ("\t", "\r", "\n")  # may be dropped before whatever follows
MARK = "'"  # what spreadsheets take for the start of a text
# Where a comma is the decimal sign a semicolon ends a cell, also within what commas separate.
_INNER = re.compile(rf"(;\s*)(?=[{re.escape(''.join(SIGNS))}])")


def is_formula(text: str) -> bool:
    """Tell whether a text begins like a formula."""
    return text.lstrip().startswith(SIGNS)


def cell(value: Any) -> Any:
    """Return a cell, with an apostrophe before a text that may be taken for a formula.

    Spreadsheets take what follows an apostrophe for text. Numbers are none, and stay as they are.
    """
    if not isinstance(value, str):
        return value
    is_text = is_formula(value) or value.startswith(DROPPED)
    return f"{MARK}{_within(value)}" if is_text else _within(value)


def text_cell(cell: str) -> str:
    """Return a cell of a CSV, whose numbers are text too, with formulas marked."""
    is_text = is_formula(cell) and len(cell) > 1 and as_number(cell) is None
    return f"{MARK}{_within(cell)}" if is_text else _within(cell)


def _within(text: str) -> str:
    """Mark the formulas that a text would have if it were taken for several cells."""
    return _INNER.sub(rf"\1{MARK}", text) if ";" in text else text
