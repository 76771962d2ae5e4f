"""How values are written as text, so that each has one spelling wherever it comes from.

A spreadsheet writes a code as 1, pandas as 1.0 where another cell of its column is missing, and
JSON as a number. All of them are the category 1. Codes such as 01 or 1e3 stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")


def plain(value: str | float) -> str | int | float:
    """Return a whole float as an int, everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def spelt(value: float) -> str:
    """Write a number as in a CSV; a whole one without a point."""
    return str(plain(value))


def canonical(text: str) -> str:
    """Write a whole number that has a point as `spelt` does; any other text stays as it is."""
    match = WHOLE.fullmatch(text)
    if match is None:
        return text
    return "0" if match[1] == "-0" else match[1]


def canonical_keys(values: Mapping[str | None, T]) -> dict[str | None, T]:
    """Return a look-up that also finds what was learnt under another spelling of its key."""
    looked_up = dict(values)
    for key, value in values.items():
        if key is not None:
            looked_up.setdefault(canonical(key), value)
    return looked_up
