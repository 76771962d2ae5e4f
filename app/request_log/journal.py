"""Commit what came in and what goes out before the answer is sent."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import peewee

from app.request_log import counts
from app.store import database as databases
from app.store.row_checksums import OF_PREDICTIONS, OF_REQUESTS
from app.store.tables import BatchPrediction, Request
from app.store.write_turn import WriteTurn

Row = Sequence[Any]
QUICK = 0.002  # seconds; a thread that waits longer should not be one that others wait for
CHECK = 1.0  # seconds that a look may take
PAUSE = 0.005  # seconds between two tries at a database that is locked

# Peewee's own way to raise what a driver raises, as it does in all that it executes itself.
_in_peewees_words: Any = peewee.__dict__["__exception_wrapper__"]
# It writes no row, and fails where one could not be written.
NOTHING = "INSERT INTO request SELECT * FROM request WHERE id IS NULL"
# It writes a page that says what it said before: what a full or broken disk refuses.
AGAIN = "UPDATE migration SET at = at WHERE number = 1"

# What is counted of a row, by its places in it.
_NAMES = list(Request._meta.sorted_field_names)
COUNTED = itemgetter(*(_NAMES.index(column.name) for column in counts.COLUMNS))


class Unavailable(Exception):
    """The database could not take the rows; nothing of them is stored."""


class Entry:
    """A request's row and those of its predictions: stored together or not at all."""

    __slots__ = ("error", "is_done", "predictions", "request")

    def __init__(self, request: Row, predictions: Sequence[Row]) -> None:
        self.request = request
        self.predictions = predictions
        self.is_done = False  # stored, or refused for what waiting does not mend
        self.error: Exception | None = None


class Journal:
    """Write entries through one connection: those that wait together share one commit.

    Whoever holds the lock tries once to commit all that wait. What a busy database refuses waits
    on, and each tries again until its own time is over: nobody's end is another's.
    `is_quick` tells whether the last write took no longer than the work around it.
    """

    def __init__(self, database: peewee.Database, wait: float) -> None:
        """Take a database that threads share and that does not wait by itself.

        `wait` is for how many seconds a busy one is tried again.
        """
        self._database = database
        self._wait = wait
        self._waiting: deque[Entry] = deque()  # and not in the hands of who holds the lock
        self._queue = threading.Lock()  # around each look at them; never held for long
        self._lock = threading.Lock()
        self._file = _File(databases.path(database))
        self._turn = WriteTurn(databases.path(database))
        self._mark = database.param
        self._sql = tuple(_insert(table, self._mark) for table in (Request, BatchPrediction))
        self._begin = "BEGIN" if self._file.path is None else "BEGIN IMMEDIATE"
        self.is_quick = True
        self._is_failing = False  # the last write, and not because others were at it

    @property
    def waiting(self) -> int:
        """Return how many entries wait for somebody to write them."""
        return len(self._waiting)

    def write(self, entry: Entry) -> None:
        """Store an entry and return when it is safe; raise Unavailable where it cannot be."""
        self.write_all([entry])
        if entry.error is not None:
            raise Unavailable(str(entry.error)) from entry.error

    def write_all(self, entries: list[Entry], wait: float | None = None) -> None:
        """Store entries; those that could not be stored have an `error` then.

        `wait` is how many seconds a busy database is tried again, where it is not what was set.
        Entries that were given before and are done stay as they are.
        """
        started = time.monotonic()
        until = started + (self._wait if wait is None else wait)
        left = [entry for entry in entries if not entry.is_done]
        with self._queue:
            self._waiting.extend(left)
        while not self._settle(left, until):
            time.sleep(PAUSE)  # without the lock and our turn: nobody needs to wait behind us
        self.is_quick = _are_done(left) and time.monotonic() - started < QUICK

    def check(self) -> None:
        """Raise Unavailable where a row could not be written now.

        Nothing is written, unless the last write failed: only another one tells whether it would
        again.
        """
        until = time.monotonic() + CHECK
        while (error := self._look(until)) is not None:
            if not is_busy(error) or time.monotonic() > until:
                raise Unavailable(str(error)) from error
            time.sleep(PAUSE)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._database.close()

    def _settle(self, entries: list[Entry], until: float) -> bool:
        """Try once to store all that waits; tell whether there is no more to be done for these."""
        if not self._acquire(until):
            if self._withdraw(entries):
                return True
            # Who holds the lock is committing them: to say that they are not stored may be false.
            self._lock.acquire()
        try:
            if not _are_done(entries):
                self._write_waiting()
            return _are_done(entries) or (time.monotonic() > until and self._withdraw(entries))
        finally:
            self._lock.release()

    def _withdraw(self, entries: list[Entry]) -> bool:
        """Refuse entries that still wait, as they do all together; tell whether they did."""
        with self._queue:
            waiting = [entry for entry in entries if entry in self._waiting]
            for entry in waiting:
                self._waiting.remove(entry)
                entry.error = entry.error or _held_up()
        return bool(waiting)

    def _write_waiting(self) -> None:
        with self._queue:
            entries = list(self._waiting)
            self._waiting.clear()
        try:
            error = self._attempt(partial(self._insert, entries))
            self._is_failing = error is not None and not is_busy(error)
            for entry in entries:
                # What one of them was refused for need not be true of the others.
                is_shared = error is not None and len(entries) > 1 and not is_busy(error)
                entry.error = self._attempt(partial(self._insert, [entry])) if is_shared else error
                entry.is_done = entry.error is None or not is_busy(entry.error)
        finally:  # also where this thread is told to exit
            if not _are_done(entries):
                self.is_quick = False  # at once: who asks must not wait for what we wait for
                with self._queue:
                    self._waiting.extendleft(entry for entry in entries[::-1] if not entry.is_done)

    def _look(self, until: float) -> Exception | None:
        """Try once to write nothing; return why that failed."""
        if not self._acquire(until):
            return _held_up()
        try:
            error = self._attempt(self._rewrite if self._is_failing else self._touch)
            self._is_failing = self._is_failing and error is not None
            return error
        finally:
            self._lock.release()

    def _acquire(self, until: float) -> bool:
        """Take the lock, whose holder may wait for a slow disk; tell whether it was had in time."""
        free = self._lock.acquire(blocking=False)  # as it is mostly; much faster than with an end
        return free or self._lock.acquire(timeout=max(until - time.monotonic(), 0))

    def _attempt(self, action: Callable[[], None]) -> Exception | None:
        """Do something in our turn; return why that failed."""
        try:
            with self._turn:
                action()
        except Exception as error:  # whatever it is, it must not answer as if it were stored
            if not is_busy(error):
                self._forget_connection()
            return error
        return None

    def _touch(self) -> None:
        cursor = self._cursor()
        with _in_peewees_words:
            cursor.execute(self._begin)
            try:
                cursor.execute(NOTHING)
            finally:
                self._roll_back(cursor)

    def _rewrite(self) -> None:
        cursor = self._cursor()
        with _in_peewees_words:
            cursor.execute(AGAIN)

    def _insert(self, entries: list[Entry]) -> None:
        cursor = self._cursor()
        request, prediction = self._sql
        with _in_peewees_words:
            cursor.execute(self._begin)
            try:
                for entry in entries:
                    cursor.execute(request, OF_REQUESTS.with_checksum(entry.request))
                    if entry.predictions:
                        rows = [OF_PREDICTIONS.with_checksum(row) for row in entry.predictions]
                        cursor.executemany(prediction, rows)
                # Last, for whoever shares its part of a minute waits for it.
                counts.add(cursor.execute, self._mark, [COUNTED(one.request) for one in entries])
                cursor.execute("COMMIT")
            except BaseException:
                self._roll_back(cursor)
                raise

    def _cursor(self) -> Any:
        if self._database.is_closed():
            self._database.connect()
            self._file.remember()
        else:
            self._file.check()
        return self._database.cursor()

    def _roll_back(self, cursor: Any) -> None:
        try:
            cursor.execute("ROLLBACK")
        except Exception:  # what would be open still must not take in what comes next
            self._forget_connection()

    def _forget_connection(self) -> None:
        with suppress(Exception):  # it is broken already; a new one is opened next time
            self._database.close()


class _File:
    """The file that a connection writes to, which somebody may move away underneath it."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known: tuple[int, int] | None = None

    def remember(self) -> None:
        if self.path is not None:
            self._known = self._stat()

    def check(self) -> None:
        """Raise where the path leads to another file, or to none: SQLite would not notice."""
        if self.path is not None and self._stat() != self._known:
            raise peewee.OperationalError("the database's file was moved or replaced")

    def _stat(self) -> tuple[int, int]:
        assert self.path is not None
        found = os.stat(self.path)  # noqa: PTH116 - called for every request; Path is slower
        return found.st_dev, found.st_ino


def _insert(table: type[peewee.Model], mark: str) -> str:
    """Write the INSERT once: building it by Peewee for each request costs four times as much."""
    names = ", ".join(f'"{field.column_name}"' for field in table._meta.sorted_fields)
    marks = ", ".join([mark] * len(table._meta.sorted_fields))
    return f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES ({marks})'  # noqa: S608


def is_busy(error: Exception) -> bool:
    """Tell whether a database refused because others use it."""
    return isinstance(error, peewee.OperationalError) and any(
        word in str(error) for word in ("locked", "busy", "lock timeout")
    )


def _held_up() -> Exception:
    return peewee.OperationalError("the database is busy with what others write")


def _are_done(entries: list[Entry]) -> bool:
    for entry in entries:  # noqa: SIM110 - called often, and twice as fast as all()
        if not entry.is_done:
            return False
    return True
