"""A clock that a test sets: it stands still until it is moved on."""

from __future__ import annotations

import time

import pytest

from app.store import clock, ids

MILLISECOND = 1_000_000  # of nanoseconds


class Hands:
    """Read moments and stamps, and make ids, by a clock of the test's own."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        # In the midst of a millisecond, which no rounding leaves.
        self._nanoseconds = time.time_ns() // MILLISECOND * MILLISECOND + 3 * MILLISECOND // 2
        self._made = 0
        self._new = ids.new
        patch.setattr(clock, "nanoseconds", lambda: self._nanoseconds)
        patch.setattr(ids, "new", self._id)

    def move(self, milliseconds: int = 1) -> None:
        """Let time pass."""
        self._nanoseconds += milliseconds * MILLISECOND

    def _id(self) -> str:
        """Make an id of the clock's millisecond, greater than those before it."""
        first = ids.at(self._nanoseconds / 1e9)
        (number,) = ids.following(first, 1, self._made)
        self._made += 1
        return number[:18] + self._new()[18:]
