"""The OpenAPI document's path of predictions: ask for one, for many, for the latest."""

from __future__ import annotations

from app.http.body import CSV
from app.http.openapi import (
    TEXT,
    Document,
    as_csv,
    body,
    link,
    listing,
    one_or_many,
    operation,
    problems,
    query,
    reference,
    response,
)
from app.predictions import answers, resources
from app.predictions import store as latest
from app.registry.loaded import Serving
from app.settings import Settings


def methods(serving: Serving, settings: Settings) -> Document:
    """Describe what can be asked there."""
    return {"post": _predict(serving, settings), "get": _latest(serving.dataset.name, settings)}


def _predict(serving: Serving, settings: Settings) -> Document:
    name, noun = serving.dataset.name, serving.dataset.noun
    answer = reference(f"{name}_prediction")
    one = serving.example()
    examples = {
        "one": {"summary": f"one {noun}", "value": one},
        "many": {"summary": "several at once", "value": [one, serving.example(1)]},
    }
    answered = {"one": {"summary": "the answer to the example", "value": answers.example(serving)}}
    words = {
        "explain": "add why: contributions that add up",
        "version": "another registered version",
        "model": "the newest version of another model",
        "partial": "of a CSV: answer the good rows; a column `refused` says why others are not",
    }
    links = {
        "receipt": link(f"{name}_receipt", "id"),
        "truth": {
            "operationId": f"{name}_truth",
            "parameters": {"prediction_id": "$response.body#/id"},
        },
    }
    records = reference(f"{name}_record")
    asked = body(one_or_many(records, settings.most_records), examples)
    text = as_csv(list(serving.dataset.features), one, serving.dataset.separator)
    asked["content"][CSV] = {"schema": TEXT, "example": text}
    answer_of = response({"oneOf": [answer, listing(answer)]}, examples=answered, links=links)
    answer_of["content"][CSV] = {"schema": TEXT}
    return operation(
        name,
        f"{name}_predict",
        f"Predict the {serving.dataset.target.name} of one {noun}, or of several",
        {
            "200": answer_of,
            **problems(400, 401, 403, 404, 408, 409, 411, 413, 414, 415, 422, 503),
        },
        description="A CSV (with a header, in any order) is answered with the same CSV and, beside "
        "each row, the prediction, the range it is likely in and its id.",
        parameters=query(resources.Query, words),
        requestBody=asked,
    )


def _latest(name: str, settings: Settings) -> Document:
    words = {
        "version": "of this version",
        "cursor": "next, from the page before",
        "limit": f"predictions of a page, {min(settings.page, resources.MOST)} unless given",
    }
    links = {"receipt": link(f"{name}_receipt", "predictions/0/id")}
    return operation(
        name,
        f"{name}_predictions",
        "The latest predictions, the newest first",
        {
            "200": response(reference("predictions"), links=links),
            **problems(400, 401, 403, 414, 503),
        },
        parameters=query(resources.Latest, words),
        description=f"At most {latest.LOOK} rows of the log are looked at for a page; if there are "
        "more, next is set, whatever was found. Long texts are cut: receipts have them whole.",
    )
