"""Operations as OpenAPI describes them, derived from what the resources declare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from app.http import problems
from app.http.openapi import (
    STREAM,
    TEXT,
    WHOLE,
    Schema,
    parameter,
    query_parameters,
    reference,
)
from app.http.operation import Operation
from app.http.problems import MEDIA_TYPE, ProblemDocument

JSON = "application/json"
SCOPED = (
    "missing_api_key",
    "invalid_api_key",
    "expired_api_key",
    "too_many_wrong_keys",
    "quota_exceeded",
    "scope_missing",
    "database_unavailable",
)
OF_DATASET = ("dataset_not_allowed", "dataset_retired")
WITH_QUERY = ("invalid_query", "uri_too_long")
WITH_BODY = (
    "invalid_json",
    "request_timeout",
    "length_required",
    "body_too_large",
    "unsupported_media_type",
    "invalid_body",
)
RETRY_AFTER: Schema = {
    "description": "seconds after which to ask again",
    "schema": {"type": "integer", "minimum": 1},
}
RATE_LIMIT: Schema = {
    "RateLimit-Policy": {
        "description": "the quotas of the key, where it has some: "
        "each with its number (q) in so many seconds (w) and its unit (qu)",
        "schema": TEXT,
    },
    "RateLimit": {
        "description": "what is left (r) of each quota, and for how many seconds (t)",
        "schema": TEXT,
    },
}
# What the values of paths are; all others are ids.
PATH_VALUES: dict[str, tuple[Schema, str]] = {
    "version": (WHOLE, "a version's number"),
    "other": (WHOLE, "another version's number"),
    "prediction_id": (TEXT, "a prediction's id"),
    "label_id": (TEXT, "a label's id"),
    "upload_id": (TEXT, "an upload's id: upload in its answer"),
    "training_id": (TEXT, "a training's id"),
    "request_id": (TEXT, "a request's id, ours or the client's"),
}


class Components:
    """The structs that the document refers to, described once each."""

    def __init__(self) -> None:
        self._structs: dict[str, type[Any]] = {}

    def schema(self, declared: Any, context: Any) -> Schema:
        """Return the schema of a struct, by reference, or what describes a dataset's."""
        if isinstance(declared, type) and issubclass(declared, msgspec.Struct):
            self._structs[declared.__name__] = declared
            return reference(declared.__name__)
        described: Schema = declared(context)
        return described

    def schemas(self) -> Schema:
        """Return all structs that were referred to, and those that these refer to."""
        _, found = msgspec.json.schema_components(
            self._structs.values(), ref_template="#/components/schemas/{name}"
        )
        return found


def path_of(template: str, dataset: str | None) -> str:
    """Return a route's path as OpenAPI writes it, of a dataset where it has one."""
    return template if dataset is None else template.replace("{dataset}", dataset)


def describe(
    operation: Operation, path: str, tag: str, context: Any, components: Components
) -> Schema:
    """Return the operation object of a method at a path."""
    words = {} if context is None else context.words
    described: Schema = {
        "operationId": name_of(operation.name, context),
        "summary": operation.summary.format_map(words),
        "tags": [tag],
    }
    if operation.description:
        described["description"] = operation.description.format_map(words)
    if operation.scope != "any":
        described["security"] = _security(operation)
    if parameters := _parameters(operation, path):
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = _body(operation, context, components)
    statuses = (operation.status, *operation.also_statuses)
    described["responses"] = {
        **{str(status): _answer(operation, context, components) for status in statuses},
        **_refusals(operation, components, context),
    }
    return described


def name_of(name: str, context: Any) -> str:
    """Return an operation's id; those of datasets begin with the dataset."""
    return name if context is None else f"{context.name}_{name}"


def _security(operation: Operation) -> list[Schema]:
    """Describe who may ask: anyone, or a key with the scope where there are keys."""
    return [] if operation.scope is None else [{}, {"key": [operation.scope]}]


def _parameters(operation: Operation, path: str) -> list[Schema]:
    named = re.findall(r"\{(\w+)\}", path)
    in_path = [parameter(name, *PATH_VALUES[name], where="path") for name in named]
    in_query = query_parameters(operation.query) if operation.query else []
    return [*in_path, *in_query, *operation.headers]


def _body(operation: Operation, context: Any, components: Components) -> Schema:
    content: Schema = {"schema": components.schema(operation.body, context)}
    if operation.body_examples and (examples := operation.body_examples(context)):
        content["examples"] = examples
    described: Schema = {"required": operation.is_body_required, "content": {JSON: content}}
    for media_type, example in (operation.also_takes or {}).items():
        text: Schema = {"schema": STREAM}
        if (shown := example(context)) is not None:
            text["example"] = shown
        described["content"][media_type] = text
    return described


def _answer(operation: Operation, context: Any, components: Components) -> Schema:
    described: Schema = {"description": "The answer", "content": {}}
    if operation.scope is not None:
        described["headers"] = RATE_LIMIT
    if operation.answer is not None:
        content: Schema = {"schema": components.schema(operation.answer, context)}
        if operation.answer_examples and (examples := operation.answer_examples(context)):
            content["examples"] = examples
        described["content"][JSON] = content
    for media_type in operation.also_answers:
        described["content"][media_type] = {"schema": TEXT}
    if operation.links:
        described["links"] = {
            name: _link(name_of(target, context), value, where)
            for name, (target, value, where) in operation.links.items()
        }
    return described


def _link(target: str, value: str, where: str) -> Schema:
    return {"operationId": target, "parameters": {value: f"$response.body#/{where}"}}


def _refusals(operation: Operation, components: Components, context: Any) -> Schema:
    """Describe the refusals by status, each with the codes that it may have."""
    codes: list[str] = list(operation.refuses)
    if operation.scope is not None:
        codes += SCOPED if context is None else (*SCOPED, *OF_DATASET)
    if operation.query is not None and operation.query.__struct_fields__:
        codes += WITH_QUERY
    if operation.body is not None:
        codes += WITH_BODY
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(problems.KINDS[code].status, []).append(code)
    return {
        str(status): _refusal(status, found, components)
        for status, found in sorted(by_status.items())
    }


def _refusal(status: int, codes: Iterable[str], components: Components) -> Schema:
    headers = {"headers": {"Retry-After": RETRY_AFTER, **RATE_LIMIT}} if status == 429 else {}
    return {
        **headers,
        "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}",
        "content": {MEDIA_TYPE: {"schema": components.schema(ProblemDocument, None)}},
    }
