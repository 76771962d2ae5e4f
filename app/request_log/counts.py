"""The log's requests counted by minute and by hour: how they ended, and how long they took.

Counts are written and removed with the rows that they count, in the same transaction. Rows of
before there were counts are counted later, the newest first; `Uncounted` says which those are.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import peewee

from app.store import clock
from app.store import database as databases
from app.store.tables import DURATIONS, ENDS, Request, RequestCount, Uncounted

MINUTE, HOUR = 60, 3600  # seconds that a count may be of
PARTS = 64  # of a span: of two processes one waits only where their numbers share one
CHUNK = 2000  # rows that are counted in one transaction: some ten milliseconds
CHUNKS = 100  # of one look
PAUSE = 0.02  # seconds between two, for those who wait
LOWEST, RATIO = 0.1, 1.33  # milliseconds: the end of the first class, and of each the next
BOUNDS = [LOWEST * RATIO**at for at in range(DURATIONS - 1)]

Row = tuple[str, int, float]  # at, status, milliseconds
COLUMNS = (Request.at, Request.status, Request.milliseconds)
Execute = Callable[[str, Sequence[Any]], Any]


def add(execute: Execute, mark: str, rows: Iterable[Row], sign: int = 1) -> None:
    """Count rows, or take them off again by a sign of -1, within the caller's transaction."""
    classes: Counter[tuple[int, int, str, int]] = Counter()
    for at, status, milliseconds in rows:
        if (end := ENDS.get(status // 100)) is not None:
            start, duration = _start(clock.minute(at)), bisect_right(BOUNDS, milliseconds)
            for seconds in (MINUTE, HOUR):
                classes[seconds, start - start % seconds, end, duration] += sign
    part = os.getpid() % PARTS
    # In one order for all, so that no two transactions wait for each other.
    for (seconds, start, end, duration), number in sorted(classes.items()):
        execute(_upsert(end, duration, mark), (seconds, start, part, number, number))


def remove(database: peewee.Database, rows: Sequence[tuple[str, *tuple[Any, ...]]]) -> None:
    """Take off rows of id, at, status and milliseconds, the oldest first, that are removed."""
    until = uncounted(database)
    counted = [row[1:] for row in rows if until is None or row[0] > until]
    add(database.execute_sql, database.param, counted, -1)
    if counted:
        _remove_empty(database, _start(clock.minute(counted[-1][0])))


def _remove_empty(database: peewee.Database, last: int) -> None:
    """Remove spans that hold nothing any more; a part of one alone may be below zero."""
    every = peewee.fn.SUM(sum(getattr(RequestCount, name) for name in ENDS.values()))
    for seconds in (MINUTE, HOUR):
        within = (RequestCount.seconds == seconds) & (RequestCount.at <= last)
        empty = RequestCount.select(RequestCount.at).where(within)
        empty = empty.group_by(RequestCount.at).having(every <= 0)
        RequestCount.delete().where(within, RequestCount.at.in_(empty)).execute(database)


def fill(database: peewee.Database) -> None:
    """Count some of the rows of before there were counts, a few at a time."""
    for _ in range(CHUNKS):
        if not _fill(database):
            return
        time.sleep(PAUSE)


def _fill(database: peewee.Database) -> bool:
    """Count a chunk; tell whether there is more to be counted."""
    if uncounted(database) is None:
        return False
    with databases.exclusive(database):
        until = uncounted(database)
        newest = Request.select(Request.id, *COLUMNS).where(Request.id <= until)
        query = newest.order_by(Request.id.desc()).limit(CHUNK + 1).tuples()
        rows = list(query.execute(database))
        add(database.execute_sql, database.param, [row[1:] for row in rows[:CHUNK]])
        Uncounted.delete().execute(database)
        if len(rows) <= CHUNK:
            return False
        Uncounted.insert(until=rows[-1][0]).execute(database)
    return True


def uncounted(database: peewee.Database) -> str | None:
    """Return the id of the newest row that is not counted yet; None where all are."""
    found: str | None = Uncounted.select(Uncounted.until).limit(1).scalar(database)
    return found


def read(
    database: peewee.Database, since: int, until: int, seconds: int
) -> dict[int, tuple[list[int], list[int]]]:
    """Return how requests ended and how long they took, by the number of each span of `seconds`.

    The ends are whole minutes in seconds since 1970, or whole hours where the spans are.
    """
    span = HOUR if seconds % HOUR == 0 else MINUTE
    number = RequestCount.at / peewee.Value(seconds, unpack=False)
    names = (*ENDS.values(), *(f"d{at:02}" for at in range(DURATIONS)))
    sums = [peewee.fn.SUM(getattr(RequestCount, name)) for name in names]
    rows = RequestCount.select(number, *sums).where(
        RequestCount.seconds == span, RequestCount.at >= since, RequestCount.at < until
    )
    rows = rows.group_by(peewee.SQL("1")).tuples()
    cut = 1 + len(ENDS)
    return {
        int(row[0]): ([int(one) for one in row[1:cut]], [int(one) for one in row[cut:]])
        for row in rows.execute(database)
    }


def quantile(durations: Sequence[int], share: float) -> float | None:
    """Return the milliseconds that a share of requests took at most; None where there are none.

    Within its class a duration is taken to lie where its rank does: at most a third off.
    """
    rank, below = share * sum(durations), 0
    for at, number in enumerate(durations):
        if number and below + number >= rank:
            high = BOUNDS[min(at, len(BOUNDS) - 1)]
            return round(high * RATIO ** ((rank - below) / number - 1), 3)
        below += number
    return None


@cache
def _upsert(end: str, duration: int, mark: str) -> str:
    """Write the statement that adds to a span; there are some two hundred."""
    names, table = (end, f"d{duration:02}"), RequestCount._meta.table_name
    adds = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)
    return (
        f"INSERT INTO {table} (seconds, at, part, {', '.join(names)}) "  # noqa: S608
        f"VALUES ({', '.join([mark] * 5)}) ON CONFLICT (seconds, at, part) DO UPDATE SET {adds}"
    )


@lru_cache(maxsize=16)  # most rows are of the minute of the one before
def _start(minute: str) -> int:
    """Return when a minute of a time in UTC began, in seconds since 1970."""
    return int(datetime.fromisoformat(f"{minute}+00:00").timestamp())
