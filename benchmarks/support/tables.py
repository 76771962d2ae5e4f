"""Print tables of figures, each with the interpreter that they were measured with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from src.support import interpreter, text_tables


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under their columns."""
    text_tables.show(f"{title}; {interpreter.description()}", columns, rows)
