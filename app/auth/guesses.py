"""Wrong keys by address: after some of them, further ones are refused before they are looked at.

Whoever has a right key gets in all the same, for many can share an address: the beginning of a key
tells whether there is one that it could be, and only where there is none it is not looked at. To
guess what follows a beginning is hopeless at any rate (256 random bits). Each worker counts for
itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from app.auth.hosts import network
from src.support.errors import UserError

MOST = 10  # wrong keys of an address ...
WINDOW = 60.0  # ... in so many seconds, from the first one on
PLACES = 10_000  # addresses that are remembered; beyond that the oldest is forgotten


class Guesses:
    """Counts wrong keys."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        """Take a function that tells how many seconds have passed."""
        self._seconds = seconds
        self._lock = threading.Lock()
        # By address: since when, and how many. In the order in which they end.
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, address: str) -> None:
        """Count a wrong key."""
        place, now = network(address), self._seconds()
        with self._lock:
            while self._wrong and self._is_oldest_due(now):
                self._wrong.popitem(last=False)
            since, number = self._wrong.get(place, (now, 0))
            self._wrong[place] = since, number + 1

    def refusal(self, address: str) -> UserError | None:
        """Return what to answer to another wrong key; None while there were few of them."""
        since, number = self._wrong.get(network(address), (0.0, 0))
        left = since + WINDOW - self._seconds()
        if number < MOST or left <= 0:
            return None
        return UserError(
            "Too many wrong API keys came from this address.",
            code="too_many_wrong_keys",
            fix="wait, or send a key that is right: that one is taken at once",
            more={"retry_after": math.ceil(left)},
        )

    def _is_oldest_due(self, now: float) -> bool:
        """Tell whether the address that is remembered for the longest is to be forgotten."""
        since, _ = next(iter(self._wrong.values()))
        return len(self._wrong) >= PLACES or since + WINDOW <= now
