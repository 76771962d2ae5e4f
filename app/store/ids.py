"""Ids that sort by time: UUID version 7 (RFC 9562)."""

from __future__ import annotations

import re

import uuid_utils

PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$(?!\n)"
_ENDS = [f"{number:03x}" for number in range(4096)]


def new() -> str:
    """Return an id that is greater than all that this process made before.

    48 bits of milliseconds, a counter of 42 bits that begins anew, at random, in each millisecond,
    and 32 random bits. Ids of several processes sort by their milliseconds.
    """
    return str(uuid_utils.uuid7())


def after(number: str) -> str:
    """Return an id that is new and greater than one that another process may have made."""
    made = new()
    return made if made > number else following(number, 1)[0]


def following(number: str, count: int, start: int = 0) -> list[str]:
    """Return the ids that follow one at `start` and after: always the same ones.

    They count its first 60 bits on and keep the others, so they stand together in any order by id.
    """
    first = int(number[:8] + number[9:13] + number[15:18], 16) + 1 + start
    tail = number[18:]
    found: list[str] = []
    # Of neighbours only the last three digits differ: they are written once for all.
    for block in range(first >> 12, (first + count >> 12) + 1):
        text = f"{block:012x}"
        low, high = max(first - (block << 12), 0), min(first + count - (block << 12), 4096)
        front = f"{text[:8]}-{text[8:]}-7"
        found += [f"{front}{end}{tail}" for end in _ENDS[low:high]]
    return found


def at(moment: float) -> str:
    """Return the smallest id of a moment (seconds since 1970): all later ids are greater."""
    text = f"{int(moment * 1000):012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-000000000000"


def is_one(text: str) -> bool:
    """Tell whether a text is written as our ids are."""
    return re.fullmatch(PATTERN, text) is not None
