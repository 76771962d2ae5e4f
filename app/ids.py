"""Ids that sort by time: UUID version 7 (RFC 9562)."""

from __future__ import annotations

import os
import re
import threading
import time

DRAWN = 4096  # random bytes at once: a call of the system for each id costs as much as the id

PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$(?!\n)"
_ENDS = [f"{number:03x}" for number in range(4096)]
_lock = threading.Lock()
_last = 0
_random = b""
_used = 0


def new() -> str:
    """Return an id that is greater than all before it in this process.

    48 bits of milliseconds, 12 bits of a finer clock that also counts up, 62 random bits.
    """
    global _last, _random, _used
    now = time.time_ns()
    # A 4096th of a millisecond is 244 ns: the clock's finest step that the format holds.
    ticks = (now // 1_000_000 << 12) | ((now % 1_000_000) * 4096 // 1_000_000)
    with _lock:
        if ticks <= _last:
            ticks = _last + 1
        _last = ticks
        if _used >= len(_random):
            _random, _used = os.urandom(DRAWN), 0
        drawn = _random[_used : _used + 8]
        _used += 8
    front, tail = f"{ticks:015x}", f"{int.from_bytes(drawn) >> 2 | 1 << 63:016x}"
    return f"{front[:8]}-{front[8:12]}-7{front[12:]}-{tail[:4]}-{tail[4:]}"


def following(number: str, count: int, start: int = 0) -> list[str]:
    """Return the ids that follow one at `start` and after: always the same ones.

    They count its clock on and keep its random bits, so they stand together in any order by id.
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


def forget() -> None:
    """Draw anew: a forked process must not go on with its parent's random bytes."""
    global _used
    _used = DRAWN


os.register_at_fork(after_in_child=forget)


def at(moment: float) -> str:
    """Return the smallest id of a moment (seconds since 1970): all later ids are greater."""
    text = f"{int(moment * 1000):012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-000000000000"


def is_one(text: str) -> bool:
    """Tell whether a text is written as our ids are."""
    return re.fullmatch(PATTERN, text) is not None
