"""The truth of a past prediction: it becomes a label that is linked to it."""

from __future__ import annotations

from typing import Any

import falcon
import msgspec
import peewee

from app.auth import guard
from app.http import media
from app.labels import store
from app.labels.export import shown
from app.labels.reader import Readers
from app.labels.storable import check_storable
from app.labels.store import Feedback
from app.records.strict_json import Object, TooManyError, parse
from app.registry.registry import Registry
from app.settings import Settings
from app.store import database as databases
from app.store import ids
from app.store.redaction import HIDDEN
from app.store.tables import Label, Prediction
from src.data.schema import Dataset
from src.support.errors import UserError

MOST_VALUES = 10


class Truth:
    """PUT and GET /v1/{dataset}/predictions/{id}/label."""

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

    def on_put(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Store what the prediction should have been; of two the last one counts, both are kept."""
        exchange = guard.allowed(request, "label")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        check_storable(known, self._settings.redact)
        media.check_json(request)
        given = _given(exchange.body or b"", known)
        prediction = self._prediction(dataset, number)
        exchange.version = prediction.version
        value, record = self._checked(known, prediction, given)
        feedback = Feedback(number, prediction.version, prediction.at, bytes(prediction.answer))
        with databases.exclusive(self._database):  # of two at once one is the last
            last = self._last(dataset, number)
            if last is None or last["value"] != value:
                rows = store.rows(
                    dataset,
                    [ids.new() if last is None else ids.after(last["id"])],
                    [value],
                    [record],
                    source=exchange.by,
                    upload=exchange.id,
                    feedback=feedback,
                )
                store.insert(self._database, rows)
                last = self._last(dataset, number)
        assert last is not None
        media.answer(response, shown(last, known))

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Answer with the label that counts."""
        exchange = guard.allowed(request, "label")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        last = self._last(dataset, number) if ids.is_one(number) else None
        if last is None:
            raise UserError("This prediction has no label.", code="unknown_label", given=number)
        media.answer(response, shown(last, known))

    def _prediction(self, dataset: str, number: str) -> Any:
        rows = Prediction.select().where(Prediction.id == number)
        found = rows.execute(self._database) if ids.is_one(number) else ()
        row = next(iter(found), None)
        if row is None:
            raise UserError("There is no such prediction.", code="unknown_prediction", given=number)
        if row.dataset != dataset:
            raise UserError(
                f"This prediction is not one of '{dataset}'.",
                code="unknown_prediction",
                given=number,
                fix=f"put it to /v1/{row.dataset}/predictions/{number}/label",
            )
        return row

    def _checked(self, known: Dataset, prediction: Any, given: Any) -> tuple[str, bytes]:
        """Return the label's value and record; raise UserError where either cannot be used."""
        record = msgspec.json.decode(bytes(prediction.record))
        target = known.target.name
        chunk = self._readers.of(known).json(msgspec.json.encode({**record, target: given}))
        if chunk.refusals:
            first = chunk.refusals[0]
            if first.field == target:
                raise UserError(
                    first.detail,
                    code="invalid_label",
                    given=first.given,
                    choices=first.allowed,
                    fix=first.fix,
                )
            raise UserError(
                f"The prediction's record does not fit '{known.name}' as it is now: {first.detail}",
                code="record_unusable",
                given=first.given,
                choices=first.allowed,
                fix=f"post the whole label to /v1/{known.name}/labels",
            )
        if HIDDEN in record.values():
            raise UserError(
                "The prediction's record was not stored whole.",
                code="record_unusable",
                fix=f"post the whole label to /v1/{known.name}/labels",
            )
        return chunk.values[0], chunk.records[0]

    def _last(self, dataset: str, number: str) -> dict[str, Any] | None:
        linked = [*store.live(dataset), Label.prediction == number]
        return next(iter(store.page(self._database, linked, 1)), None)


def _given(body: bytes, known: Dataset) -> Any:
    """Return the value of a body such as {"price": 2500}."""
    name = known.target.name
    allowed = [f'{{"{name}": ...}}']
    try:
        whole = parse(body, MOST_VALUES)
    except TooManyError:
        what = "The body has more than the target."
        raise UserError(what, code="invalid_body", choices=allowed) from None
    names = [key for key, _ in whole.pairs] if isinstance(whole, Object) else []
    if names != [name]:
        raise UserError(
            "The body must be an object with the target alone.",
            code="invalid_body",
            given=", ".join(names) or "not an object",
            choices=allowed,
        )
    return media.decoded(body)[name]
