"""Shorten long texts in lists."""

from __future__ import annotations

from typing import Any

LONGEST = 300  # characters of a text in a list


def clipped(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its long texts shortened; its receipt has them in full."""
    return {name: _cut(value) for name, value in record.items()}


def _cut(value: Any) -> Any:
    is_long = isinstance(value, str) and len(value) > LONGEST
    return f"{value[:LONGEST]}\N{HORIZONTAL ELLIPSIS}" if is_long else value
