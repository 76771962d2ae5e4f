"""How far a post of labels is, or what became of it."""

from __future__ import annotations

from typing import Any

import falcon
import msgspec
import peewee

from app.auth import guard
from app.http import media
from app.http.paging import Limit, Line
from app.labels import upload_store
from app.registry.registry import Registry
from app.store import ids
from src.support.errors import UserError
from src.support.structs import Checked


class Query(Checked, frozen=True):
    """Which posts; `key` is the Idempotency-Key of one."""

    key: Line | None = None
    limit: Limit | None = None


class Uploads:
    """GET /v1/{dataset}/uploads: posts of labels, also those that are being read."""

    def __init__(self, registry: Registry, database: peewee.Database, page: int) -> None:
        self._registry = registry
        self._database = database
        self._page = page

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with how far each is, the newest first."""
        exchange = guard.allowed(request, "label")
        asked = media.query(request, Query)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        found = upload_store.page(self._database, dataset, asked.key, asked.limit or self._page)
        media.answer(response, {"uploads": [_told(row) for row in found]})


class OneUpload:
    """GET /v1/{dataset}/uploads/{id}."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Answer with the rows read, stored and refused so far, and the answer if there is one."""
        exchange = guard.allowed(request, "label")
        media.query(request, media.NoQuery)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        row = upload_store.get(self._database, dataset, number) if ids.is_one(number) else None
        if row is None:
            raise UserError("There is no such upload.", code="unknown_upload", given=number)
        answer = row["answer"]
        whole = None if answer is None else msgspec.Raw(bytes(answer))
        media.answer(response, {**_told(row), "answer": whole})


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told = ("id", "key", "at", "touched", "state", "read", "stored", "refused")
    return {name: row[name] for name in told}
