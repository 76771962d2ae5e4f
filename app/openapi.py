"""The API in OpenAPI 3.1, derived from what is served: each dataset with its own fields."""

from __future__ import annotations

from typing import Any

from app import openapi_schemas as schemas
from app.examples import example, prediction
from app.openapi_schemas import (
    parameter,
    problems,
    reference,
    response,
)
from app.registry import Registry
from app.resources import predictions, requests
from app.security import SCOPES
from app.serving import Serving
from app.settings import Settings

VERSION = "1.0.0"
ABOUT = """\
Send a record, get a prediction with the range it is likely in and, if asked, the reasons for it.
Every request and every answer is stored before the answer is sent.

Errors are `application/problem+json`: what was wrong, what was given, what is allowed, what to do.
Times are ISO 8601 in UTC; ids sort by time. `X-Request-Id` comes back with every answer and may be
sent by you."""

Document = dict[str, Any]


class OpenApi:
    """Write the document; it is made anew when another version serves."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._registry = registry
        self._settings = settings
        self._made: tuple[tuple[Any, ...], Document] | None = None

    def document(self) -> Document:
        """Return the whole document."""
        served = [self._registry.champion(name) for name in self._registry.names()]
        state = tuple((one.dataset.name, one.version.number) for one in served)
        if self._made is None or self._made[0] != state:
            self._made = state, self._write(served)
        return self._made[1]

    def _write(self, served: list[Serving]) -> Document:
        paths: Document = {**_service(), **_log(self._settings)}
        components: Document = dict(schemas.SHARED)
        for serving in served:
            name = serving.dataset.name
            components[f"{name}_record"] = serving.records.json_schema()
            components[f"{name}_prediction"] = schemas.prediction(serving)
            paths.update(_dataset(serving, self._settings))
        return {
            "openapi": "3.1.0",
            "info": {"title": "Lapidary", "version": VERSION, "description": ABOUT},
            "servers": [{"url": "/"}],
            "tags": [
                *({"name": one.dataset.name, "description": one.dataset.about} for one in served),
                {"name": "log", "description": "What was asked and answered."},
                {"name": "service", "description": "Whether it lives, and its figures."},
            ],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": f"An API key; its scopes are among {', '.join(SCOPES)}. "
                        "Where no key is configured, none is needed on the same machine.",
                    }
                },
            },
            "security": [{}, {"key": []}],
        }


def _operation(tag: str, name: str, summary: str, responses: Document, **more: Any) -> Document:
    return {"operationId": name, "summary": summary, "tags": [tag], "responses": responses, **more}


def _dataset(serving: Serving, settings: Settings) -> Document:
    name, noun = serving.dataset.name, serving.dataset.noun
    about = _operation(
        name,
        f"{name}_fields",
        f"What a {noun} is made of, in words, with an example",
        {"200": response(reference("dataset")), **problems(401, 403, 503)},
    )
    models = _operation(
        name,
        f"{name}_models",
        "The versions, how good they are, and who serves",
        {"200": response(reference("models")), **problems(401, 403, 503)},
    )
    receipt = _operation(
        name,
        f"{name}_receipt",
        "What was asked and answered, by which version, trained on what",
        {"200": response(reference("receipt")), **problems(401, 403, 404, 503)},
        parameters=[parameter("id", {"type": "string"}, "a prediction's id", where="path")],
    )
    paths: Document = {
        f"/v1/{name}": {"get": about},
        f"/v1/{name}/models": {"get": models},
        f"/v1/{name}/predictions": {"post": _predict(serving, settings)},
        f"/v1/{name}/predictions/{{id}}": {"get": receipt},
    }
    if serving.similar is not None:
        paths[f"/v1/{name}/similar"] = {"post": _similar(serving, settings)}
    return paths


def _predict(serving: Serving, settings: Settings) -> Document:
    name, noun = serving.dataset.name, serving.dataset.noun
    record, answer = reference(f"{name}_record"), reference(f"{name}_prediction")
    many = {"type": "array", "minItems": 1, "maxItems": settings.most_records}
    one = example(serving)
    examples = {
        "one": {"summary": f"one {noun}", "value": one},
        "many": {"summary": "several at once", "value": [one, example(serving, 1)]},
    }
    answered = {"one": {"summary": "the answer to the example", "value": prediction(serving)}}
    fields = schemas.query(predictions.Query)
    return _operation(
        name,
        f"{name}_predict",
        f"Predict the {serving.dataset.target.name} of one {noun}, or of several",
        {
            "200": {
                **response(
                    {"oneOf": [answer, {"type": "array", "items": answer}]}, examples=answered
                ),
                "links": {"receipt": _link(f"{name}_receipt", "$response.body#/id")},
            },
            **problems(400, 401, 403, 404, 408, 409, 411, 413, 415, 422, 503),
        },
        parameters=[
            parameter("explain", fields["explain"], "add why: contributions that add up"),
            parameter("version", fields["version"], "another registered version"),
            parameter("model", fields["model"], "the newest version of another model"),
        ],
        requestBody=_body({"oneOf": [record, {**many, "items": record}]}, examples),
    )


def _similar(serving: Serving, settings: Settings) -> Document:
    name, how = serving.dataset.name, serving.dataset.similar
    assert how is not None
    needed = [*how.same, how.nearest]
    whole = serving.records.json_schema()
    record = {**whole, "required": needed}
    body = {
        "type": "object",
        "properties": {
            "record": record,
            "n": {"type": "integer", "minimum": 1, "maximum": settings.most_similar},
        },
        "required": ["record"],
        "additionalProperties": False,
    }
    given = {key: value for key, value in example(serving).items() if key in needed}
    words = f"The same {', '.join(how.same)}; nearest {how.nearest} first" if how.same else ""
    return _operation(
        name,
        f"{name}_similar",
        f"The known rows that are most like a {serving.dataset.noun}",
        {
            "200": response(reference("similar")),
            **problems(400, 401, 403, 404, 408, 411, 413, 415, 422, 503),
        },
        description=words,
        requestBody=_body(body, {"one": {"value": {"record": given, "n": 3}}}),
    )


def _link(operation: str, where: str) -> Document:
    """Say where an answer has what another operation asks for."""
    return {"operationId": operation, "parameters": {"id": where}}


def _body(schema: Document, examples: Document) -> Document:
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }


def _log(settings: Settings) -> Document:
    words = {
        "since": "from this moment on",
        "until": "before this moment",
        "path": "exactly this path",
        "status": "a status such as 200, or 4xx",
        "method": "this method",
        "dataset": "about this dataset",
        "request_id": "the id that the client gave",
        "cursor": "next, from the page before",
        "limit": f"entries of a page, {settings.page} unless given",
    }
    fields = schemas.query(requests.Query)
    fields["since"] = fields["until"] = schemas.MOMENT
    listed = _operation(
        "log",
        "requests",
        "What was asked and answered, the newest first",
        {
            "200": {
                **response(reference("requests")),
                "links": {"request": _link("request", "$response.body#/requests/0/id")},
            },
            **problems(400, 401, 403, 503),
        },
        parameters=[parameter(name, fields[name], about) for name, about in words.items()],
    )
    one = _operation(
        "log",
        "request",
        "One request and its answer in full",
        {"200": response(reference("request")), **problems(401, 403, 404, 503)},
        parameters=[parameter("id", {"type": "string"}, "an entry's id", where="path")],
    )
    return {"/v1/requests": {"get": listed}, "/v1/requests/{id}": {"get": one}}


def _service() -> Document:
    plain = {"type": "string"}
    listed = response(reference("datasets"))
    return {
        "/v1/datasets": {
            "get": _operation(
                "service",
                "datasets",
                "The datasets, and who answers",
                {"200": listed, **problems(401, 403, 503)},
            )
        },
        "/healthz": {
            "get": _operation(
                "service",
                "alive",
                "The process answers",
                {"200": response(reference("health"))},
                security=[],
            )
        },
        "/readyz": {
            "get": _operation(
                "service",
                "ready",
                "Models are loaded, the database takes rows, the disk has room",
                {"200": response(reference("health")), "503": response(reference("health"))},
                security=[],
            )
        },
        "/metrics": {
            "get": _operation(
                "service",
                "metrics",
                "What Prometheus reads",
                {"200": response(plain, media="text/plain"), **problems(401, 403)},
            )
        },
        "/openapi.json": {
            "get": _operation(
                "service",
                "openapi",
                "This document",
                {"200": response({"type": "object"}), **problems(403, 503)},
            )
        },
        "/docs": {
            "get": _operation(
                "service",
                "docs",
                "This document as a page, to try",
                {"200": response(plain, media="text/html"), **problems(403, 503)},
            )
        },
    }
