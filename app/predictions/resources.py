"""Predict records, and show what was predicted: the latest ones, or one in full."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import falcon
import msgspec
import peewee
from msgspec import Meta

from app.auth import guard
from app.http import body as bodies
from app.http import media
from app.http.exchange import Exchange
from app.http.paging import Cursor
from app.predictions import answers as answering
from app.predictions import csv_answers
from app.predictions import store as latest
from app.records.clipping import clipped
from app.records.records import Decoded
from app.registry import store as version_store
from app.registry.gate import Gatekeeper
from app.registry.loaded import Serving
from app.registry.registry import Registry
from app.settings import Settings
from app.store import ids
from app.store.redaction import Redaction
from app.store.tables import Prediction
from src.support.errors import UserError
from src.support.structs import Checked

MOST = 200  # predictions of a page


class Query(Checked, frozen=True):
    """What can be asked of a prediction beside its records."""

    explain: Literal["true", "false"] = "false"
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    model: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)")] | None = None
    partial: Literal["true", "false"] = "false"


class Latest(Checked, frozen=True):
    """Which predictions."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] | None = None


class Predictions:
    """POST and GET /v1/{dataset}/predictions: one record, or many; the latest ones."""

    def __init__(
        self,
        registry: Registry,
        gatekeeper: Gatekeeper,
        redaction: Redaction,
        database: peewee.Database,
        settings: Settings,
    ) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._redaction = redaction
        self._database = database
        self._settings = settings

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with a page, the newest first: of all for who may label, else the own ones."""
        exchange = guard.allowed(request, "predict")
        caller = exchange.caller
        mine = None if caller is None or caller.may("label") else caller.name
        exchange.is_answer_stored = False
        asked = media.query(request, Latest)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        limit = asked.limit or min(self._settings.page, MOST)
        found = latest.page(self._database, dataset, limit, asked.cursor, asked.version, mine)
        media.answer(
            response,
            {
                "predictions": [_line(row) for row in found.rows],
                "next": found.next,
                "looked_at": found.looked_at,
            },
        )

    def on_post(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer an object with an object, an array with an array, a CSV with a CSV."""
        exchange = guard.allowed(request, "predict")
        asked = media.query(request, Query)
        serving = self._registry.pick(dataset, asked.version, asked.model)
        is_csv = media.media(request) == bodies.CSV
        if not is_csv:
            media.check_json(request)
        exchange.dataset, exchange.version = dataset, serving.version.number
        warning = self._gatekeeper.warning(dataset, serving.version.number)
        body = exchange.body or b""
        table = self._table(serving, body, asked) if is_csv else None
        if table is None:
            decoded = serving.records.decode(body)
        else:
            decoded = Decoded(table.values, many=True)
        answers = answering.answer(
            serving, decoded.values, exchange.id, is_explained=asked.explain == "true"
        )
        if warning is not None:
            for answer in answers:
                _warn(answer, warning)
        for at in decoded.ignored:
            _warn(answers[at], serving.records.warning)
        stored = [msgspec.json.encode(answer) for answer in answers]
        exchange.predicted = len(answers)
        response.content_type = media.JSON
        if decoded.many:
            if table is None:
                response.data = b"[" + b",".join(stored) + b"]"
            else:
                also = [*(["why"] if asked.explain == "true" else []), "warning"]
                _answer_csv(response, dataset, csv_answers.write(serving, table, answers, also))
            exchange.predictions = self._rows(exchange, serving, decoded.values, answers, stored)
        else:
            response.data = stored[0]
            exchange.is_prediction = True

    def _table(self, serving: Serving, body: bytes, asked: Query) -> csv_answers.Table:
        settings = self._settings
        return csv_answers.read(
            serving,
            body,
            most=settings.most_records,
            longest_text=settings.longest_text,
            is_partial=asked.partial == "true",
        )

    def _rows(
        self,
        exchange: Exchange,
        serving: Serving,
        records: list[tuple[Any, ...]],
        answers: list[dict[str, Any]],
        stored: list[bytes],
    ) -> list[tuple[Any, ...]]:
        """Return rows to store, in the order of the table's columns."""
        redact, encode = self._redaction.body, serving.records.encode
        shared = (exchange.at, exchange.id, serving.dataset.name, serving.version.number)
        return [
            (answer["id"], *shared, redact(encode(values)), redact(text))
            for values, answer, text in zip(records, answers, stored, strict=True)
        ]


class Receipt:
    """GET /v1/{dataset}/predictions/{id}: what was asked, answered, by what, when."""

    def __init__(self, database: peewee.Database) -> None:
        self._database = database

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, prediction_id: str
    ) -> None:
        """Answer with the record, the answer and where the version comes from."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        rows = Prediction.select().where(
            Prediction.id == prediction_id, Prediction.dataset == dataset
        )
        found = rows.execute(self._database) if _is_askable(dataset, prediction_id) else ()
        row = next(iter(found), None)
        if row is None:
            what = "There is no such prediction."
            raise UserError(what, code="unknown_prediction", given=prediction_id)
        exchange.dataset, exchange.version = dataset, row.version
        version = version_store.get(self._database, dataset, row.version)
        manifest = version.manifest
        media.answer(
            response,
            {
                "id": row.id,
                "at": row.at,
                "dataset": dataset,
                "record": msgspec.Raw(bytes(row.record)),
                "answer": msgspec.Raw(bytes(row.answer)),
                "request": row.request,
                "model": {"name": version.model, "version": version.number},
                "trained": manifest["created"],
                "git": manifest["git"],
                "data": manifest["data"],
                "configuration": manifest["config"],
                "files": manifest["files"],
            },
        )


def _warn(answer: dict[str, Any], warning: str) -> None:
    answer["warning"] = "; ".join(filter(None, (warning, answer.get("warning"))))


def _answer_csv(response: falcon.Response, dataset: str, text: bytes) -> None:
    response.content_type = f"{bodies.CSV}; charset=utf-8"
    response.set_header("Content-Disposition", f'attachment; filename="{dataset}-predictions.csv"')
    response.data = text


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """Tell of a prediction in short: what is long stands in its receipt."""
    answer = msgspec.json.decode(bytes(row["answer"]))
    answer.pop("why", None)
    record = msgspec.json.decode(bytes(row["record"]))
    return {
        "id": row["id"],
        "at": row["at"],
        "version": row["version"],
        "record": clipped(record),
        "answer": answer,
    }


def _is_askable(dataset: str, number: str) -> bool:
    """Tell whether a database takes both: PostgreSQL's text does not take every character."""
    return dataset.isascii() and dataset.isprintable() and ids.is_one(number)
