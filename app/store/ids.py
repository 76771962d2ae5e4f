"""Ids that sort by time: UUID version 7 (RFC 9562)."""

from __future__ import annotations

import re

import uuid_utils

PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$(?!\n)"
_ENDS = [f"{number:03x}" for number in range(4096)]


def new() -> str:
    """Return an id that is greater than all earlier ones of this process.

    48 bits of milliseconds, a counter of 42 bits that begins anew, at random, in each millisecond,
    and 32 random bits. Ids of several processes sort by their milliseconds.
    """
    return str(uuid_utils.uuid7())


def after(other: str) -> str:
    """Return a new id that is greater than another, perhaps from another process."""
    made = new()
    return made if made > other else following(other, 1)[0]


def following(start_id: str, count: int, start: int = 0) -> list[str]:
    """Return `count` ids that follow `start_id`, from position `start`; always the same ones.

    They increment its first 60 bits and keep the others, so they are adjacent in the order of ids.
    """
    first = int(start_id[:8] + start_id[9:13] + start_id[15:18], 16) + 1 + start
    tail = start_id[18:]
    made: list[str] = []
    # Neighbours differ only in their last three digits, which are precomputed.
    for block in range(first >> 12, (first + count >> 12) + 1):
        text = f"{block:012x}"
        low, high = max(first - (block << 12), 0), min(first + count - (block << 12), 4096)
        front = f"{text[:8]}-{text[8:]}-7"
        made += [f"{front}{end}{tail}" for end in _ENDS[low:high]]
    return made


def at(moment: float) -> str:
    """Return the smallest id of a time in seconds since 1970."""
    text = f"{int(moment * 1000):012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-000000000000"


def is_one(text: str) -> bool:
    """Tell whether a text has the form of an id."""
    return re.fullmatch(PATTERN, text) is not None
