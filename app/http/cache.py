"""Cache the results of slow counts; one thread at a time refreshes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.store import database as databases
from src.support.errors import UserError
from src.support.recurring import rest

Count = TypeVar("Count")
LONG = 0.1  # seconds; a count that takes longer is cached for a while
RESPITE = 10.0  # seconds before a failed count is tried again; app.http.problems says so, too


def unless_quick(took: float) -> float:
    """Return the seconds for which a count is cached, by those it took; none if it was quick."""
    return rest(took) if took > LONG else 0.0


class SlowCount(Generic[Count]):
    """The last count, which others get without waiting while one thread refreshes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Count | None = None
        self._of: object = None
        self._until = 0.0
        self._failed_until = 0.0

    def get(self, count: Callable[[], Count], pause: Callable[[float], float], of: object) -> Count:
        """Return a count that is younger than `pause` of the seconds it took.

        It is refreshed at once if `of` has changed. If that fails, the last count is returned for a
        while; if there is none, the error is raised, and a UserError afterwards.
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
