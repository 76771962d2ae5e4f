"""Write Markdown: tables, and cells whose text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from src.support.text_tables import text

SPECIAL = re.compile(r"[\\`*|<\[\]]")  # what Markdown would take for its own


class Markdown(str):
    """Text that is Markdown already; any other text is escaped."""

    __slots__ = ()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table, with its cells escaped."""
    cells = [[cell(value) for value in row] for row in rows]
    lines = [[cell(name) for name in columns], ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bold(words: str) -> Markdown:
    """Write words in bold."""
    return Markdown(f"**{cell(words)}**")


def cell(value: Any) -> str:
    """Write a value on one line, escaped."""
    if isinstance(value, Markdown):
        return value
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return SPECIAL.sub(r"\\\g<0>", " ".join((f"{value:,}" if is_count else text(value)).split()))
