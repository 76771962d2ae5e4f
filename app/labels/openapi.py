"""Labels as OpenAPI describes them: their fields are those of each dataset."""

from __future__ import annotations

from typing import Any

import msgspec

from app.http.openapi import (
    ANY,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    listing,
    nullable,
    one_or_many,
    reference,
    structure,
)
from app.labels.schema import PREDICTION_ID, by_prediction, labelled
from app.records import csv_cells, target_keys
from app.records.invalid import Invalid
from app.records.records import Records
from app.registry.datasets.dataset_context import DatasetContext
from app.store import ids
from src.data.schema import Dataset

WITHOUT_NUL = r"^[^\u0000]*$"
EXAMPLE_ID = ids.at(1_767_225_600)  # of a moment, as every id


def schemas(context: DatasetContext) -> Schema:
    """Describe a label as it is posted, and as it is stored."""
    target = target_keys.in_labels(context.dataset.target.name, context.dataset.task)
    name = f"{context.name}_stored_label"
    stored_label = structure(
        {
            "id": TEXT,
            "at": TIME,
            "source": TEXT,
            "record": OBJECT,
            # It may be a class that the dataset had before.
            target: NUMBER if context.dataset.task == "regression" else ANY,
            "upload": TEXT,
        },
        {
            "prediction": structure({"id": TEXT, "at": TIME, "version": WHOLE}),
            "deleted": structure({"at": TIME, "by": TEXT}),
            **({"review": _review()} if context.dataset.task == "regression" else {}),
        },
    )
    return {
        **{f"{context.name}_{kind}": schema for kind, schema in _posted(context).items()},
        name: stored_label,
        f"{name}s": structure({"labels": listing(reference(name)), "next": nullable(TEXT)}),
    }


def one_or_many_labels(context: DatasetContext) -> Schema:
    """Describe a body with one label or an array of them, each of either kind."""
    kinds = [reference(f"{context.name}_{kind}") for kind in _posted(context)]
    item = kinds[0] if len(kinds) == 1 else {"oneOf": kinds}
    array = one_or_many(item, context.settings.most_records)["oneOf"][1]
    return {"oneOf": [kinds[0], array, *kinds[1:]]}


def stored_label(context: DatasetContext) -> Schema:
    """Describe an answer with one label."""
    return reference(f"{context.name}_stored_label")


def stored_labels(context: DatasetContext) -> Schema:
    """Describe an answer with a page of labels."""
    return reference(f"{context.name}_stored_labels")


def truth(context: DatasetContext) -> Schema:
    """Describe a body with the target, and what else a label may say beside its record."""
    target, fields = context.dataset.target.name, _label(context)["properties"]
    beside = {name: fields[name] for name in context.dataset.extra_columns()}
    described = structure({target: fields[target]}, beside)
    return {**described, "additionalProperties": False}


def label_examples(context: DatasetContext) -> Schema:
    """Return bodies of JSON that can be posted."""
    label = _example(context)
    if label is None:
        return {}
    target = context.dataset.target.name
    truth = {PREDICTION_ID: EXAMPLE_ID, target: label[target]}
    linked = {"by_prediction": {"summary": "the truth of a prediction", "value": truth}}
    return {
        "one": {"summary": "one label", "value": label},
        "many": {"summary": "several at once", "value": [label, label]},
        **(linked if len(_posted(context)) > 1 else {}),
    }


def csv_example(context: DatasetContext) -> str | None:
    """Return a CSV that can be posted."""
    label, dataset = _example(context), context.dataset
    if label is None:
        return None
    return csv_cells.as_csv([*dataset.features, dataset.target.name], label, dataset)


def ndjson_example(context: DatasetContext) -> str | None:
    """Return a line of JSON that can be posted."""
    label = _example(context)
    return None if label is None else msgspec.json.encode(label).decode() + "\n"


def _review() -> Schema:
    """Describe why a label waits for a person, and what was decided."""
    decision = {"verdict": TEXT, "at": TIME, "by": TEXT, "why": TEXT}
    return structure(
        {
            "state": {"type": "string", "enum": ["to_review", "accepted", "rejected", "deleted"]},
            "code": TEXT,
            "why": TEXT,
            "predicted": NUMBER,
            "low": NUMBER,
            "high": NUMBER,
            "beyond": nullable(NUMBER),
            "version": WHOLE,
            "decision": nullable(structure(decision)),
        }
    )


def _posted(context: DatasetContext) -> dict[str, Schema]:
    """Describe what can be posted: a label and, where ids are read, the truth of a prediction."""
    truth = by_prediction(context.dataset, context.classes)
    if truth is None:
        return {"label": _label(context)}
    schema = _without_nul(_records(context, truth).json_schema())
    schema["description"] = "the truth of a prediction, whose record the label takes"
    schema["properties"][PREDICTION_ID] = {
        "title": PREDICTION_ID,
        "description": truth.features[PREDICTION_ID].about,
        "type": "string",
        "pattern": ids.PATTERN,
    }
    return {"label": _label(context), "label_by_prediction": schema}


def _label(context: DatasetContext) -> Schema:
    """Describe a record with its target."""
    return _without_nul(_records(context).json_schema())


def _without_nul(schema: Schema) -> Schema:
    """Describe an object whose texts hold no NUL, which no CSV could keep."""
    for field in schema["properties"].values():
        if "string" in field.get("type", ()) and "enum" not in field:
            field["pattern"] = WITHOUT_NUL
    return schema


def _records(context: DatasetContext, dataset: Dataset | None = None) -> Records:
    return Records(
        dataset or labelled(context.dataset, context.classes),
        most=context.settings.most_records,
        longest_text=context.settings.longest_text,
    )


def _example(context: DatasetContext) -> dict[str, Any] | None:
    """Return a label that can be posted: an example record with what the model says of it."""
    if context.serving is None:
        return None
    label = context.serving.example_label(is_real=context.is_real)
    try:
        _records(context).decode(msgspec.json.encode(label))
    except Invalid:  # conf/ changed since the version was trained
        return None
    return label
