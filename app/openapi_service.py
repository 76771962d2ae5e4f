"""The OpenAPI document's paths that belong to no dataset: the log, and the service itself."""

from __future__ import annotations

from app.openapi_parts import (
    OBJECT,
    TEXT,
    Document,
    by_id,
    link,
    operation,
    problems,
    query,
    reference,
    response,
)
from app.resources import requests
from app.settings import Settings


def log(settings: Settings) -> Document:
    """Describe the log."""
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
    listed = operation(
        "log",
        "requests",
        "What was asked and answered, the newest first",
        {
            "200": response(
                reference("requests"), links={"request": link("request", "requests/0/id")}
            ),
            **problems(400, 401, 403, 414, 503),
        },
        parameters=query(requests.Query, words),
    )
    one = by_id("log", "request", "One request and its answer in full", "request", "an entry's id")
    return {"/v1/requests": {"get": listed}, "/v1/requests/{id}": {"get": one}}


def service() -> Document:
    """Describe what tells of the service."""
    health = response(reference("health"))
    page = response(TEXT, media="text/html")
    return {
        "/v1/datasets": _get(
            "datasets",
            "The datasets, and who answers",
            {"200": response(reference("datasets")), **problems(401, 403, 503)},
        ),
        "/healthz": _get("alive", "The process answers", {"200": health}, is_open=True),
        "/readyz": _get(
            "ready",
            "Models are loaded, the database takes rows, the disk has room",
            {"200": health, "503": health},
            is_open=True,
        ),
        "/metrics": _get(
            "metrics",
            "What Prometheus reads",
            {"200": response(TEXT, media="text/plain"), **problems(401, 403)},
        ),
        "/openapi.json": _get(
            "openapi", "This document", {"200": response(OBJECT), **problems(403, 503)}
        ),
        "/docs": _get(
            "docs", "This document as a page, to try", {"200": page, **problems(403, 503)}
        ),
    }


def _get(name: str, summary: str, responses: Document, *, is_open: bool = False) -> Document:
    more: Document = {"security": []} if is_open else {}
    return {"get": operation("service", name, summary, responses, **more)}
