"""Predict records, and show what was predicted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import falcon
import msgspec
import peewee
from msgspec import Meta

from app import answers as answering
from app import asking, ids, invalid, security
from app.exchange import Exchange
from app.gatekeeper import Gatekeeper
from app.problems import Problem
from app.redaction import Redaction
from app.registry import Registry
from app.serving import Serving
from app.store import versions
from app.store.tables import Prediction
from src.checked import Checked


class Query(Checked, frozen=True):
    """What can be asked of a prediction beside its records."""

    explain: Literal["true", "false"] = "false"
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    model: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)")] | None = None


class Predictions:
    """POST /v1/{dataset}/predictions: one record, or many."""

    def __init__(self, registry: Registry, gatekeeper: Gatekeeper, redaction: Redaction) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._redaction = redaction

    def on_post(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer an object with an object, an array with an array in the same order."""
        exchange = security.allowed(request, "predict")
        asked = asking.query(request, Query)
        serving = self._registry.pick(dataset, asked.version, asked.model)
        asking.check_json(request)
        exchange.dataset, exchange.version = dataset, serving.version.number
        warning = self._gatekeeper.warning(dataset, serving.version.number)
        decoded = invalid.decode(serving.records, exchange.body or b"", dataset)
        answers = answering.answer(
            serving, decoded.values, exchange.id, is_explained=asked.explain == "true"
        )
        if warning is not None:
            for answer in answers:
                answer["warning"] = warning
        stored = [msgspec.json.encode(answer) for answer in answers]
        exchange.predicted = len(answers)
        response.content_type = asking.JSON
        if decoded.many:
            response.data = b"[" + b",".join(stored) + b"]"
            exchange.predictions = self._rows(exchange, serving, decoded.values, answers, stored)
        else:
            response.data = stored[0]
            exchange.is_prediction = True

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
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Answer with the record, the answer and where the version comes from."""
        exchange = security.allowed(request, "predict")
        asking.query(request, asking.Nothing)
        rows = Prediction.select().where(Prediction.id == number, Prediction.dataset == dataset)
        found = rows.execute(self._database) if _is_askable(dataset, number) else ()
        row = next(iter(found), None)
        if row is None:
            raise Problem(404, "There is no such prediction.", given=number)
        exchange.dataset, exchange.version = dataset, row.version
        version = versions.get(self._database, dataset, row.version)
        manifest = version.manifest
        asking.answer(
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


def _is_askable(dataset: str, number: str) -> bool:
    """Tell whether a database takes both: PostgreSQL's text does not take every character."""
    return dataset.isascii() and dataset.isprintable() and ids.is_one(number)
