"""Cells that a spreadsheet would take for a formula, written so that it takes them for text."""

from __future__ import annotations

from typing import Any

# What a formula begins with; a tab or an end of a line may be dropped before it.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> Any:
    """Return a cell with an apostrophe before a text that begins as a formula does.

    Spreadsheets take what follows an apostrophe for text. Numbers are none, and stay as they are.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS) else value
