"""Predictions and similar rows as OpenAPI describes them: their fields are a dataset's own."""

from __future__ import annotations

from app.http.openapi import (
    ANY,
    NUMBER,
    TEXT,
    WHOLE,
    Schema,
    listing,
    one_or_many,
    reference,
    structure,
)
from app.predictions import answers, past
from app.records import csv_cells, target_keys
from app.records.enumeration import enumeration
from app.records.references import NAME
from app.registry.datasets.dataset_context import DatasetContext
from app.registry.loaded import LoadedVersion
from app.store.redaction import HIDDEN, Redaction
from src.support.errors import UserError

CHANCE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
WHY = structure(
    {
        "sentence": TEXT,
        "base": NUMBER,
        "contributions": listing(
            structure({"feature": TEXT, "contribution": NUMBER}, {"value": ANY, "word": TEXT})
        ),
        "method": TEXT,
    },
    {
        "causes": listing(
            structure({"cause": TEXT, "features": listing(TEXT), "contribution": NUMBER})
        )
    },
)

ORIGIN = structure(
    {"from": enumeration([past.REQUEST, past.BUNDLE])},
    {"value": {"type": ["number", "null"]}, "until": TEXT},
)

WARNING = structure(
    {"code": enumeration(list(answers.CODES)), "message": TEXT},
    {"feature": TEXT},
)


def has_similar(context: DatasetContext) -> bool:
    """Tell whether similar rows can be looked up."""
    return context.serving is not None and context.serving.similar is not None


def schemas(context: DatasetContext) -> Schema:
    """Describe a dataset's record, and the answer to it."""
    serving = context.serving
    if serving is None:
        return {}
    return {
        f"{context.name}_record": serving.records.json_schema(),
        f"{context.name}_prediction": _prediction(serving),
        "why": WHY,
        "warning": WARNING,
    }


def one_or_many_records(context: DatasetContext) -> Schema:
    """Describe a body with one record or an array of them."""
    return one_or_many(reference(f"{context.name}_record"), context.settings.most_records)


def one_or_many_predictions(context: DatasetContext) -> Schema:
    """Describe an answer to one record, or to an array of them."""
    prediction = reference(f"{context.name}_prediction")
    return {"oneOf": [prediction, listing(prediction)]}


def record_examples(context: DatasetContext) -> Schema:
    """Return bodies that can be posted."""
    one = context.example()
    return {
        "one": {"summary": f"one {context.dataset.noun}", "value": one},
        "many": {"summary": "several at once", "value": [one, context.example(1)]},
    }


def csv_example(context: DatasetContext) -> str:
    """Return a CSV that can be posted."""
    serving = _serving(context)
    dataset = serving.dataset
    return csv_cells.as_csv(list(dataset.features), context.example(), dataset)


def prediction_examples(context: DatasetContext) -> Schema:
    """Return the answer to the first example."""
    try:
        prediction = answers.example(_serving(context), context.example())
    except UserError:  # of a record that nobody sent it may have no finite answer
        return {}
    return {"one": {"summary": "the answer to the example", "value": prediction}}


def similar_request(context: DatasetContext) -> Schema:
    """Describe a body that asks for similar rows: the columns that decide are required."""
    record = {**_serving(context).records.json_schema(), "required": _deciding(context)}
    n = {"type": "integer", "minimum": 1, "maximum": context.settings.most_similar}
    return {
        "type": "object",
        "properties": {"record": record, "n": n},
        "required": ["record"],
        "additionalProperties": False,
    }


def similar_examples(context: DatasetContext) -> Schema:
    """Return a body that asks for three rows."""
    example = context.example()
    record = {name: value for name, value in example.items() if name in _deciding(context)}
    return {"one": {"value": {"record": record, "n": 3}}}


def similar_rows(context: DatasetContext) -> Schema:
    """Describe rows that are similar: records with their target and distance, nearest first."""
    serving, how = _serving(context), context.dataset.similar
    assert how is not None
    columns = {
        name: _shown(name, described, context) for name, described in _columns(serving).items()
    }
    target = serving.dataset.target.name
    row = structure(
        {
            "record": structure(columns),
            target_keys.in_similar(target): _shown(target, _target(serving), context),
            "distance": NUMBER,
        }
    )
    return structure(
        {
            "similar": listing(row),
            "asked": WHOLE,
            "available": WHOLE,
            "same": structure({name: columns[name] for name in how.same}),
            "nearest": TEXT,
            "version": WHOLE,
        },
        {"note": TEXT},
    )


def _prediction(serving: LoadedVersion) -> Schema:
    """Describe the answer to one record."""
    target = serving.predicted
    shared: Schema = {
        "id": TEXT,
        "model": structure({"name": TEXT, "version": WHOLE}),
        "warnings": listing(reference("warning")),
    }
    optional: Schema = {"why": reference("why")}
    windows = serving.dataset.windows()
    if windows:
        optional[past.NAME] = structure(dict.fromkeys(windows, ORIGIN))
    if serving.records.reference is not None:
        optional[NAME] = TEXT
    if serving.classes is None:
        interval = structure({"low": NUMBER, "high": NUMBER, "coverage": NUMBER})
        return structure({target: _target(serving), "interval": interval, **shared}, optional)
    classes = listing(enumeration(serving.classes))
    if serving.decision.threshold is not None:
        shared["threshold"] = CHANCE
    if serving.decision.band is not None:
        shared["abstains"] = {"type": "boolean"}
    return structure(
        {
            target: _target(serving),
            "probability": CHANCE,
            "probabilities": structure({str(name): CHANCE for name in serving.classes}),
            "interval": structure({"classes": classes, "coverage": NUMBER}),
            **shared,
        },
        optional,
    )


def _target(serving: LoadedVersion) -> Schema:
    """Describe a value of the target in words and by its type."""
    target = serving.dataset.target
    about = ", ".join(part for part in (target.about, target.unit) if part)
    values = NUMBER if serving.classes is None else enumeration(serving.classes)
    return {**values, "description": about}


def _shown(name: str, described: Schema, context: DatasetContext) -> Schema:
    """Describe a value of a row; of a field that is not shown it is always the same word."""
    if Redaction(context.settings.redact).hides(name):
        return enumeration([HIDDEN])
    return described


def _columns(serving: LoadedVersion) -> Schema:
    """Describe a stored row's columns, of which each may be missing."""
    properties = serving.records.json_schema()["properties"]
    return {
        name: {"anyOf": [properties[name], {"type": "null"}]} for name in serving.dataset.features
    }


def _deciding(context: DatasetContext) -> list[str]:
    how = context.dataset.similar
    assert how is not None
    return [*how.same, how.nearest]


def _serving(context: DatasetContext) -> LoadedVersion:
    """Return the version that answers: operations are described where there is one."""
    assert context.serving is not None
    return context.serving
