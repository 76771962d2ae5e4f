"""Posts of labels as they are stored: how far each is, and its answer."""

from __future__ import annotations

from typing import Any

import peewee

from app.store import clock
from app.store.tables import Upload

READING, DONE, REFUSED = "reading", "done", "refused"  # what a post can be


def begin(
    database: peewee.Database, upload_id: str, dataset: str, caller: str, key: str | None
) -> dict[str, Any]:
    """Return the post with this caller's key, or begin one; two at once find the same."""
    at = clock.stamp()
    row = {
        "id": upload_id,
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
    rows = Upload.select().where(Upload.caller == caller, Upload.key == key)
    return dict(next(iter(rows.dicts().execute(database))))


def update(database: peewee.Database, upload_id: str, **changes: Any) -> None:
    """Store how far a post is.

    After each chunk: Peewee takes longer to build the statement than SQLite to run it.
    """
    changes["touched"] = clock.stamp()
    settings = ", ".join(f'"{name}" = {database.param}' for name in changes)
    sql = f'UPDATE "upload" SET {settings} WHERE "id" = {database.param}'  # noqa: S608
    database.execute_sql(sql, [*changes.values(), upload_id])


def hold(database: peewee.Database, upload_id: str) -> dict[str, Any]:
    """Return a post as it stands; nobody else writes it before the caller's transaction ends."""
    update(database, upload_id)
    rows = Upload.select().where(Upload.id == upload_id).dicts()
    return dict(next(iter(rows.execute(database))))


def get(database: peewee.Database, dataset: str, upload_id: str) -> dict[str, Any] | None:
    """Return a post by its id; None where there is none."""
    rows = Upload.select().where(Upload.id == upload_id, Upload.dataset == dataset).dicts()
    return next(iter(rows.execute(database)), None)


def page(
    database: peewee.Database, dataset: str, key: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return a dataset's newest posts, or those with a key."""
    conditions = [Upload.dataset == dataset, *([] if key is None else [Upload.key == key])]
    rows = Upload.select().where(*conditions).order_by(Upload.id.desc()).limit(limit).dicts()
    return list(rows.execute(database))
