"""Convert and format unchecked JSON values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from app.records.strict_json import Literally
from src.support.errors import did_you_mean

SHOWN = 100  # characters of a value or a name in a problem


def number(value: Any) -> float | None:
    """Return a JSON number as a float, infinite if too large; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Literally | int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def is_number(text: str) -> bool:
    """Tell whether a text is a finite number."""
    try:
        return math.isfinite(float(text[:SHOWN]))
    except ValueError:
        return False


def clipped(text: str) -> str:
    """Shorten a text and replace what cannot be encoded."""
    text = text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
    return text.encode(errors="replace").decode()


def shown(value: Any) -> str:
    """Format a value as shortened JSON."""
    if isinstance(value, Literally):
        return clipped(value)
    if value is None or isinstance(value, bool | str | float):
        short = clipped(value) if isinstance(value, str) else value
        return msgspec.json.encode(short).decode()
    if isinstance(value, int):
        return clipped(str(value) if abs(value) < 10**SHOWN else "a number too large to write")
    return "an array" if isinstance(value, list) else "an object"


def nearest(value: Any, choices: Iterable[str]) -> str | None:
    """Suggest a choice, ignoring case, which difflib does not."""
    if not isinstance(value, str):
        return None
    text = value[:SHOWN].strip()
    for choice in choices:
        if choice.casefold() == text.casefold():
            return f"did you mean '{choice}'?"
    return did_you_mean(text, choices)
