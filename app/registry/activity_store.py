"""What came in lately, counted: requests by hour, and labels."""

from __future__ import annotations

from typing import Any

import peewee

from app.store.tables import Label, Request

MOST = 200_000  # requests that are looked at, the newest: a busy day has more
HOUR = 13  # characters of a moment that name its hour


def requests(database: peewee.Database, first: str) -> list[tuple[str, str, int, int]]:
    """Count the requests from an id on; return dataset, hour, how many, how many failed."""
    fn = peewee.fn
    hour = fn.SUBSTR(Request.at, 1, HOUR).alias("hour")
    failed = peewee.Case(None, [(Request.status >= 400, 1)], 0).alias("failed")
    newest = (
        Request.select(Request.dataset, hour, failed)
        .where(Request.id >= first, Request.dataset.is_null(False))
        .order_by(Request.id.desc())
        .limit(MOST)
        .alias("newest")
    )
    counts = (fn.COUNT(1), fn.SUM(newest.c.failed))
    counted = Request.select(newest.c.dataset, newest.c.hour, *counts).from_(newest)
    grouped = counted.group_by(newest.c.dataset, newest.c.hour)
    return [(*row[:2], int(row[2]), int(row[3])) for row in grouped.tuples().execute(database)]


def labels(database: peewee.Database) -> dict[str, int]:
    """Count the labels that are not deleted, by dataset."""
    found = Label.select(Label.dataset, peewee.fn.COUNT(Label.id)).where(Label.deleted.is_null())
    rows: Any = found.group_by(Label.dataset).tuples().execute(database)
    return {name: int(number) for name, number in rows}
