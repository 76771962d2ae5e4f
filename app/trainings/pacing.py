"""A share of the time for what is looked at again and again."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from src.support.recurring import rest


class Share:
    """Look only when the look before has been rested for, twenty times as long as it took.

    One that takes milliseconds is rested for before the next is due anyway.
    """

    def __init__(self) -> None:
        self._rested = 0.0

    def spend(self, look: Callable[[], object]) -> None:
        """Look, unless it is too early; what fails after a long time is rested for too."""
        started = monotonic()
        if started < self._rested:
            return
        try:
            look()
        finally:
            now = monotonic()
            self._rested = now + rest(now - started)
