"""The log: what was asked and answered, newest first."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import falcon
import msgspec
import peewee
from msgspec import Meta

from app import asking, ids, security
from app.paging import Since, moments
from app.problems import Problem
from app.store.tables import Prediction, Request

SHOWN = [
    Request.id,
    Request.at,
    Request.request_id,
    Request.method,
    Request.path,
    Request.query,
    Request.status,
    Request.dataset,
    Request.version,
    Request.client,
    Request.caller,
    Request.milliseconds,
]


PRINTABLE = r"^[ -~]{1,200}$(?!\n)"
Printable = Annotated[str, Meta(pattern=PRINTABLE)]


class Query(Since, frozen=True):
    """What can be asked of the log; `status` is a number, or 2xx, 4xx, 5xx."""

    path: Printable | None = None
    status: Annotated[str, Meta(pattern=r"^[1-5](xx|[0-9]{2})$(?!\n)")] | None = None
    method: Literal["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] | None = None
    dataset: Printable | None = None
    request_id: Printable | None = None
    cursor: Annotated[str, Meta(pattern=ids.PATTERN)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None


class Requests:
    """GET /v1/requests: filtered by time, path, status and dataset; in pages by cursor."""

    def __init__(self, database: peewee.Database, page: int) -> None:
        self._database = database
        self._page = page

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with a page, and the cursor of the next one."""
        exchange = security.allowed(request, "admin")
        exchange.is_answer_stored = False
        asked = asking.query(request, Query)
        limit = asked.limit or self._page
        rows = list(
            Request.select(*SHOWN)
            .where(*_conditions(asked))
            .order_by(Request.id.desc())
            .limit(limit + 1)
            .dicts()
            .execute(self._database)
        )
        more = len(rows) > limit
        asking.answer(
            response,
            {
                "requests": rows[:limit],
                "next": rows[limit - 1]["id"] if more else None,
            },
        )


class OneRequest:
    """GET /v1/requests/{id}: one request and its answer in full."""

    def __init__(self, database: peewee.Database) -> None:
        self._database = database

    def on_get(self, request: falcon.Request, response: falcon.Response, number: str) -> None:
        """Answer with both bodies and the predictions that were made."""
        exchange = security.allowed(request, "admin")
        exchange.is_answer_stored = False
        asking.query(request, asking.Nothing)
        if not re.match(PRINTABLE, number):  # PostgreSQL's text does not take every character
            raise Problem(404, "There is no such request.", given=repr(number))
        found = Request.select().where((Request.id == number) | (Request.request_id == number))
        row = next(iter(found.limit(1).dicts().execute(self._database)), None)
        if row is None:
            raise Problem(404, "There is no such request.", given=number)
        predictions = Prediction.select(Prediction.id).where(
            Prediction.request == row["id"], Prediction.id >= row["id"]
        )
        asking.answer(
            response,
            {
                **row,
                "request_body": _body(row["request_body"]),
                "response_body": _body(row["response_body"]),
                "predictions": [
                    number for (number,) in predictions.tuples().execute(self._database)
                ],
            },
        )


def _conditions(asked: Query) -> list[Any]:
    equal = {
        Request.path: asked.path,
        Request.method: asked.method,
        Request.dataset: asked.dataset,
        Request.request_id: asked.request_id,
    }
    conditions: list[Any] = [field == value for field, value in equal.items() if value is not None]
    conditions += moments(asked, Request.id)
    if asked.status is not None:
        first = int(asked.status.replace("xx", "00"))
        last = first + 99 if asked.status.endswith("xx") else first
        conditions.append(Request.status.between(first, last))
    if asked.cursor is not None:
        conditions.append(Request.id < asked.cursor)
    return conditions or [Request.id >= ""]


def _body(stored: bytes | None) -> Any:
    """Return a body as JSON where it is, else as text; None where none was stored."""
    if stored is None:
        return None
    body = bytes(stored)
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body.decode("utf-8", "replace")
    return msgspec.Raw(body)
