"""Requests without a valid key: a few of each minute are logged whole, the others are counted.

Who has no key could fill the disk otherwise. Each worker has a sample of its own, and stores how
many it counted every few seconds; what one counted in the seconds before it is killed is lost.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import peewee

from app.auth.hosts import network
from app.store import clock
from app.store import database as databases
from app.store.tables import UnloggedRequests

EACH = 10  # of an address in a minute
IN_ALL = 60  # in a minute: no more addresses than that are remembered
PAUSE = 5.0  # seconds between two writes
MINUTE = 16  # characters of a moment that name its minute


class Strangers:
    """Chooses the sample of a worker, and counts what is not in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = ""
        self._logged: Counter[str] = Counter()  # by address, in this minute
        self._counted: Counter[tuple[str, int]] = Counter()  # by minute and status
        self._stored = 0.0

    def is_logged(self, address: str) -> bool:
        """Tell whether a request that came now is logged whole, and count it among those."""
        minute, place = clock.stamp()[:MINUTE], network(address)
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._logged.clear()
            if self._logged.total() >= IN_ALL or self._logged[place] >= EACH:
                return False
            self._logged[place] += 1
            return True

    def count(self, status: int) -> None:
        """Count a request that is not logged."""
        with self._lock:
            self._counted[clock.stamp()[:MINUTE], status] += 1

    def store(self, database: peewee.Database) -> None:
        """Add what was counted to what the database has, once in some seconds.

        Raises one of the database's REFUSALS where it cannot, and then counts on.
        """
        if not self._counted or time.monotonic() < self._stored + PAUSE:
            return
        self._stored = time.monotonic()
        with self._lock:
            counted, self._counted = self._counted, Counter()
        try:
            with databases.writing(database):
                for (minute, status), number in counted.items():
                    _add(minute, status, number).execute(database)
        except BaseException:
            with self._lock:
                self._counted.update(counted)
            raise


def _add(minute: str, status: int, number: int) -> Any:
    table = UnloggedRequests
    return table.insert(minute=minute, status=status, number=number).on_conflict(
        conflict_target=[table.minute, table.status],
        update={table.number: table.number + number},
    )
