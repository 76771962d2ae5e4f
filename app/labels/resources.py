"""Labels: post them, list and export them, delete them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import falcon
import peewee
from msgspec import Meta

from app.auth import guard
from app.http import body, media
from app.http.exchange import Exchange
from app.http.paging import Cursor, Limit, Line, Page, TimeSpan, first_id, moments
from app.labels import export, store, upload_store
from app.labels.reader import Chunk, Readers
from app.labels.storable import check_storable
from app.labels.upload import Posting
from app.registry.registry import Registry
from app.settings import Settings
from app.store import ids
from app.store.tables import Label
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked

KEY = "Idempotency-Key"
LONGEST_KEY = 200
ONE_OR_MANY = ("application/json", *body.STREAMED)


class Posted(Checked, frozen=True):
    """What can be said of a post of labels."""

    source: Line | None = None  # the caller's name, unless it is given
    atomic: Literal["true", "false"] = "false"


class Filter(TimeSpan, frozen=True):
    """Which labels."""

    source: Line | None = None
    value: Line | None = None
    prediction: Annotated[str, Meta(pattern=ids.PATTERN)] | None = None


class Query(Filter, frozen=True):
    """What can be asked of the labels."""

    deleted: Literal["true", "false"] = "false"
    format: Literal["json", "csv", "ndjson"] = "json"
    cursor: Cursor | None = None
    limit: Limit | None = None


class Deletion(Filter, frozen=True):
    """Which labels are to go, and how many that are."""

    before: str | None = None
    confirm: Annotated[int, Meta(ge=0)] | None = None


class Labels:
    """POST, GET and DELETE /v1/{dataset}/labels."""

    def __init__(
        self,
        registry: Registry,
        readers: Readers,
        database: peewee.Database,
        settings: Settings,
    ) -> None:
        self._registry = registry
        self._readers = readers
        self._database = database
        self._settings = settings

    def on_post(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Store what is right, say what is not; with ?atomic=true all or none."""
        exchange = guard.allowed(request, "label")
        asked = media.query(request, Posted)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        check_storable(known, self._settings.redact)
        chunks = self._chunks(request, exchange, known)
        key = _key(request)
        row = upload_store.begin(self._database, exchange.id, dataset, exchange.by, key)
        if row["dataset"] != dataset:
            what = f"This {KEY} was used for '{row['dataset']}'."
            raise UserError(what, code="idempotency_key_reused", given=key)
        posting = Posting(
            self._database,
            known,
            row,
            source=asked.source or exchange.by,
            is_atomic=asked.atomic == "true",
        )
        media.answer(response, posting.run(chunks))

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with a page, the newest first; or with a file of all, the oldest first."""
        exchange = guard.allowed(request, "label")
        exchange.is_answer_stored = False
        asked = media.query(request, Query)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        conditions = _conditions(dataset, asked)
        conditions.append(Label.deleted.is_null(asked.deleted == "false"))
        if asked.deleted == "true":
            conditions.append(Label.deleted_by != store.INCOMPLETE)
        if asked.format != "json":
            write = export.csv_rows if asked.format == "csv" else export.ndjson_rows
            pages = store.pages(self._database, conditions)
            first = next(pages)  # a database that is away is noticed while there is no answer
            exchange.stream = self._exported(itertools.chain([first], pages), known, write)
            response.content_type = body.CSV if asked.format == "csv" else body.NDJSON
            name = f"{dataset}-labels.{asked.format}"
            response.set_header("Content-Disposition", f'attachment; filename="{name}"')
            return
        limit = asked.limit or self._settings.page
        page = Page.read(
            lambda most: store.page(self._database, conditions, most, asked.cursor), limit
        )
        shown = [export.shown(row, known) for row in page.rows]
        media.answer(response, {"labels": shown, "next": page.next})

    def on_delete(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Delete the labels that pass the filters, if they are as many as confirm says."""
        exchange = guard.allowed(request, "label")
        asked = media.query(request, Deletion)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        conditions = _conditions(dataset, asked)
        if asked.before is not None:
            conditions.append(Label.id < first_id(asked.before, "before"))
        if len(conditions) == 1:
            raise UserError(
                "No filter says which labels to delete.",
                code="filter_missing",
                choices=["source=", "value=", "before=", "since=", "until=", "prediction="],
                fix="name at least one; before=<now> is all of them",
            )
        conditions.append(Label.deleted.is_null())
        count, is_done = store.delete(self._database, conditions, exchange.by, asked.confirm)
        if not is_done:
            raise UserError(
                f"{store.counted(count)} would be deleted, once the number is confirmed.",
                code="not_confirmed",
                given="no confirm" if asked.confirm is None else f"confirm={asked.confirm}",
                choices=[f"confirm={count}"],
                fix=f"ask again with confirm={count}",
            )
        media.answer(response, {"deleted": count})

    def _chunks(
        self, request: falcon.Request, exchange: Exchange, known: Dataset
    ) -> Iterator[Chunk]:
        """Return the body's labels as they come."""
        reader = self._readers.of(known)
        kind = media.media(request)
        if exchange.body is None:
            stream = body.Stream(request.env, int(request.env.get("CONTENT_LENGTH") or 0))
            return reader.csv(stream) if kind == body.CSV else reader.ndjson(stream)
        if kind in ("", *ONE_OR_MANY):
            media.check_json(request)
        else:
            raise UserError(
                "Labels must be JSON, NDJSON or CSV.",
                code="unsupported_media_type",
                given=f"Content-Type: {request.content_type}",
                choices=ONE_OR_MANY,
            )
        return map(reader.json, [exchange.body])

    def _exported(
        self, pages: Iterable[list[dict[str, Any]]], known: Dataset, write: Any
    ) -> Iterator[bytes]:
        """Yield a file a page at a time; nothing stays open while the client takes it."""
        for at, page in enumerate(pages):
            self._database.close()
            if piece := write(page, known, is_first=at == 0):
                yield piece


class OneLabel:
    """GET and DELETE /v1/{dataset}/labels/{id}."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Answer with a label; one that was deleted says when and by whom."""
        exchange = guard.allowed(request, "label")
        media.query(request, media.NoQuery)
        known, row = self._found(dataset, number)
        exchange.dataset = dataset
        media.answer(response, export.shown(row, known))

    def on_delete(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Delete a label: no training will use it from now on; it is kept for those that did."""
        exchange = guard.allowed(request, "label")
        media.query(request, media.NoQuery)
        known, row = self._found(dataset, number)
        exchange.dataset = dataset
        if row["deleted"] is None:
            one = [*store.live(dataset), Label.id == number]
            store.delete(self._database, one, exchange.by, 1)
            known, row = self._found(dataset, number)
        media.answer(response, export.shown(row, known))

    def _found(self, dataset: str, number: str) -> tuple[Dataset, dict[str, Any]]:
        known = self._registry.dataset(dataset)
        row = store.get(self._database, dataset, number) if ids.is_one(number) else None
        if row is None:
            raise UserError("There is no such label.", code="unknown_label", given=number)
        return known, row


def _conditions(dataset: str, asked: Filter) -> list[Any]:
    conditions = [Label.dataset == dataset, *moments(asked, Label.id)]
    for field in ("source", "value", "prediction"):
        value = getattr(asked, field)
        if value is not None:
            conditions.append(getattr(Label, field) == value)
    return conditions


def _key(request: falcon.Request) -> str | None:
    key: str | None = request.get_header(KEY)
    if key is None:
        return None
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise UserError(
            f"The header {KEY} is not valid.",
            code="invalid_header",
            given=repr(key),
            choices=[f"1 to {LONGEST_KEY} printable ASCII characters"],
        )
    return key
