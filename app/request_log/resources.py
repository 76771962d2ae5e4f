"""The log: requests and their answers, newest first."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import peewee
from msgspec import Meta

from app.http import media
from app.http.bodies import Pages
from app.http.body import CSV
from app.http.media import NoQuery
from app.http.operation import Call, operation
from app.http.paging import Cursor, Limit, Page, Timestamp
from app.http.resource import Resource
from app.request_log.delivery import State
from app.request_log.filter import PRINTABLE, Filter, conditions, seen_by
from app.request_log.traffic import Traffic
from app.store.redaction import Redaction
from app.store.tables import Prediction, Request
from src.data.kinds import spreadsheet
from src.support import files
from src.support.errors import UserError


class LogQuery(Filter, frozen=True):
    """Filter the log, and choose its format and page."""

    format: Annotated[
        Literal["json", "csv"],
        Meta(description="a page, or a file of all of them, the oldest first"),
    ] = "json"
    cursor: Annotated[Cursor | None, Meta(description="next, from the page before")] = None
    limit: Annotated[
        Limit | None, Meta(description="entries of a page, LAPIDARY_PAGE unless given")
    ] = None


class LoggedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request in the log, without its bodies."""

    id: str
    at: Timestamp
    request_id: str | None  # where the client gave one
    method: str
    path: str
    query: str
    status: int
    dataset: str | None
    version: int | None
    client: str | None
    caller: str | None
    milliseconds: float
    delivery: State | None  # of an answer that is made while it is sent, as a file of rows is


class LogPage(msgspec.Struct, frozen=True):
    """A page of the log, and the cursor of the page that follows."""

    requests: list[LoggedRequest]
    next: str | None


class RequestInFull(LoggedRequest, frozen=True, kw_only=True):
    """A request with both bodies and the ids of its predictions."""

    reference: str | None  # the caller's own, of the one record
    is_prediction: int  # 1 where its bodies are one record and its answer
    request_body: Any
    response_body: Any
    predictions: list[str]


SHOWN: list[Any] = [getattr(Request, name) for name in LoggedRequest.__struct_fields__]


class Requests(Resource):
    """GET /v1/requests: filtered by time, path, status and dataset; in pages, or as a file."""

    path = "/v1/requests"
    tag = "log"

    def __init__(self, database: peewee.Database, page: int) -> None:
        self._database = database
        self._page = page

    @operation(
        scope="admin",
        name="requests",
        summary="What was asked and answered, the newest first",
        query=LogQuery,
        answer=LogPage,
        also_answers=(CSV,),
        refuses=("invalid_time",),
        links={"request": ("request", "request_id", "requests/0/id")},
        is_answer_stored=False,
    )
    def on_get(self, call: Call[LogQuery, None]) -> LogPage | None:
        """Answer with a page, the newest first; or with a file of all, the oldest first."""
        clauses = conditions(call.query, call.caller)
        if call.query.format == "csv":
            self._export(call, clauses)
            return None
        if call.query.cursor is not None:
            clauses.append(Request.id < call.query.cursor)
        limit = call.query.limit or self._page
        page = Page.read(lambda most: self._read(clauses, Request.id.desc(), most), limit)
        return LogPage([LoggedRequest(**row) for row in page.rows], page.next)

    def _export(self, call: Call[LogQuery, None], clauses: list[Any]) -> None:
        """Answer with a file; what comes while it is written is not in it, this request neither."""
        clauses.append(Request.id < call.exchange.id)
        call.exchange.stream = Pages(partial(self._file_page, clauses))
        media.attach(call.response, CSV, "requests.csv")

    def _read(self, clauses: list[Any], order: Any, limit: int) -> list[dict[str, Any]]:
        rows = Request.select(*SHOWN).where(*clauses).order_by(order).limit(limit)
        return list(rows.dicts().execute(self._database))

    def _file_page(
        self, clauses: list[Any], after: str | None, count: int
    ) -> tuple[bytes, str | None]:
        """Return a page of the file, and where it ends; nothing stays open."""
        page = self._read([*clauses, Request.id > (after or "")], Request.id.asc(), count)
        self._database.close()
        header = [[field.name for field in SHOWN]] if after is None else []
        last = page[-1]["id"] if len(page) == count else None
        return _csv([*header, *(list(row.values()) for row in page)]), last


class OneRequest(Resource):
    """GET /v1/requests/{request_id}: one request and its answer in full."""

    path = "/v1/requests/{request_id}"
    tag = "log"

    def __init__(self, database: peewee.Database, redaction: Redaction) -> None:
        self._database = database
        self._redaction = redaction

    @operation(
        scope="admin",
        name="request",
        summary="One request and its answer in full",
        answer=RequestInFull,
        refuses=("unknown_request",),
        is_answer_stored=False,
    )
    def on_get(self, call: Call[NoQuery, None], request_id: str) -> RequestInFull:
        """Answer with both bodies and the predictions that were made."""
        what = "There is no such request."
        # PostgreSQL's text does not take every character.
        if not re.match(PRINTABLE, request_id):
            raise UserError(what, code="unknown_request", given=repr(request_id))
        columns = [one for one in Request._meta.sorted_fields if one is not Request.checksum]
        rows = Request.select(*columns).where(
            (Request.id == request_id) | (Request.request_id == request_id), *seen_by(call.caller)
        )
        row = next(iter(rows.limit(1).dicts().execute(self._database)), None)
        if row is None:
            raise UserError(what, code="unknown_request", given=request_id)
        # What was stored before a field was hidden has it still.
        redact = self._redaction.body
        bodies = {
            name: _body(None if row[name] is None else redact(bytes(row[name])))
            for name in ("request_body", "response_body")
        }
        return RequestInFull(**(row | bodies), predictions=self._predictions(row["id"]))

    def _predictions(self, request_id: str) -> list[str]:
        rows = Prediction.select(Prediction.id).where(
            Prediction.request == request_id, Prediction.id >= request_id
        )
        return [prediction_id for (prediction_id,) in rows.tuples().execute(self._database)]


def routes(database: peewee.Database, page: int, redaction: Redaction) -> list[Resource]:
    """Return the resources of the log."""
    return [Requests(database, page), Traffic(database), OneRequest(database, redaction)]


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
