"""Labels as they are answered: one as JSON, many as the rows of a file that can be posted again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from app.labels import store
from app.labels.review import Review
from app.records import csv_cells, target_keys
from app.records.values import is_number
from app.store.redaction import HIDDEN, NOTHING_HIDDEN, Redaction
from src.data.kinds import spreadsheet
from src.data.schema import Dataset
from src.support import files

# What a CSV says of a label beside its record; these columns are ignored when it is posted.
BESIDE = ("label_id", "label_at", "label_source", "label_prediction")


def shown(row: dict[str, Any], dataset: Dataset, redaction: Redaction) -> dict[str, Any]:
    """Return a label without hidden fields: it may be from before they were hidden."""
    if not any(map(redaction.hides, dataset.columns())):
        return row
    value = HIDDEN if redaction.hides(dataset.target.name) else row["value"]
    record = redaction.record(msgspec.json.decode(bytes(row["record"])))
    return {**row, "value": value, "record": msgspec.json.encode(record)}


def stored_label(
    row: dict[str, Any], dataset: Dataset, redaction: Redaction = NOTHING_HIDDEN
) -> dict[str, Any]:
    """Return a label as it is answered."""
    row = shown(row, dataset, redaction)
    document = {
        "id": row["id"],
        "at": row["at"],
        "source": row["source"],
        "record": msgspec.Raw(bytes(row["record"])),
        target_keys.in_labels(dataset.target.name, dataset.task): typed(row["value"], dataset),
        "upload": row["upload"],
    }
    if row["prediction"] is not None:
        document["prediction"] = {
            "id": row["prediction"],
            "at": row["predicted_at"],
            "version": row["version"],
        }
    is_waiting = row["deleted_by"] == store.WAITING
    if row["deleted"] is not None and not is_waiting:
        document["deleted"] = {"at": row["deleted"], "by": row["deleted_by"]}
    if row["review"] is not None:
        review = msgspec.json.decode(bytes(row["review"]), type=Review)
        document["review"] = {
            "state": review.state(is_waiting=is_waiting),
            "why": review.words(row["value"], dataset),
            **msgspec.to_builtins(review),
        }
    return document


def typed(value: str, dataset: Dataset) -> Any:
    """Return a target as JSON has it: numbers, and the classes as the dataset lists them."""
    if dataset.task == "regression":
        with suppress(ValueError):  # it may be a class: the dataset may have had another task
            return float(value)
    listed = {str(one): one for one in dataset.target.values or ()}
    return listed.get(value, value)


def csv_rows(rows: list[dict[str, Any]], dataset: Dataset, *, is_first: bool) -> bytes:
    """Write rows as a CSV, the first ones under a header.

    Records stand there as they are, for they can be posted again: a text that a spreadsheet takes
    for a formula, too. What is ignored when it is posted is defused.
    """
    names = [*dataset.features, *dataset.extra_columns()]
    target = dataset.target.name
    lines: list[list[Any]] = [[*names, target, *BESIDE]] if is_first else []
    for row in rows:
        record = msgspec.json.decode(bytes(row["record"]))
        cells = [csv_cells.cell(name, record.get(name), dataset) for name in names]
        truth = _truth(row["value"], dataset)
        beside = (row["id"], row["at"], spreadsheet.cell(row["source"]), row["prediction"] or "")
        lines.append([*cells, truth, *beside])
    return files.csv_text(lines, dataset.separator).encode()


def _truth(value: str, dataset: Dataset) -> str:
    """Write a stored target as the source does; a number is stored as programs write it."""
    if dataset.task != "regression" or not is_number(value):
        return value
    return dataset.written(dataset.target.name).words(value)


def ndjson_rows(rows: list[dict[str, Any]], dataset: Dataset, *, is_first: bool) -> bytes:
    """Write rows as they can be posted again, a JSON object a line."""
    del is_first  # there is no header
    lines = []
    for row in rows:
        record = msgspec.json.decode(bytes(row["record"]))
        lines.append({**record, dataset.target.name: typed(row["value"], dataset)})
    return msgspec.json.Encoder().encode_lines(lines)
