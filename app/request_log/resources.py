"""The log: what was asked and answered, newest first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import falcon
import msgspec
import peewee

from app.auth import guard
from app.http import body as bodies
from app.http import media
from app.http.paging import Cursor, Limit, Page
from app.records import spreadsheet
from app.request_log.filter import PRINTABLE, Filter, conditions
from app.store.tables import Prediction, Request
from src.support import files
from src.support.errors import UserError

SHOWN: list[Any] = [
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
PAGE = 1000  # rows of one read of a file: nothing stays open between two


class Query(Filter, frozen=True):
    """What can be asked of the log."""

    format: Literal["json", "csv"] = "json"
    cursor: Cursor | None = None
    limit: Limit | None = None


class Requests:
    """GET /v1/requests: filtered by time, path, status and dataset; in pages, or as a file."""

    def __init__(self, database: peewee.Database, page: int) -> None:
        self._database = database
        self._page = page

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with a page, the newest first; or with a file of all, the oldest first."""
        exchange = guard.allowed(request, "admin")
        exchange.is_answer_stored = False
        asked = media.query(request, Query)
        wanted = conditions(asked)
        if asked.format == "csv":
            # What comes while the file is written, the asking itself too, is not in it.
            pages = self._pages([*wanted, Request.id < exchange.id])
            first = next(pages)  # a database that is away is noticed while there is no answer
            exchange.stream = self._exported(itertools.chain([first], pages))
            response.content_type = bodies.CSV
            response.set_header("Content-Disposition", 'attachment; filename="requests.csv"')
            return
        limit = asked.limit or self._page
        if asked.cursor is not None:
            wanted.append(Request.id < asked.cursor)
        page = Page.read(lambda most: self._read(wanted, Request.id.desc(), most), limit)
        media.answer(response, {"requests": page.rows, "next": page.next})

    def _read(self, wanted: list[Any], order: Any, limit: int) -> list[dict[str, Any]]:
        found = Request.select(*SHOWN).where(*wanted).order_by(order).limit(limit)
        return list(found.dicts().execute(self._database))

    def _pages(self, wanted: list[Any]) -> Iterator[list[dict[str, Any]]]:
        """Yield all requests that meet the conditions, the oldest first, some at a time."""
        after = ""
        while True:
            page = self._read([*wanted, Request.id > after], Request.id.asc(), PAGE)
            yield page
            if len(page) < PAGE:
                return
            after = page[-1]["id"]

    def _exported(self, pages: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
        """Yield a file a page at a time; nothing stays open while the client takes it."""
        yield _csv([[field.name for field in SHOWN]])
        for page in pages:
            self._database.close()
            yield _csv([list(row.values()) for row in page])


class OneRequest:
    """GET /v1/requests/{id}: one request and its answer in full."""

    def __init__(self, database: peewee.Database) -> None:
        self._database = database

    def on_get(self, request: falcon.Request, response: falcon.Response, number: str) -> None:
        """Answer with both bodies and the predictions that were made."""
        exchange = guard.allowed(request, "admin")
        exchange.is_answer_stored = False
        media.query(request, media.NoQuery)
        if not re.match(PRINTABLE, number):  # PostgreSQL's text does not take every character
            raise UserError("There is no such request.", code="unknown_request", given=repr(number))
        found = Request.select().where((Request.id == number) | (Request.request_id == number))
        row = next(iter(found.limit(1).dicts().execute(self._database)), None)
        if row is None:
            raise UserError("There is no such request.", code="unknown_request", given=number)
        predictions = Prediction.select(Prediction.id).where(
            Prediction.request == row["id"], Prediction.id >= row["id"]
        )
        media.answer(
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


def _csv(rows: list[list[Any]]) -> bytes:
    return files.csv_text([spreadsheet.cell(value) for value in row] for row in rows).encode()


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
