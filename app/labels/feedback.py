"""The truth of a past prediction: it becomes a label that is linked to it."""

from __future__ import annotations

from typing import Any

import msgspec

from app.http import media
from app.http.operation import Call, operation
from app.labels import openapi, store
from app.labels.export import stored_label
from app.labels.linking import Predictions
from app.labels.reader import Chunk, LabelReaders
from app.labels.review import Reviewer
from app.labels.schema import check_storable
from app.labels.store import Feedback
from app.records import references
from app.records.strict_json import Object, TooManyError, parse
from app.registry.datasets.dataset_context import is_served
from app.registry.services import DatasetResource, Services
from app.store import database as databases
from app.store import ids
from app.store.redaction import HIDDEN
from app.store.tables import Label
from src.data.schema import Dataset
from src.support.errors import UserError

MOST_VALUES = 10


class PredictionLabel(DatasetResource):
    """Give a prediction its label, or look at it."""

    path = "/v1/{dataset}/predictions/{prediction_id}/label"

    def __init__(self, services: Services, readers: LabelReaders, reviewer: Reviewer) -> None:
        super().__init__(services)
        self._readers = readers
        self._reviewer = reviewer

    @operation(
        scope="label",
        name="truth",
        summary="Say what was true of a prediction; it becomes a label",
        body=openapi.truth,
        answer=openapi.stored_label,
        refuses=("unknown_prediction", "labels_not_taken", "record_unusable", "invalid_label"),
        links={
            "label": ("stored_label", "label_id", "id"),
            "delete": ("delete_label", "label_id", "id"),
            "again": ("stored_truth", "prediction_id", "prediction/id"),
        },
        is_offered=is_served,
    )
    def on_put(self, call: Call, dataset: Dataset, prediction_id: str) -> dict[str, Any]:
        """Store what the prediction should have been; of two the last one counts, both are kept.

        What the last one said of whose the record is, and this one leaves out, stays said.
        """
        exchange, database = call.exchange, self.services.database
        check_storable(dataset, self.services.settings.redact)
        media.check_json(call.request)
        truth = _truth(exchange.body or b"", dataset)
        predictions = Predictions(database, call.caller)
        prediction = self._prediction(dataset, prediction_id, predictions)
        exchange.version = prediction.version
        chunk = self._checked(dataset, prediction, truth)
        value, record = chunk.values[0], chunk.records[0]
        exchange.spend("labels", 1)
        reviews = self._reviewer.judge(dataset, chunk.features, chunk.truths)
        feedback = Feedback(
            prediction_id, prediction.version, prediction.at, bytes(prediction.answer)
        )
        with databases.exclusive(database):  # of two at once one is the last
            last = self._last(dataset, prediction_id)
            said = {} if last is None else _beside(last["record"], dataset)
            record = _with(record, {name: said[name] for name in said if name not in truth})
            if last is None or last["value"] != value or said != _beside(record, dataset):
                rows = store.rows(
                    dataset.name,
                    [ids.new() if last is None else ids.after(last["id"])],
                    [value],
                    [record],
                    source=exchange.by,
                    upload=exchange.id,
                    feedback=feedback,
                    reviews={at: msgspec.json.encode(one) for at, one in reviews.items()},
                )
                store.insert(database, rows)
                last = self._last(dataset, prediction_id)
        assert last is not None
        return stored_label(last, dataset, self.services.redaction)

    @operation(
        scope="label",
        name="stored_truth",
        summary="The label of a prediction; of several the last",
        answer=openapi.stored_label,
        refuses=("unknown_label",),
        is_offered=is_served,
    )
    def on_get(self, call: Call, dataset: Dataset, prediction_id: str) -> dict[str, Any]:
        """Answer with the label that counts."""
        last = self._last(dataset, prediction_id) if ids.is_one(prediction_id) else None
        if last is None:
            what = "This prediction has no label."
            raise UserError(what, code="unknown_label", given=prediction_id)
        return stored_label(last, dataset, self.services.redaction)

    def _prediction(self, dataset: Dataset, prediction_id: str, predictions: Predictions) -> Any:
        row = predictions.stored([prediction_id]).get(prediction_id)
        if row is None:
            what = "There is no such prediction."
            raise UserError(what, code="unknown_prediction", given=prediction_id)
        if row.dataset != dataset.name:
            raise UserError(
                f"This prediction is not one of '{dataset.name}'.",
                code="unknown_prediction",
                given=prediction_id,
                fix=f"put it to /v1/{row.dataset}/predictions/{prediction_id}/label",
            )
        return row

    def _checked(self, dataset: Dataset, prediction: Any, truth: dict[str, Any]) -> Chunk:
        """Return the label; raise UserError where its value or its record cannot be used."""
        record = msgspec.json.decode(bytes(prediction.record))
        if not references.is_column(dataset):
            record.pop(references.NAME, None)  # the caller's own name for it, and no feature
        chunk = self._readers.of(dataset).json(msgspec.json.encode({**record, **truth}))
        if chunk.refusals:
            first = chunk.refusals[0]
            if first.field in truth:
                raise UserError(
                    first.detail,
                    code="invalid_label",
                    given=first.given,
                    choices=first.allowed,
                    fix=first.fix,
                )
            what = f"The prediction's record does not fit '{dataset.name}' as it is now"
            raise UserError(
                f"{what}: {first.detail}",
                code="record_unusable",
                given=first.given,
                choices=first.allowed,
                fix=f"post the whole label to /v1/{dataset.name}/labels",
            )
        if HIDDEN in record.values():
            raise UserError(
                "The prediction's record was not stored whole.",
                code="record_unusable",
                fix=f"post the whole label to /v1/{dataset.name}/labels",
            )
        return chunk

    def _last(self, dataset: Dataset, prediction_id: str) -> dict[str, Any] | None:
        conditions = [*store.kept(dataset.name), Label.prediction == prediction_id]
        return next(iter(store.page(self.services.database, conditions, 1)), None)


def _truth(body: bytes, dataset: Dataset) -> dict[str, Any]:
    """Return the fields of a body such as {"price": 2500}, or with a key beside it."""
    name, beside = dataset.target.name, dataset.extra_columns()
    allowed = [f'{{"{name}": ...}}']
    alone = "the target alone"
    if beside:
        pairs = ", ".join(f'"{one}": ...' for one in [name, *beside])
        allowed.append(f"{{{pairs}}}")
        alone = f"the target and, where it is known, {', '.join(beside)}"
    try:
        document = parse(body, MOST_VALUES + len(beside))
    except TooManyError:
        what = f"The body has more than {'the target' if not beside else alone}."
        raise UserError(what, code="invalid_body", choices=allowed) from None
    names = [key for key, _ in document.pairs] if isinstance(document, Object) else []
    if name not in names or len(names) > len(set(names)) or not {*names} <= {name, *beside}:
        raise UserError(
            f"The body must be an object with {alone}.",
            code="invalid_body",
            given=", ".join(names) or "not an object",
            choices=allowed,
        )
    truth: dict[str, Any] = media.decoded(body)
    return truth


def _beside(record: bytes, dataset: Dataset) -> dict[str, Any]:
    """Return what a label says beside its features and its target."""
    names = dataset.extra_columns()
    said = msgspec.json.decode(bytes(record)) if names else {}
    return {name: said[name] for name in names if name in said}


def _with(record: bytes, more: dict[str, Any]) -> bytes:
    """Return a record with what it lacks."""
    return msgspec.json.encode({**msgspec.json.decode(record), **more}) if more else record
