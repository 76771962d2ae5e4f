"""The OpenAPI document's paths of labels: posts of them, and truths of past predictions."""

from __future__ import annotations

from typing import Any

import msgspec

from app.http.body import CSV, NDJSON
from app.http.openapi import (
    ANY,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Document,
    as_csv,
    body,
    by_id,
    link,
    listing,
    nullable,
    numbered,
    one_or_many,
    operation,
    parameter,
    problems,
    query,
    reference,
    response,
    structure,
)
from app.labels import resources, upload_resources
from app.labels.schema import labelled
from app.records.invalid import Invalid
from app.records.records import Records
from app.registry.loaded import Serving
from app.settings import Settings
from src.data.schema import Dataset

# Printable, with no space at its ends, which a header cannot carry.
KEY_PATTERN = r"^[!-~]([ -~]*[!-~])?$"
WITHOUT_NUL = r"^[^\u0000]*$"
A_LABEL = "a label's id"
FILTERS = {
    "since": "that came from this moment on",
    "until": "that came before this moment",
    "source": "of this source",
    "value": "with this target, as a CSV writes it",
    "prediction": "that are the truth of this prediction",
}


def schemas(dataset: Dataset, classes: list[str] | None, settings: Settings) -> Document:
    """Describe a label as it is posted, and as it is told."""
    name = dataset.name
    return {
        f"{name}_label": _schema(_records(dataset, classes, settings)),
        f"{name}_stored_label": _stored_label(dataset),
        f"{name}_stored_labels": structure(
            {"labels": listing(reference(f"{name}_stored_label")), "next": nullable(TEXT)}
        ),
    }


def paths(
    dataset: Dataset, serving: Serving | None, classes: list[str] | None, settings: Settings
) -> Document:
    """Describe what can be done with the labels of a dataset, served or not."""
    name, told = dataset.name, f"{dataset.name}_stored_label"
    records = _records(dataset, classes, settings)
    found = {
        f"/v1/{name}/labels": {
            "post": _post(dataset, _example(serving, records), settings),
            "get": _list(name, settings),
            "delete": _delete_many(name),
        },
        f"/v1/{name}/labels/{{id}}": {
            "get": by_id(
                name, f"{name}_stored_label", "A label, also one that was deleted", told, A_LABEL
            ),
            "delete": by_id(
                name,
                f"{name}_delete_label",
                "Delete a label: no training uses it from now on",
                told,
                A_LABEL,
            ),
        },
        f"/v1/{name}/uploads": {"get": _uploads(name, settings)},
        f"/v1/{name}/uploads/{{id}}": {
            "get": by_id(
                name,
                f"{name}_upload",
                "How far a post of labels is, or what became of it",
                "upload",
                "a post's id: upload in its answer",
            )
        },
    }
    if serving is not None:
        truth = _schema(records)["properties"][dataset.target.name]
        found[f"/v1/{name}/predictions/{{id}}/label"] = {
            "put": _truth(dataset, truth),
            "get": by_id(
                name,
                f"{name}_stored_truth",
                "The label of a prediction; of several the last",
                told,
                "a prediction's id",
            ),
        }
    return found


def _schema(records: Records) -> Document:
    """Describe a label: a record whose texts hold no NUL, which no CSV could keep."""
    schema = records.json_schema()
    for field in schema["properties"].values():
        if "string" in field.get("type", ()):
            field["pattern"] = WITHOUT_NUL
    return schema


def _stored_label(dataset: Dataset) -> Document:
    """Describe a label as it is told: its target may be a class that the dataset had before."""
    return structure(
        {
            "id": TEXT,
            "at": TIME,
            "source": TEXT,
            "record": OBJECT,
            dataset.target.name: NUMBER if dataset.task == "regression" else ANY,
            "upload": TEXT,
        },
        {
            "prediction": structure({"id": TEXT, "at": TIME, "version": WHOLE}),
            "deleted": structure({"at": TIME, "by": TEXT}),
        },
    )


def _records(dataset: Dataset, classes: list[str] | None, settings: Settings) -> Records:
    return Records(
        labelled(dataset, classes),
        most=settings.most_records,
        longest_text=settings.longest_text,
    )


def _example(serving: Serving | None, records: Records) -> dict[str, Any] | None:
    """Return a label that can be posted: a held-out record with what the model says of it."""
    if serving is None:
        return None
    label = serving.example_label()
    try:
        records.decode(msgspec.json.encode(label))
    except Invalid:  # conf/ changed since the version was trained
        return None
    return label


def _post(dataset: Dataset, label: dict[str, Any] | None, settings: Settings) -> Document:
    name = dataset.name
    asked = body(one_or_many(reference(f"{name}_label"), settings.most_records))
    content = asked["content"] | {CSV: {"schema": TEXT}, NDJSON: {"schema": TEXT}}
    asked["content"] = content
    if label is not None:
        content["application/json"]["examples"] = {
            "one": {"summary": "one label", "value": label},
            "many": {"summary": "several at once", "value": [label, label]},
        }
        names = [*dataset.features, dataset.target.name]
        content[CSV]["example"] = as_csv(names, label, dataset.separator)
        content[NDJSON]["example"] = msgspec.json.encode(label).decode() + "\n"
    words = {
        "source": "who or what they come from; the key's name unless given",
        "atomic": "store all or none",
    }
    links = {"upload": link(f"{name}_upload", "upload"), **_links(name, "ids/0")}
    key = {"type": "string", "pattern": KEY_PATTERN, "maxLength": resources.LONGEST_KEY}
    return operation(
        name,
        f"{name}_post_labels",
        f"Post what was true: the {dataset.target.name} of one {dataset.noun}, or of many",
        {
            "200": response(reference("posted"), links=links),
            **problems(400, 401, 403, 408, 409, 411, 413, 414, 415, 422, 503),
        },
        description="A row at fault is refused for itself, and its neighbours are stored. "
        "CSV (with a header, in any order) and NDJSON are read while they come.",
        parameters=[
            *query(resources.Posted, words),
            parameter(
                resources.KEY, key, "sent again with it, nothing is stored twice", where="header"
            ),
        ],
        requestBody=asked,
    )


def _links(name: str, where: str) -> Document:
    """Say where an answer has a label's id."""
    return {
        "label": link(f"{name}_stored_label", where),
        "delete": link(f"{name}_delete_label", where),
    }


def _list(name: str, settings: Settings) -> Document:
    words = {
        **FILTERS,
        "deleted": "those that were deleted",
        "format": "a page, or a file of all of them, the oldest first",
        "cursor": "next, from the page before",
        "limit": f"labels of a page, {settings.page} unless given",
    }
    answered = response(reference(f"{name}_stored_labels"), links=_links(name, "labels/0/id"))
    answered["content"] |= {CSV: {"schema": TEXT}, NDJSON: {"schema": TEXT}}
    return operation(
        name,
        f"{name}_labels",
        "The labels, the newest first",
        {"200": answered, **problems(400, 401, 403, 414, 503)},
        parameters=query(resources.Query, words),
    )


def _uploads(name: str, settings: Settings) -> Document:
    words = {
        "key": "with this Idempotency-Key",
        "limit": f"posts at most, {settings.page} unless given",
    }
    return operation(
        name,
        f"{name}_uploads",
        "Posts of labels, the newest first; also those that are being read",
        {"200": response(reference("uploads")), **problems(400, 401, 403, 414, 503)},
        parameters=query(upload_resources.Query, words),
    )


def _delete_many(name: str) -> Document:
    words = {
        **FILTERS,
        "before": "that came before this moment",
        "confirm": "how many will go; the answer without it says so",
    }
    return operation(
        name,
        f"{name}_delete_labels",
        "Delete the labels that pass all filters; at least one is to be given",
        {
            "200": response(reference("deleted_labels")),
            **problems(400, 401, 403, 409, 414, 422, 503),
        },
        parameters=query(resources.Deletion, words),
    )


def _truth(dataset: Dataset, truth: Document) -> Document:
    name, target = dataset.name, dataset.target.name
    links = {**_links(name, "id"), "again": link(f"{name}_stored_truth", "prediction/id")}
    return operation(
        name,
        f"{name}_truth",
        "Say what was true of a prediction; it becomes a label",
        {
            "200": response(reference(f"{name}_stored_label"), links=links),
            **problems(400, 401, 403, 404, 408, 409, 411, 413, 415, 422, 503),
        },
        parameters=[numbered("a prediction's id")],
        requestBody=body({**structure({target: truth}), "additionalProperties": False}),
    )
