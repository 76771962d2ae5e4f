"""Posts of labels as they are stored: how far each is, and its answer for who posts it again."""

from __future__ import annotations

from typing import Any

import peewee

from app.store import clock
from app.store.tables import Upload

READING, DONE, REFUSED = "reading", "done", "refused"  # what a post can be


def begin(
    database: peewee.Database, number: str, dataset: str, caller: str, key: str | None
) -> dict[str, Any]:
    """Return the post with this caller's key, or begin one; two at once find the same."""
    at = clock.stamp()
    row = {
        "id": number,
        "at": at,
        "touched": at,
        "dataset": dataset,
        "caller": caller,
        "key": key,
        "state": READING,
        "read": 0,
        "stored": 0,
        "refused": 0,
        "digest": "",
    }
    Upload.insert(row).on_conflict_ignore().execute(database)
    if key is None:
        return {**row, "status": None, "answer": None}
    found = Upload.select().where(Upload.caller == caller, Upload.key == key)
    return dict(next(iter(found.dicts().execute(database))))


def tell(database: peewee.Database, number: str, **changes: Any) -> None:
    """Write down how far a post is.

    After each chunk: Peewee takes longer to build the statement than SQLite to run it.
    """
    changes["touched"] = clock.stamp()
    settings = ", ".join(f'"{name}" = {database.param}' for name in changes)
    sql = f'UPDATE "upload" SET {settings} WHERE "id" = {database.param}'  # noqa: S608
    database.execute_sql(sql, [*changes.values(), number])


def held(database: peewee.Database, number: str) -> dict[str, Any]:
    """Return a post as it stands; nobody else writes it before the caller's transaction ends."""
    tell(database, number)
    found = Upload.select().where(Upload.id == number).dicts()
    return dict(next(iter(found.execute(database))))


def get(database: peewee.Database, dataset: str, number: str) -> dict[str, Any] | None:
    """Return a post by its id; None where there is none."""
    found = Upload.select().where(Upload.id == number, Upload.dataset == dataset).dicts()
    return next(iter(found.execute(database)), None)


def page(
    database: peewee.Database, dataset: str, key: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return a dataset's newest posts, or those with a key."""
    wanted = [Upload.dataset == dataset, *([] if key is None else [Upload.key == key])]
    found = Upload.select().where(*wanted).order_by(Upload.id.desc()).limit(limit).dicts()
    return list(found.execute(database))
