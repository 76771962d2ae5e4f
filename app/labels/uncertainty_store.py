"""What was predicted lately, and whether its truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import peewee

from app.store.tables import BatchPrediction, Label, Prediction, Request

# Rows of each table that are looked through, the newest: of a dataset that is asked for rarely all
# would be, and there is no index by dataset, which each answer would pay for.
DEEPEST = 200_000


def newest(
    database: peewee.Database, dataset: str, most: int, version: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the newest predictions of a dataset with `is_labelled`, the newest first.

    Of one version where it is given. Without their records, which may be long.
    """
    truth = Label.select(peewee.SQL("1")).where(
        Label.prediction == Prediction.id, Label.deleted.is_null()
    )
    columns = (Prediction.id, Prediction.at, Prediction.version)
    found = (
        Prediction.select(*columns, Prediction.answer, peewee.fn.EXISTS(truth).alias("is_labelled"))
        .where(Prediction.dataset == dataset, Prediction.id >= _first(database))
        .order_by(Prediction.id.desc())  # by it both tables are read in their own order
        .limit(most)
    )
    if version is not None:
        found = found.where(Prediction.version == version)
    yield from found.dicts().iterator(database)


def records(database: peewee.Database, numbers: list[str]) -> dict[str, bytes]:
    """Return the records of predictions by their ids; those that are gone are left out."""
    found = Prediction.select(Prediction.id, Prediction.record).where(Prediction.id.in_(numbers))
    return {number: bytes(record) for number, record in found.tuples().execute(database)}


def _first(database: peewee.Database) -> str:
    """Return the id from which on predictions are looked through."""
    deep = [
        table.select(table.id).order_by(table.id.desc()).offset(DEEPEST).limit(1).scalar(database)
        for table in (Request, BatchPrediction)
    ]
    return max(number or "" for number in deep)
