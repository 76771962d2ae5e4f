"""One prediction, and the latest ones of a dataset, found among the newest rows of two tables.

No index leads to a dataset's predictions: it would cost every answer a fifth of what it costs to
store it. So rows are looked at by id, the newest first, and not more of them than LOOK. One leads
to references, which most predictions have none of.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import peewee

from app.store.tables import BatchPrediction, Prediction, Request

LOOK = 20_000  # rows that are looked at for one page: some hundredths of a second
PIECE = 1000  # rows of one read: nothing stays open between two

Looked = tuple[str, str | None, int | None, int]  # id, dataset, version, whether it is one


@dataclass(frozen=True)
class Page:
    """Predictions as they are stored, the newest first."""

    rows: list[dict[str, Any]]
    looked_at: int  # rows of all datasets, and of requests that predicted nothing
    next: str | None  # beyond which to look for more


@dataclass(frozen=True)
class Wanted:
    """Which predictions: of a dataset, and of one version, reference and caller where given."""

    dataset: str
    version: int | None = None
    reference: str | None = None
    caller: str | None = None


def page(database: peewee.Database, wanted: Wanted, limit: int, before: str | None = None) -> Page:
    """Return at most `limit` predictions from before an id."""
    if wanted.reference is not None:
        return _referenced(database, wanted, limit, before)
    version, caller = wanted.version, wanted.caller
    is_single: Any = Request.is_prediction
    is_batch: Any = peewee.Value(1)
    if caller is not None:
        asker = Request.alias()
        by = asker.select(asker.caller).where(asker.id == BatchPrediction.request)
        is_single = peewee.Case(None, [(Request.caller == caller, is_single)], 0)
        is_batch = peewee.Case(None, [(by == caller, 1)], 0)
    newest = heapq.merge(
        _rows(database, Request, is_single, before),
        _rows(database, BatchPrediction, is_batch, before),
        reverse=True,
    )
    found: list[str] = []
    looked, last = 0, None
    for number, of_dataset, of_version, is_one in islice(newest, LOOK):
        if is_one and of_dataset == wanted.dataset and version in (None, of_version):
            if len(found) == limit:
                return Page(_whole(database, found), looked, found[-1])
            found.append(number)
        looked, last = looked + 1, number
    return Page(_whole(database, found), looked, last if looked == LOOK else None)


def _referenced(database: peewee.Database, wanted: Wanted, limit: int, before: str | None) -> Page:
    """Return predictions with one reference: those that the index has are all looked at."""
    conditions: list[Any] = [
        Prediction.reference == wanted.reference,
        Prediction.dataset == wanted.dataset,
    ]
    if before is not None:
        conditions.append(Prediction.id < before)
    if wanted.version is not None:
        conditions.append(Prediction.version == wanted.version)
    if wanted.caller is not None:
        asker = Request.select(Request.caller).where(Request.id == Prediction.request)
        conditions.append(asker == wanted.caller)
    query = Prediction.select().where(*conditions).order_by(Prediction.id.desc()).limit(limit + 1)
    rows = list(query.dicts().execute(database))
    return Page(rows[:limit], len(rows), rows[limit - 1]["id"] if len(rows) > limit else None)


def get(
    database: peewee.Database, dataset: str, prediction_id: str, caller: str | None = None
) -> Prediction | None:
    """Return a prediction; None where there is none, or with a caller where another asked for it.

    The rows of a batch were asked for by whoever sent its request.
    """
    rows = Prediction.select().where(Prediction.id == prediction_id, Prediction.dataset == dataset)
    row: Prediction | None = next(iter(rows.execute(database)), None)
    if row is None or caller is None:
        return row
    asker = Request.select(Request.caller).where(Request.id == row.request).scalar(database)
    return row if asker == caller else None


def _rows(
    database: peewee.Database, table: Any, is_one: Any, before: str | None
) -> Iterator[Looked]:
    """Yield what a table's rows are about, the newest first."""
    while True:
        found = table.select(table.id, table.dataset, table.version, is_one)
        if before is not None:
            found = found.where(table.id < before)
        piece = list(found.order_by(table.id.desc()).limit(PIECE).tuples().execute(database))
        yield from piece
        if len(piece) < PIECE:
            return
        before = piece[-1][0]


def _whole(database: peewee.Database, numbers: list[str]) -> list[dict[str, Any]]:
    """Return predictions in the order of their ids."""
    if not numbers:
        return []
    found = Prediction.select().where(Prediction.id.in_(numbers)).dicts().execute(database)
    rows = {row["id"]: row for row in found}
    return [rows[number] for number in numbers if number in rows]  # one may be removed meanwhile
