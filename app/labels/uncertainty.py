"""Uncertainty sampling: which predictions without a label would teach most, had they one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import msgspec
import peewee
from msgspec import Meta

from app.http.operation import Call, operation
from app.http.paging import Timestamp
from app.labels import store
from app.records import target_keys
from app.records.clipping import clipped
from app.registry.services import DatasetResource
from app.store.redaction import HIDDEN
from app.store.tables import BatchPrediction, Label, Prediction, Request
from src.data.schema import Dataset
from src.evaluation.decision import sureness
from src.support.structs import Checked

ANSWER_FIELDS = (
    "interval",
    "probability",
    "probabilities",
    "threshold",
    "abstains",
)  # that are kept, beside the target
MEASURES = {
    "regression": "the interval's width, divided by that width and the predicted size together",
    "binary": "1 less the difference of both probabilities",
    "threshold": "1 less how far the probability is from the threshold on the way to 0 or 1; those "
    "that are left to a person come first",
    "multiclass": "1 less the difference of the two greatest probabilities",
}
NEWEST = 2000  # predictions that are looked at
USUAL = 20  # of them are answered without a limit
BATCH = 20  # records that are read at once
# Rows of each table that are looked through, the newest: of a dataset that is asked for rarely all
# would be, and there is no index by dataset, which each answer would pay for.
DEPTH = 200_000

FetchRecords = Callable[[list[str]], dict[str, bytes]]  # ids -> the records as they are stored


class UncertaintyQuery(Checked, frozen=True):
    """How many predictions are answered."""

    limit: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        Meta(description=f"predictions at most, {USUAL} unless given"),
    ] = None


class UncertainPrediction(msgspec.Struct, frozen=True):
    """A prediction without a label; `unsure` is 0 where its version was sure, at most 1."""

    id: str
    at: Timestamp
    version: int
    unsure: float
    record: dict[str, Any]
    answer: dict[str, Any]


class UncertainPredictions(msgspec.Struct, frozen=True):
    """The least sure predictions first, how that was measured, and among how many."""

    dataset: str
    measure: str
    looked_at: int
    labelled: int
    predictions: list[UncertainPrediction]


class Uncertain(DatasetResource):
    """Suggest what to label next."""

    path = "/v1/{dataset}/uncertain"

    @operation(
        scope="label",
        name="uncertain",
        summary="What is worth labelling next: predictions without a label that were least sure",
        query=UncertaintyQuery,
        answer=UncertainPredictions,
        links={"truth": ("truth", "prediction_id", "predictions/0/id")},
        is_answer_stored=False,
    )
    def on_get(self, call: Call[UncertaintyQuery, None], dataset: Dataset) -> UncertainPredictions:
        """Answer with predictions that are worth a label, the most unsure first."""
        database = self.services.database
        # What another version was unsure of says nothing of the one that serves.
        version = self.services.registry.number(dataset.name)
        scan = scan_predictions(
            newest_predictions(database, dataset.name, NEWEST, version), dataset
        )
        has_threshold = any("threshold" in one.answer for one in scan.candidates)
        return UncertainPredictions(
            dataset=dataset.name,
            measure=MEASURES["threshold" if has_threshold else dataset.task],
            looked_at=scan.looked_at,
            labelled=len(scan.labelled),
            predictions=[
                msgspec.structs.replace(one, record=self.services.redaction.record(one.record))
                for one in least_sure(scan, partial(records, database), call.query.limit or USUAL)
            ],
        )


@dataclass(frozen=True)
class Candidate:
    """A prediction without a label, and how unsure it was."""

    id: str
    at: str
    version: int
    unsure: float
    answer: dict[str, Any]
    abstains: bool = False


@dataclass(frozen=True)
class Scan:
    """What predictions say without their records."""

    looked_at: int
    labelled: list[str]
    candidates: list[Candidate]  # the least sure first
    target: str  # may stand in a record that was sent, where it is ignored


def uncertainty(answer: dict[str, Any], dataset: Dataset) -> float | None:
    """Return from 0 (sure) to 1 how unsure an answer is; None where it does not say.

    Of classes by how near the second likeliest comes to the first, or the positive one to its
    threshold. A number's interval is seen
    against the number: twenty more or less is much of a hundred and nothing of a million.
    """
    if dataset.task != "regression":
        told = list(answer.get("probabilities", {}).values())
        threshold = answer.get("threshold")
        if isinstance(threshold, int | float) and len(told) == 2:
            return 1 - float(sureness(threshold, told[1]))
        chances = sorted(told)
        return 1 - (chances[-1] - chances[-2]) if len(chances) > 1 else None
    value = target_keys.predicted(answer, dataset.target.name)
    interval = answer.get("interval", {})
    if not isinstance(value, int | float) or "low" not in interval:
        return None
    width = interval["high"] - interval["low"]
    return width / (width + abs(value)) if width > 0 else 0.0


def scan_predictions(rows: Iterable[dict[str, Any]], dataset: Dataset) -> Scan:
    """Sort predictions by how unsure they were; they come the newest first."""
    looked_at, labelled, candidates = 0, [], []
    fields = (target_keys.in_answers(dataset.target.name, dataset.task), *ANSWER_FIELDS)
    for row in rows:
        looked_at += 1
        if row["is_labelled"]:
            labelled.append(row["id"])
            continue
        answer = msgspec.json.decode(bytes(row["answer"]))
        unsure = uncertainty(answer, dataset)
        if unsure is not None:
            kept = {name: answer[name] for name in fields if name in answer}
            abstains = answer.get("abstains") is True
            candidates.append(
                Candidate(row["id"], row["at"], row["version"], unsure, kept, abstains)
            )
    # Who was told to ask a person may do so; of equals the newest comes first.
    candidates.sort(key=lambda one: (not one.abstains, -one.unsure))
    return Scan(looked_at, labelled, candidates, dataset.target.name)


def least_sure(scan: Scan, fetch: FetchRecords, limit: int) -> list[UncertainPrediction]:
    """Return the predictions without a label that were least sure, each record once.

    A record whose truth is known from another prediction, or that is not stored whole, is left out.
    Records may be long: only a few are held at once, and earlier ones are recognised by hashes.
    """
    predictions: list[UncertainPrediction] = []
    if not scan.candidates:
        return predictions
    seen = {_hash(record) for _, record in _in_batches(scan.labelled, fetch, scan.target)}
    candidates = {one.id: one for one in scan.candidates}
    for prediction_id, record in _in_batches(list(candidates), fetch, scan.target):
        key = _hash(record)
        if key in seen or HIDDEN in record.values():
            continue
        seen.add(key)
        one = candidates[prediction_id]
        predictions.append(
            UncertainPrediction(
                id=prediction_id,
                at=one.at,
                version=one.version,
                unsure=round(one.unsure, 4),
                record=clipped(record),
                answer=one.answer,
            )
        )
        if len(predictions) == limit:
            break
    return predictions


def newest_predictions(
    database: peewee.Database, dataset: str, most: int, version: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the newest predictions of a dataset with `is_labelled`, the newest first.

    Of one version where it is given. Without their records, which may be long.
    """
    truth = Label.select(peewee.SQL("1")).where(
        Label.prediction == Prediction.id,
        Label.deleted.is_null() | (Label.deleted_by == store.WAITING),
    )
    columns = (Prediction.id, Prediction.at, Prediction.version)
    rows = (
        Prediction.select(*columns, Prediction.answer, peewee.fn.EXISTS(truth).alias("is_labelled"))
        .where(Prediction.dataset == dataset, Prediction.id >= _oldest_id(database))
        .order_by(Prediction.id.desc())  # by it both tables are read in their own order
        .limit(most)
    )
    if version is not None:
        rows = rows.where(Prediction.version == version)
    yield from rows.dicts().iterator(database)


def records(database: peewee.Database, prediction_ids: list[str]) -> dict[str, bytes]:
    """Return the records of predictions by their ids; those that are gone are left out."""
    columns = (Prediction.id, Prediction.record)
    rows = Prediction.select(*columns).where(Prediction.id.in_(prediction_ids))
    return {row_id: bytes(record) for row_id, record in rows.tuples().execute(database)}


def _oldest_id(database: peewee.Database) -> str:
    """Return the id from which on predictions are looked through."""
    ids = [
        table.select(table.id).order_by(table.id.desc()).offset(DEPTH).limit(1).scalar(database)
        for table in (Request, BatchPrediction)
    ]
    return max(row_id or "" for row_id in ids)


def _in_batches(
    prediction_ids: list[str], fetch: FetchRecords, target: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the features of predictions in their order, but for those that are gone meanwhile."""
    for start in range(0, len(prediction_ids), BATCH):
        batch = prediction_ids[start : start + BATCH]
        stored = fetch(batch)
        for prediction_id in batch:
            if prediction_id in stored:
                record = msgspec.json.decode(stored.pop(prediction_id))
                record.pop(target, None)
                yield prediction_id, record


def _hash(record: dict[str, Any]) -> int:
    """Return a hash of what equal records have alike, however they were written."""
    return hash(frozenset((name, value) for name, value in record.items() if value is not None))
