"""What takes long to count, as it was lately; one thread at a time counts it anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.store import database as databases
from src.support.errors import UserError
from src.support.recurring import rest

Count = TypeVar("Count")
LONG = 0.1  # seconds that a count takes after which it is not done again for a while
RESPITE = 10.0  # seconds in which what failed is not tried again; app.http.problems says so, too


def unless_quick(took: float) -> float:
    """Return for how long a count stands that took so many seconds: not at all if it was quick."""
    return rest(took) if took > LONG else 0.0


class SlowCount(Generic[Count]):
    """The last count. Who comes while it is made anew gets it and does not wait for the new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Count | None = None
        self._of: object = None
        self._until = 0.0
        self._failed_until = 0.0

    def get(self, count: Callable[[], Count], pause: Callable[[float], float], of: object) -> Count:
        """Return a count that is younger than a pause, which follows from the seconds it took.

        It is made anew at once where it is of something else. Where that fails, and for a while
        after, the last one stands; raise what failed, then UserError, where there is none.
        """
        made = self._made
        if made is not None and (not self._is_due(of) or self._lock.locked()):
            return made
        with self._lock:
            begun = time.monotonic()
            if self._is_due(of):
                try:
                    self._made = count()
                except databases.ERRORS:
                    self._failed_until = time.monotonic() + RESPITE
                    if self._made is None:
                        raise
                else:
                    now = time.monotonic()
                    self._until, self._of = now + pause(now - begun), of
            if self._made is None:
                raise UserError(
                    "The count failed a moment ago.",
                    code="count_failed",
                    fix="try again; see /readyz",
                )
            return self._made

    def _is_due(self, of: object) -> bool:
        now = time.monotonic()
        return now >= self._failed_until and (now >= self._until or of != self._of)
