"""A moment as a text says it, a number or an ISO date; read without pandas."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

ALLOWED = ["a number", "2024-05", "2024-05-31", "2024-W22", "2024-05-31T12:30:00Z"]
_MONTH = re.compile(r"\d{4}-\d{2}")


def is_one(text: str) -> bool:
    """Tell whether a text is a number or an ISO date."""
    return math.isfinite(_number(text)) or math.isfinite(seconds(text))


def seconds(text: str) -> float:
    """Return an ISO date or time as seconds since 1970, NaN if it is none.

    What names no time zone is taken as UTC.
    """
    try:
        moment = datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float:
    """Read a number as pandas.to_numeric does; Python would also take 1_000."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
