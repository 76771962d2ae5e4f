"""How a training uses the database: it waits where that is away, and keeps nobody waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import peewee

EVERY = 1.0  # seconds between two tries
LONGEST = 600.0  # seconds after which it is given up
AWAY = (peewee.OperationalError, peewee.InterfaceError)

T = TypeVar("T")


def with_retries(database: peewee.Database, step: Callable[[], T]) -> T:
    """Do what needs the database, and again while that is away: it may be done twice.

    An hour of work is not lost for a minute's pause. Raises what the database said last where it
    stays away.
    """
    until = time.monotonic() + LONGEST
    while True:
        try:
            return step()
        except AWAY:
            if time.monotonic() > until:
                raise
        finally:
            database.close()  # a connection that broke stays broken
        time.sleep(EVERY)


class DatabaseWriter:
    """A thread that writes, at the priority that the process had when this was made.

    Whoever holds the lock of SQLite's file keeps the whole service waiting. At a training's own
    priority that was a second on a busy machine, for a millisecond's work.
    """

    def __init__(self, database: peewee.Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "errands")
        self._thread.submit(int).result()  # Linux gives a thread the priority of its maker

    def __enter__(self) -> DatabaseWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def __call__(self, step: Callable[[], T]) -> T:
        """Do a step there, with retries; return what it returns, raise what it raises."""
        return self._thread.submit(with_retries, self._database, step).result()
