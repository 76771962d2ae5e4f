"""What Schemathesis cannot know of the service: read by it, not by pytest."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import schemathesis

STREAMED = ("text/csv", "application/x-ndjson")
LARGEST = 1e9
FILTERS = ("since", "until", "before", "source", "value", "prediction")


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Leave out what no schema can say: which texts are a CSV with the right columns, and ...

    ... which predictions there are, whose truths could be posted by their ids.
    """
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {})
            for media in STREAMED:
                content.pop(media, None)
            for body in content.values():
                body.get("examples", {}).pop("by_prediction", None)
                _without_truths(body["schema"])


def _without_truths(schema: Any) -> None:
    for one in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(one, dict | list):
            _without_truths(one)
    if isinstance(schema, dict) and "oneOf" in schema:
        schema["oneOf"] = [one for one in schema["oneOf"] if not _is_truth(one)]


def _is_truth(schema: dict[str, Any]) -> bool:
    return schema.get("$ref", "").endswith("_label_by_prediction")


@schemathesis.deserializer(*STREAMED)
def as_text(context: Any, response: Any) -> str:
    return response.content.decode()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Keep to what a document cannot say of a request that is right."""
    if not case.meta.generation.mode.is_positive:
        return
    # A key is for one post: with another body it is refused.
    if case.headers and case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = str(uuid4())
    # No linear model has a finite answer for numbers near the largest ones.
    if isinstance(case.body, dict | list):
        case.body = _tamed(case.body)
    # One filter, whichever, is to be given.
    is_deletion = case.method == "DELETE" and case.path.endswith("/labels")
    if is_deletion and not set(FILTERS) & set(case.query):
        case.query["before"] = "2026-01-01"


def _tamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tamed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_tamed(one) for one in value]
    return 1 if isinstance(value, int | float) and abs(value) > LARGEST else value
