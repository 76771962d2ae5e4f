"""Predict records, and show what was predicted: the latest ones, or one in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.http import body as bodies
from app.http import media
from app.http.exchange import Exchange
from app.http.operation import Call, operation
from app.http.paging import Cursor, Timestamp
from app.http.resource import Resource
from app.predictions import answers as answering
from app.predictions import csv_answers, openapi, past
from app.predictions import store as latest
from app.predictions.similar import Similar
from app.records.clipping import clipped
from app.records.records import Decoded
from app.records.references import LONGEST, NAME
from app.registry import store as version_store
from app.registry.datasets.dataset_context import is_served
from app.registry.datasets.description import VersionNumber
from app.registry.loaded import LoadedVersion
from app.registry.services import DatasetResource, Services
from app.store import ids
from app.store.tables import Prediction
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked

MOST = 200  # predictions of a page
# A stored document, which is passed on as it is.
StoredObject = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
REFUSED = (
    "unknown_version",
    "gate_failed",
    "unloadable_version",
    "too_many_records",
    "too_many_values",
    "duplicate_key",
    "invalid_record",
    "invalid_csv",
    "past_unknown",
    "no_finite_answer",
    "no_champion",
    "gate_breached",
)


class PredictionQuery(Checked, frozen=True):
    """What can be asked of a prediction beside its records."""

    explain: Annotated[bool, Meta(description="add why: contributions that add up")] = False
    version: Annotated[VersionNumber | None, Meta(description="another registered version")] = None
    model: Annotated[
        Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)")] | None,
        Meta(description="the newest version of another model"),
    ] = None
    partial: Annotated[
        bool,
        Meta(
            description="of a CSV: answer the good rows; a column `refused` says why others are not"
        ),
    ] = False


class PredictionFilter(Checked, frozen=True):
    """Which predictions."""

    version: Annotated[VersionNumber | None, Meta(description="of this version")] = None
    reference: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST)] | None,
        Meta(description="with this reference of the caller's own; found by an index"),
    ] = None
    cursor: Annotated[Cursor | None, Meta(description="next, from the page before")] = None
    limit: Annotated[
        Annotated[int, Meta(ge=1, le=MOST)] | None, Meta(description="predictions of a page")
    ] = None


class PredictionSummary(msgspec.Struct, frozen=True):
    """A prediction in short: long texts are cut, and its receipt has the reasons."""

    id: str
    at: Timestamp
    version: int
    reference: str | None
    record: dict[str, Any]
    answer: dict[str, Any]


class PredictionPage(msgspec.Struct, frozen=True):
    """Predictions, the newest first, and how many rows of the log were looked at for them."""

    predictions: list[PredictionSummary]
    next: str | None
    looked_at: int


class ModelVersion(msgspec.Struct, frozen=True):
    """A version of a model."""

    name: str
    version: int


class Receipt(msgspec.Struct, frozen=True):
    """A prediction in full: what was asked and answered, by which version, trained on what."""

    id: str
    at: Timestamp
    dataset: str
    reference: str | None
    record: StoredObject
    answer: StoredObject
    request: str
    model: ModelVersion
    trained: Timestamp
    git: dict[str, Any]
    data: dict[str, Any]
    configuration: dict[str, Any]
    files: dict[str, str]


class Predictions(DatasetResource):
    """Predict one record, or many; list the latest predictions."""

    path = "/v1/{dataset}/predictions"

    @operation(
        scope="predict",
        name="predictions",
        summary="The latest predictions, the newest first",
        description=f"At most {latest.LOOK} rows of the log are looked at for a page; if there are "
        "more, next is set, whatever was found. Long texts are cut: receipts have them whole.",
        query=PredictionFilter,
        answer=PredictionPage,
        links={"receipt": ("receipt", "prediction_id", "predictions/0/id")},
        is_offered=is_served,
        is_answer_stored=False,  # it repeats what is stored
    )
    def on_get(self, call: Call[PredictionFilter, None], dataset: Dataset) -> PredictionPage:
        """Answer with a page: of all for who may label, else of the caller's own."""
        own, query = _own(call.exchange), call.query
        limit = query.limit or min(self.services.settings.page, MOST)
        database = self.services.database
        wanted = latest.Wanted(dataset.name, query.version, query.reference, own)
        page = latest.page(database, wanted, limit, query.cursor)
        return PredictionPage([self._summary(row) for row in page.rows], page.next, page.looked_at)

    @operation(
        scope="predict",
        name="predict",
        summary="Predict the {target} of one {noun}, or of several",
        description="A CSV (with a header, in any order) is answered with the same CSV and, beside "
        "each row, the prediction, the range it is likely in and its id.",
        query=PredictionQuery,
        body=openapi.one_or_many_records,
        body_examples=openapi.record_examples,
        also_takes={bodies.CSV: openapi.csv_example},
        answer=openapi.one_or_many_predictions,
        answer_examples=openapi.prediction_examples,
        also_answers=(bodies.CSV,),
        refuses=REFUSED,
        links={
            "receipt": ("receipt", "prediction_id", "id"),
            "truth": ("truth", "prediction_id", "id"),
        },
        is_offered=is_served,
        is_light=True,
    )
    def on_post(self, call: Call[PredictionQuery, None], dataset: Dataset) -> None:
        """Answer an object with an object, an array with an array, a CSV with a CSV."""
        exchange, response, query = call.exchange, call.response, call.query
        serving = self.services.registry.pick(dataset.name, query.version, query.model)
        is_csv = media.media(call.request) == bodies.CSV
        if not is_csv:
            media.check_json(call.request)
        exchange.version = serving.version.number
        warning = self.services.gate.warning(dataset.name, serving.version.number)
        body = exchange.body or b""
        table = self._table(serving, body, query) if is_csv else None
        if table is None:
            decoded, origins = past.completed(serving, serving.records.decode(body))
        else:
            decoded, origins = table.decoded(), table.origins
        exchange.spend("records", len(decoded.values))
        answers = answering.answer(serving, decoded.values, exchange.id, is_explained=query.explain)
        for at in decoded.ignored:
            _warn(answers[at], answering.TARGET_IGNORED, f"{serving.records.warning}.")
        if warning is not None:
            for answer in answers:
                _warn(answer, answering.GATE_BREACHED, warning)
        _tell(answers, decoded, origins)
        stored = [msgspec.json.encode(answer) for answer in answers]
        exchange.predicted = len(answers)
        response.content_type = media.JSON
        if decoded.many:
            if table is None:
                response.data = b"[" + b",".join(stored) + b"]"
            else:
                also = ["why"] if query.explain else []
                response.data = csv_answers.write(serving, table, answers, also)
                name = f"{dataset.name}-predictions.csv"
                media.attach(response, f"{bodies.CSV}; charset=utf-8", name)
            exchange.predictions = self._rows(exchange, serving, decoded, answers, stored)
        else:
            response.data = stored[0]
            exchange.is_prediction = True
            exchange.reference = next(iter(decoded.references), None)

    def _summary(self, row: dict[str, Any]) -> PredictionSummary:
        redact = self.services.redaction.body
        reference = self.services.redaction.reference(row["reference"])
        answer = msgspec.json.decode(redact(bytes(row["answer"])) or b"")
        answer.pop("why", None)
        record = clipped(msgspec.json.decode(redact(bytes(row["record"])) or b""))
        return PredictionSummary(row["id"], row["at"], row["version"], reference, record, answer)

    def _table(
        self, serving: LoadedVersion, body: bytes, query: PredictionQuery
    ) -> csv_answers.Table:
        settings = self.services.settings
        return csv_answers.read(
            serving,
            body,
            most=settings.most_records,
            longest_text=settings.longest_text,
            is_partial=query.partial,
        )

    def _rows(
        self,
        exchange: Exchange,
        serving: LoadedVersion,
        decoded: Decoded,
        answers: list[dict[str, Any]],
        stored: list[bytes],
    ) -> list[tuple[Any, ...]]:
        """Return rows to store, in the order of the table's columns."""
        redact, encode = self.services.redaction.body, serving.records.encode
        own = self.services.redaction.reference
        references = decoded.references or [None] * len(answers)
        shared = (exchange.at, exchange.id, serving.dataset.name, serving.version.number)
        return [
            (answer["id"], *shared, redact(encode(values)), redact(text), own(reference))
            for values, answer, text, reference in zip(
                decoded.values, answers, stored, references, strict=True
            )
        ]


class OnePrediction(DatasetResource):
    """Show a prediction in full."""

    path = "/v1/{dataset}/predictions/{prediction_id}"

    def look_up(self, exchange: Exchange, path: dict[str, Any]) -> None:
        """Leave the dataset's name: a receipt outlives what conf/ says of its dataset."""

    @operation(
        scope="predict",
        name="receipt",
        summary="What was asked and answered, by which version, trained on what",
        description="A key that may predict alone finds its own predictions, and no others.",
        answer=Receipt,
        refuses=("unknown_prediction",),
        is_offered=is_served,
    )
    def on_get(self, call: Call, dataset: str, prediction_id: str) -> Receipt:
        """Answer with the record, the answer and where the version comes from."""
        exchange, database = call.exchange, self.services.database
        row = self._row(dataset, prediction_id, _own(exchange))
        exchange.dataset, exchange.version = dataset, row.version
        version = version_store.get(database, dataset, row.version)
        redact = self.services.redaction.body
        manifest = version.manifest
        return Receipt(
            id=row.id,
            at=row.at,
            dataset=dataset,
            # What was stored before a field was hidden has it still.
            reference=self.services.redaction.reference(row.reference),
            record=msgspec.Raw(redact(bytes(row.record)) or b""),
            answer=msgspec.Raw(redact(bytes(row.answer)) or b""),
            request=row.request,
            model=ModelVersion(version.model, version.number),
            trained=manifest["created"],
            git=manifest["git"],
            data=manifest["data"],
            configuration=manifest["config"],
            files=manifest["files"],
        )

    def _row(self, dataset: str, prediction_id: str, own: str | None) -> Prediction:
        """Return a stored prediction; raise UserError where there is none, or it is another's.

        Both answer alike, so that nobody learns which ids there are.
        """
        row = None
        if _is_askable(dataset, prediction_id):
            row = latest.get(self.services.database, dataset, prediction_id, own)
        if row is None:
            what = "There is no such prediction."
            raise UserError(what, code="unknown_prediction", given=prediction_id)
        return row


def routes(services: Services) -> list[Resource]:
    """Return the resources of predictions, and of rows that are similar."""
    return [Predictions(services), OnePrediction(services), Similar(services)]


def _own(exchange: Exchange) -> str | None:
    """Return whose predictions a caller may see; None for those of all."""
    caller = exchange.caller
    return None if caller is None or caller.may("label") else caller.name


def _tell(
    answers: list[dict[str, Any]], decoded: Decoded, origins: Sequence[dict[str, Any]]
) -> None:
    """Tell with each answer where its past is from, and what its caller calls it."""
    for answer, origin in zip(answers, origins, strict=False):
        answer[past.NAME] = origin
    for answer, reference in zip(answers, decoded.references, strict=False):
        if reference is not None:
            answer[NAME] = reference


def _warn(answer: dict[str, Any], code: str, message: str) -> None:
    """Put a warning before those that an answer has."""
    answer["warnings"] = [{"code": code, "message": message}, *answer["warnings"]]


def _is_askable(dataset: str, prediction_id: str) -> bool:
    """Tell whether a database takes both: PostgreSQL's text does not take every character."""
    return dataset.isascii() and dataset.isprintable() and ids.is_one(prediction_id)
