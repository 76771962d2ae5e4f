"""Commit what came in and what goes out before the answer is sent."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import peewee

from app.store import database as databases
from app.store.tables import BatchPrediction, Request

Row = Sequence[Any]
QUICK = 0.002  # seconds; a thread that waits longer should not be one that others wait for
CHECK = 1.0  # seconds that a look may take
PAUSE = 0.005  # seconds between two tries at a database that is locked

LOOKS, BETWEEN_LOOKS = 100, 0.0001  # at the queue of those who write, and the seconds between two

# Peewee's own way to raise what a driver raises, as it does in all that it executes itself.
_in_peewees_words: Any = peewee.__dict__["__exception_wrapper__"]
# It writes no row, and fails where one could not be written.
NOTHING = "INSERT INTO request SELECT * FROM request WHERE id IS NULL"


class Unavailable(Exception):
    """The database could not take the rows; nothing of them is stored."""


class Entry:
    """A request's row and those of its predictions: stored together or not at all."""

    __slots__ = ("deadline", "error", "is_done", "predictions", "request")

    def __init__(self, request: Row, predictions: Sequence[Row]) -> None:
        self.request = request
        self.predictions = predictions
        self.deadline = 0.0
        self.is_done = False
        self.error: Exception | None = None


class Journal:
    """Write entries through one connection: those that wait together share one commit.

    Whoever holds the lock commits all that wait, so that a slow disk is waited for once by many.
    `is_quick` tells whether the last write took no longer than the work around it.
    """

    def __init__(self, database: peewee.Database, wait: float) -> None:
        """Take a database that threads share and that does not wait by itself.

        `wait` is for how many seconds a busy one is tried again.
        """
        self._database = database
        self._wait = wait
        self._waiting: deque[Entry] = deque()
        self._lock = threading.Lock()
        self._file = _File(databases.path(database))
        self._turn = _Turn(databases.path(database))
        mark = database.param
        self._sql = tuple(_insert(table, mark) for table in (Request, BatchPrediction))
        self._begin = "BEGIN" if self._file.path is None else "BEGIN IMMEDIATE"
        self.is_quick = True

    def write(self, entry: Entry) -> None:
        """Store an entry and return when it is safe; raise Unavailable where it cannot be."""
        self.write_all([entry])
        if entry.error is not None:
            raise Unavailable(str(entry.error)) from entry.error

    def write_all(self, entries: list[Entry], wait: float | None = None) -> None:
        """Store entries; those that could not be stored have an `error` then.

        `wait` is how many seconds a busy database is tried again, where it is not what was set.
        """
        started = time.monotonic()
        for entry in entries:
            entry.deadline = started + (self._wait if wait is None else wait)
            entry.is_done, entry.error = False, None
        self._waiting.extend(entries)
        with self._lock:
            if not all(entry.is_done for entry in entries):
                self._write_all()
        self.is_quick = time.monotonic() - started < QUICK

    def check(self) -> None:
        """Raise Unavailable where a row could not be written now; nothing is written."""
        with self._lock:
            try:
                self._patiently(self._touch, time.monotonic() + CHECK)
            except Exception as error:
                self._forget_connection()
                raise Unavailable(str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._database.close()

    def _write_all(self) -> None:
        entries = []
        while self._waiting:
            entries.append(self._waiting.popleft())
        error = self._store(entries)
        for entry in entries:
            # What one of them was refused for need not be true of the others.
            is_shared = error is not None and len(entries) > 1 and not is_busy(error)
            entry.error = self._store([entry]) if is_shared else error
            entry.is_done = True

    def _store(self, entries: list[Entry]) -> Exception | None:
        """Store entries in one transaction; return why that failed."""
        try:
            self._patiently(partial(self._insert, entries), entries[0].deadline)
        except Exception as error:  # whatever it is, it must not answer as if it were stored
            self._forget_connection()
            return error
        return None

    def _patiently(self, action: Callable[[], None], deadline: float) -> None:
        """Do something in our turn, again and again while the database is busy."""
        while True:
            try:
                with self._turn:
                    action()
            except peewee.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(PAUSE)  # without our turn: other workers need not wait behind us

    def _touch(self) -> None:
        cursor = self._cursor()
        with _in_peewees_words:
            cursor.execute(self._begin)
            try:
                cursor.execute(NOTHING)
            finally:
                _roll_back(cursor)

    def _insert(self, entries: list[Entry]) -> None:
        cursor = self._cursor()
        request, prediction = self._sql
        with _in_peewees_words:
            if len(entries) == 1 and not entries[0].predictions:
                cursor.execute(request, entries[0].request)  # a statement alone is a transaction
                return
            cursor.execute(self._begin)
            try:
                for entry in entries:
                    cursor.execute(request, entry.request)
                    if entry.predictions:
                        cursor.executemany(prediction, entry.predictions)
                cursor.execute("COMMIT")
            except BaseException:
                _roll_back(cursor)
                raise

    def _cursor(self) -> Any:
        if self._database.is_closed():
            self._database.connect()
            self._file.remember()
        else:
            self._file.check()
        return self._database.cursor()

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


class _Turn:
    """A place in the queue of workers that want to write to one file.

    SQLite waits for a lock by sleeping and looking again, a millisecond and more each time; here
    it is a tenth of that. It is only a courtesy: SQLite's own lock is what counts, so whoever waits
    for longer than a write takes goes on without.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = None if path is None else path.with_name(f"{path.name}-turn")
        self._handle: int | None = None

    def __enter__(self) -> None:
        if self._path is None:
            return
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(LOOKS):
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(BETWEEN_LOOKS)
            else:
                return

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_UN)


def _insert(table: type[peewee.Model], mark: str) -> str:
    """Write the INSERT once: building it by Peewee for each request costs four times as much."""
    names = ", ".join(f'"{field.column_name}"' for field in table._meta.sorted_fields)
    marks = ", ".join([mark] * len(table._meta.sorted_fields))
    return f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES ({marks})'  # noqa: S608


def is_busy(error: Exception) -> bool:
    """Tell whether a database refused because others use it."""
    return any(word in str(error) for word in ("locked", "busy", "lock timeout"))


def _roll_back(cursor: Any) -> None:
    with suppress(Exception):  # the transaction is gone with what broke it
        cursor.execute("ROLLBACK")
