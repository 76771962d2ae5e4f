"""The pieces of the OpenAPI document: schemas of answers, parameters, refusals."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from app.problems import MEDIA_TYPE
from app.serving import Serving
from src.checked import Checked

Document = dict[str, Any]

TEXT: Document = {"type": "string"}
NUMBER: Document = {"type": "number"}
WHOLE: Document = {"type": "integer"}
ANY: Document = {}
NULLABLE: Document = {"type": ["string", "null"]}
TIME: Document = {"type": "string", "format": "date-time"}
MOMENT: Document = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}


def reference(name: str) -> Document:
    """Refer to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def listing(items: Document) -> Document:
    """Describe an array."""
    return {"type": "array", "items": items}


def structure(required: Document, optional: Document | None = None) -> Document:
    """Describe an object by the fields it has, and those that it may have."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def parameter(name: str, schema: Document, about: str, *, where: str = "query") -> Document:
    """Describe a parameter."""
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": about,
        "schema": schema,
    }


def query(kind: type[Checked]) -> dict[str, Document]:
    """Return the schemas of a query's parameters: those of its struct, without null."""
    whole = msgspec.json.schema(kind, ref_template="{name}")
    properties: dict[str, Document] = whole["$defs"][kind.__name__]["properties"]
    return {name: _given(schema) for name, schema in properties.items()}


def _given(schema: Document) -> Document:
    """Leave out null: a parameter that is not there has no value."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    return choices[0] if choices else {k: v for k, v in schema.items() if k != "default"}


def response(
    schema: Document, *, media: str = "application/json", examples: Document | None = None
) -> Document:
    """Describe an answer."""
    content: Document = {"schema": schema}
    if examples:
        content["examples"] = examples
    return {"description": "The answer", "content": {media: content}}


def problems(*statuses: int) -> Document:
    """Describe the refusals of an operation."""
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": reference("problem")}},
        }
        for status in statuses
    }


def prediction(serving: Serving) -> Document:
    """Describe the answer to one record of a dataset."""
    target, classes = serving.dataset.target, serving.classes
    words = ", ".join(part for part in (target.about, target.unit) if part)
    shared: Document = {"id": TEXT, "model": structure({"name": TEXT, "version": WHOLE})}
    optional: Document = {"why": reference("why")}
    if classes is None:
        interval = structure({"low": NUMBER, "high": NUMBER, "coverage": NUMBER})
        value: Document = {"type": "number", "description": words}
        return structure({target.name: value, "interval": interval, **shared}, optional)
    interval = structure({"classes": listing({"enum": classes}), "coverage": NUMBER})
    value = {"enum": classes, "description": words}
    chance = {"type": "number", "minimum": 0, "maximum": 1}
    return structure(
        {
            target.name: value,
            "probability": chance,
            "probabilities": structure({str(name): chance for name in classes}),
            "interval": interval,
            **shared,
        },
        optional,
    )


_ENTRY: Document = {
    "id": TEXT,
    "at": TIME,
    "request_id": NULLABLE,
    "method": TEXT,
    "path": TEXT,
    "query": TEXT,
    "status": WHOLE,
    "dataset": NULLABLE,
    "version": {"type": ["integer", "null"]},
    "client": NULLABLE,
    "caller": NULLABLE,
    "milliseconds": NUMBER,
}

SHARED: Document = {
    "problem": structure(
        {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "request_id": TEXT},
        {
            "given": TEXT,
            "allowed": {"anyOf": [TEXT, listing(TEXT)]},
            "fix": TEXT,
            "errors": listing({"type": "object"}),
        },
    ),
    "why": structure(
        {
            "sentence": TEXT,
            "base": NUMBER,
            "contributions": listing(
                structure({"feature": TEXT, "contribution": NUMBER}, {"value": ANY, "word": TEXT})
            ),
            "method": TEXT,
        }
    ),
    "datasets": structure({"datasets": listing(structure({"name": TEXT, "champion": ANY}))}),
    "dataset": structure(
        {
            "name": TEXT,
            "task": TEXT,
            "target": structure({"name": TEXT}),
            "fields": listing(structure({"name": TEXT, "type": TEXT})),
            "example": {"type": "object"},
            "links": {"type": "object"},
        }
    ),
    "models": structure(
        {
            "dataset": TEXT,
            "champion": WHOLE,
            "versions": listing(
                structure({"version": WHOLE, "model": TEXT, "champion": {"type": "boolean"}})
            ),
            "events": listing(structure({"at": TIME, "kind": TEXT, "number": WHOLE})),
        }
    ),
    "receipt": structure(
        {
            "id": TEXT,
            "at": TIME,
            "dataset": TEXT,
            "record": {"type": "object"},
            "answer": {"type": "object"},
            "request": TEXT,
            "model": structure({"name": TEXT, "version": WHOLE}),
            "trained": TIME,
            "git": {"type": "object"},
            "data": {"type": "object"},
            "configuration": {"type": "object"},
        }
    ),
    "similar": structure(
        {
            "similar": listing(structure({"record": {"type": "object"}, "distance": NUMBER})),
            "asked": WHOLE,
            "available": WHOLE,
        },
        {"note": TEXT},
    ),
    "requests": structure({"requests": listing(structure(_ENTRY)), "next": NULLABLE}),
    "request": structure(
        {**_ENTRY, "request_body": ANY, "response_body": ANY, "predictions": listing(TEXT)}
    ),
    "health": structure({"status": TEXT}),
}
