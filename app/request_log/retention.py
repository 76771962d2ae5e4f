"""Remove the oldest requests and predictions, few at a time, so that nobody waits for it."""

from __future__ import annotations

import time
from datetime import datetime

import peewee

from app.request_log import counts
from app.store import clock
from app.store import database as databases
from app.store.tables import BatchPrediction, Request, UnloggedRequests

CHUNK = 500  # rows of a transaction: a few milliseconds, during which a worker waits
PAUSE = 0.02  # seconds between two, for those who wait
ROW = 300  # bytes of a row beside its bodies, with its share of the indexes
PAGES = 500  # given back to the disk at once


def trim(database: peewee.Database, *, before: datetime | None, megabytes: float | None) -> int:
    """Remove what came before a moment, and the oldest while there is more than `megabytes`.

    Returns how many requests were removed; their predictions go with them.
    """
    removed = 0
    if before is not None:
        while (chunk := _remove(database, Request.at < clock.text(before))) > 0:
            removed += chunk
        minute = UnloggedRequests.minute < clock.text(before)
        UnloggedRequests.delete().where(minute).execute(database)
    if megabytes is not None:
        while size(database) > megabytes * 1e6 and (chunk := _remove(database)) > 0:
            removed += chunk
    if removed:
        _give_back(database)
    return removed


def size(database: peewee.Database) -> int:
    """Return the bytes that are in use, without those of removed rows."""
    if databases.path(database) is not None:
        pages, free, page = (
            _pragma(database, name) for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)
    total = 0
    for table, columns in (
        (Request, [Request.request_body, Request.response_body]),
        (BatchPrediction, [BatchPrediction.record, BatchPrediction.answer]),
    ):
        bodies = sum(peewee.fn.COALESCE(peewee.fn.LENGTH(column), 0) for column in columns)
        total += table.select(peewee.fn.SUM(bodies + ROW)).scalar(database) or 0
    return int(total)


def _remove(database: peewee.Database, *conditions: object) -> int:
    """Remove the oldest requests that meet the conditions, with their predictions."""
    oldest = Request.select(Request.id, *counts.COLUMNS).where(*conditions or [Request.id >= ""])
    with databases.exclusive(database):
        query = oldest.order_by(Request.id).limit(CHUNK).tuples()
        rows = list(query.execute(database))
        ids = [row[0] for row in rows]
        if ids:
            counts.remove(database, rows)
            # Ids sort by time, and a batch's come after its request's.
            BatchPrediction.delete().where(BatchPrediction.id <= ids[-1]).execute(database)
            BatchPrediction.delete().where(BatchPrediction.request == ids[-1]).execute(database)
            Request.delete().where(Request.id.in_(ids)).execute(database)
    time.sleep(PAUSE)
    return len(ids)


def _give_back(database: peewee.Database) -> None:
    """Return SQLite's free pages to the disk; a server does so by itself."""
    if databases.path(database) is None:
        return
    while _pragma(database, "freelist_count") > 0:
        with databases.exclusive(database):
            before = _pragma(database, "freelist_count")
            database.execute_sql(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
            if _pragma(database, "freelist_count") == before:
                return
        time.sleep(PAUSE)


def _pragma(database: peewee.Database, name: str) -> int:
    return int(database.execute_sql(f"PRAGMA {name}").fetchone()[0])
