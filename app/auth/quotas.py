"""What a key may use in a time: 100000 records a day, written records=100000/day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from app.http.exchange import UNITS
from src.support.errors import UserError

WINDOWS = {"minute": 60, "hour": 3600, "day": 86_400}  # seconds; each begins as in UTC
MOST = 10**12
_QUOTA = re.compile(rf"({'|'.join(UNITS)})=([0-9]{{1,13}})/({'|'.join(WINDOWS)})")


class Quota(NamedTuple):
    """How many of a unit a key may use in a window."""

    unit: str
    most: int
    window: str

    @property
    def seconds(self) -> int:
        """Return the length of the window."""
        return WINDOWS[self.window]

    @property
    def name(self) -> str:
        """Return what tells the quotas of a key apart."""
        return f"{self.unit}-{self.window}"

    def __str__(self) -> str:
        return f"{self.unit}={self.most}/{self.window}"


def read(text: str) -> Quota:
    """Read a quota; raise UserError if it is none."""
    match = _QUOTA.fullmatch(text)
    if match is None or not 0 < int(match[2]) <= MOST:
        raise UserError(
            "This is no quota.",
            given=repr(text),
            choices=[f"<{'|'.join(UNITS)}>=<number>/<{'|'.join(WINDOWS)}>"],
            fix="such as --quota records=100000/day",
        )
    return Quota(match[1], int(match[2]), match[3])


def read_all(texts: Iterable[str]) -> tuple[Quota, ...]:
    """Read quotas; raise UserError if one is none, or if two are of the same unit and window."""
    quotas = tuple(map(read, texts))
    names = [quota.name for quota in quotas]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError("Two quotas are of the same unit and window.", given=", ".join(twice))
    return quotas
