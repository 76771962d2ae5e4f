"""The schemas of answers that the OpenAPI document's paths refer to."""

from __future__ import annotations

from app.http.openapi import (
    ANY,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Document,
    described,
    listing,
    nullable,
    reference,
    structure,
)
from app.http.problems import ProblemDocument
from app.records.enumeration import enumeration
from app.registry.loaded import Serving
from src.support.errors import Fault

NULLABLE = nullable(TEXT)


def prediction(serving: Serving) -> Document:
    """Describe the answer to one record of a dataset."""
    target, classes = serving.dataset.target, serving.classes
    words = ", ".join(part for part in (target.about, target.unit) if part)
    shared: Document = {"id": TEXT, "model": structure({"name": TEXT, "version": WHOLE})}
    optional: Document = {"why": reference("why"), "warning": TEXT}
    if classes is None:
        interval = structure({"low": NUMBER, "high": NUMBER, "coverage": NUMBER})
        value: Document = {"type": "number", "description": words}
        return structure({target.name: value, "interval": interval, **shared}, optional)
    interval = structure({"classes": listing(enumeration(classes)), "coverage": NUMBER})
    value = {**enumeration(classes), "description": words}
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


SHARED: Document = {
    "fault": described(Fault),
    "problem": described(
        ProblemDocument, always=["request_id"], errors=listing(reference("fault"))
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
    "predictions": structure(
        {
            "predictions": listing(
                structure(
                    {"id": TEXT, "at": TIME, "version": WHOLE, "record": OBJECT, "answer": OBJECT}
                )
            ),
            "next": NULLABLE,
            "looked_at": WHOLE,
        }
    ),
    "receipt": structure(
        {
            "id": TEXT,
            "at": TIME,
            "dataset": TEXT,
            "record": OBJECT,
            "answer": OBJECT,
            "request": TEXT,
            "model": structure({"name": TEXT, "version": WHOLE}),
            "trained": TIME,
            "git": OBJECT,
            "data": OBJECT,
            "configuration": OBJECT,
        }
    ),
    "similar": structure(
        {
            "similar": listing(structure({"record": OBJECT, "distance": NUMBER})),
            "asked": WHOLE,
            "available": WHOLE,
        },
        {"note": TEXT},
    ),
}
