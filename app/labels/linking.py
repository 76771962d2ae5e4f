"""Truths of predictions, many at once: their records are those that were predicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import peewee

from app.http.exchange import Caller
from app.labels import store
from app.labels.schema import PREDICTION_ID
from app.labels.store import Feedback
from app.records.csv_reader import CHUNK
from app.records.invalid import Invalid
from app.records.records import Records
from app.store import database as databases
from app.store import ids
from app.store.redaction import HIDDEN
from app.store.tables import Label, Prediction
from src.data.schema import Dataset
from src.support.errors import Fault

AT_ONCE = 1000  # predictions of one query


@dataclass(frozen=True)
class Linked:
    """A truth as a label, with values in the order of a label's fields, and its prediction."""

    values: tuple[Any, ...]
    feedback: Feedback


class Predictions:
    """Predictions that are stored, looked up by many ids at once."""

    def __init__(self, database: peewee.Database, caller: Caller) -> None:
        self._database = database
        self._caller = caller

    def stored(self, numbers: Iterable[str]) -> dict[str, Any]:
        """Return the predictions with these ids, of any dataset that the caller sees, by id."""
        rows: dict[str, Any] = {}
        for some in self._pieces(numbers):
            query = Prediction.select().where(Prediction.id.in_(some))
            found = query.execute(self._database)
            rows |= {row.id: row for row in found if self._caller.sees(row.dataset)}
        return rows

    def labelled(self, dataset: str, numbers: Iterable[str]) -> dict[str, bytes]:
        """Return the record of the last label of each prediction that has one."""
        records: dict[str, bytes] = {}
        for some in self._pieces(numbers):
            query = Label.select(Label.prediction, Label.record).order_by(Label.id)
            query = query.where(*store.kept(dataset), Label.prediction.in_(some)).tuples()
            records |= dict(query.execute(self._database))
        return records

    def _pieces(self, numbers: Iterable[str]) -> Iterator[list[str]]:
        """Yield ids some at a time; those that have not the form of one are left out."""
        asked = sorted({number for number in numbers if ids.is_one(number)})
        for start in range(0, len(asked), AT_ONCE):
            databases.renew(self._database)  # a client takes its time between two pieces
            yield asked[start : start + AT_ONCE]


class Linker:
    """Gives truths the records of their predictions."""

    def __init__(self, dataset: Dataset, *, longest_text: int) -> None:
        self._dataset = dataset
        self._beside = dataset.extra_columns()
        self._records = Records(dataset, most=CHUNK, longest_text=longest_text)

    def link(
        self, truths: Sequence[tuple[Any, ...]], predictions: Predictions
    ) -> list[Linked | Fault]:
        """Return each truth as a label, or why it cannot be one.

        A truth is an id, what stands beside a record, and the target; what is left out of the
        second stays as the prediction's last label said it.
        """
        numbers = [number for number, *_ in truths]
        rows = predictions.stored(numbers)
        faults = {number: self._refusal(number, rows.get(number)) for number in set(numbers)}
        usable = [number for number, fault in faults.items() if fault is None]
        records = self._read({number: bytes(rows[number].record) for number in usable})
        said = self._said(usable, predictions)
        linked: list[Linked | Fault] = []
        for number, *beside, truth in truths:
            record = faults[number] or records[number]
            if isinstance(record, Fault):
                linked.append(record)
                continue
            last = said.get(number, [None] * len(beside))
            said[number] = [
                before if value is None else value
                for before, value in zip(last, beside, strict=True)
            ]
            row = rows[number]
            feedback = Feedback(number, row.version, row.at, bytes(row.answer))
            linked.append(Linked((*record, *said[number], truth), feedback))
        return linked

    def _refusal(self, number: str, row: Any) -> Fault | None:
        """Return why nothing can be the truth of a prediction; None where something can."""
        if row is None:
            what, fix = "There is no such prediction.", None
            if not ids.is_one(number):
                what, fix = "This is no id of a prediction.", "give the id that its answer has"
        elif row.dataset != self._dataset.name:
            what = f"This prediction is not one of '{self._dataset.name}'."
            fix = f"post it to /v1/{row.dataset}/labels"
        else:
            record = row.record
            return (
                None if self._is_whole(record) else self._unusable("record was not stored whole.")
            )
        return Fault(what, code="unknown_prediction", field=PREDICTION_ID, given=number, fix=fix)

    def _is_whole(self, record: bytes | None) -> bool:
        """Tell whether a stored record has all that the model was given."""
        if record is None:
            return False
        values = msgspec.json.decode(record)
        return not any(values.get(name) == HIDDEN for name in self._dataset.features)

    def _read(self, bodies: dict[str, bytes]) -> dict[str, tuple[Any, ...] | Fault]:
        """Return the values of records, or why they do not fit the dataset, by their ids."""
        read: dict[str, tuple[Any, ...] | Fault] = {}
        if not bodies:
            return read
        all_of_them = b"[" + b",".join(bodies.values()) + b"]"
        decoded, _ = self._records.at_most(len(bodies)).quick(all_of_them)
        if decoded is not None and len(decoded.values) == len(bodies):
            return dict(zip(bodies, decoded.values, strict=True))
        for number, body in bodies.items():
            try:
                (read[number],) = self._records.decode(body).values
            except Invalid as error:
                fault = error.errors[0]
                what = f"record does not fit '{self._dataset.name}' as it is now: {fault.detail}"
                read[number] = self._unusable(what, fault)
        return read

    def _unusable(self, what: str, fault: Fault | None = None) -> Fault:
        return Fault(
            f"The prediction's {what}",
            code="record_unusable",
            field=PREDICTION_ID,
            given=None if fault is None else fault.given,
            allowed=None if fault is None else fault.allowed,
            fix="post the whole label, with its features",
        )

    def _said(self, numbers: list[str], predictions: Predictions) -> dict[str, list[Any]]:
        """Return what the last labels said beside their records, by their predictions."""
        if not self._beside:
            return {}
        records = predictions.labelled(self._dataset.name, numbers)
        decoded = {number: msgspec.json.decode(record) for number, record in records.items()}
        return {
            number: [record.get(name) for name in self._beside]
            for number, record in decoded.items()
        }
