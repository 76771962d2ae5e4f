"""Labels that came after a moment: how many they are, and since when they come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import peewee

from app.labels import store as label_store
from app.labels.store import LONGEST_UPLOAD
from app.store import clock, ids
from app.store.tables import Label, Upload

LEAD = timedelta(seconds=1)  # of a label's id before its time, where no post is read for long


def since(
    database: peewee.Database, dataset: str, moment: datetime | None, most: int
) -> tuple[int, str | None]:
    """Count the labels that came after a moment, up to `most`; return when the newest came."""
    wanted = _after(database, dataset, moment)
    some = Label.select(Label.at.alias("at")).where(*wanted).order_by(Label.id.desc()).limit(most)
    total = some.alias("some")
    query = Label.select(peewee.fn.COUNT(total.c.at), peewee.fn.MAX(total.c.at)).from_(total)
    count, newest = next(iter(query.tuples().execute(database)))
    return int(count), newest


def oldest(database: peewee.Database, dataset: str, moment: datetime | None) -> str | None:
    """Return when the first by id of the labels came that came after a moment.

    One with a greater id may have come before it, by no more than an upload lasts. To look for
    that one is to look at all of them.
    """
    wanted = _after(database, dataset, moment)
    at: str | None = Label.select(Label.at).where(*wanted).order_by(Label.id).scalar(database)
    return at


def _after(database: peewee.Database, dataset: str, moment: datetime | None) -> list[Any]:
    """Return the conditions of the labels that came after a moment.

    Their ids are of that moment or later, but for those of uploads that it fell into: of what was
    posted before, which may be millions, no more is looked at.
    """
    wanted = label_store.live(dataset)
    if moment is None:
        return wanted
    first = ids.at((moment - LEAD).timestamp())
    begun: str | None = (
        Upload.select(peewee.fn.MIN(Upload.id))
        .where(
            Upload.dataset == dataset,
            Upload.id.between(ids.at((moment - LONGEST_UPLOAD).timestamp()), first),
            Upload.touched > clock.text(moment),
        )
        .scalar(database)
    )
    return [*wanted, Label.id > (begun or first), Label.at > clock.text(moment)]
