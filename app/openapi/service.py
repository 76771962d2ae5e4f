"""The OpenAPI document's paths that every dataset has alike, of the log, and of the service."""

from __future__ import annotations

from app.http.body import CSV
from app.http.openapi import (
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
from app.request_log import resources as log_resources
from app.request_log.filter import Filter
from app.settings import Settings

FILTERS = {
    "since": "from this moment on",
    "until": "before this moment",
    "path": "exactly this path",
    "status": "a status such as 200, or 4xx",
    "method": "this method",
    "dataset": "about this dataset",
    "request_id": "the id that the client gave",
}


def log(settings: Settings) -> Document:
    """Describe the log."""
    words = {
        **FILTERS,
        "format": "a page, or a file of all of them, the oldest first",
        "cursor": "next, from the page before",
        "limit": f"entries of a page, {settings.page} unless given",
    }
    answered = response(reference("requests"), links={"request": link("request", "requests/0/id")})
    answered["content"] |= {CSV: {"schema": TEXT}}
    listed = operation(
        "log",
        "requests",
        "What was asked and answered, the newest first",
        {
            "200": answered,
            **problems(400, 401, 403, 414, 503),
        },
        parameters=query(log_resources.Query, words),
    )
    one = by_id("log", "request", "One request and its answer in full", "request", "an entry's id")
    series = operation(
        "log",
        "requests_series",
        "How many requests came and how long they took over time; of the last day unless asked",
        {"200": response(reference("traffic")), **problems(400, 401, 403, 414, 503)},
        parameters=query(Filter, FILTERS),
    )
    return {
        "/v1/requests": {"get": listed},
        "/v1/requests/series": {"get": series},
        "/v1/requests/{id}": {"get": one},
    }


def profile(dataset: str) -> Document:
    """Describe the path of what is in a dataset's rows, whoever serves."""
    found = operation(
        dataset,
        f"{dataset}_profile",
        "What is in its rows: statistics, distributions, relations, and what was rejected",
        {"200": response(reference("profile")), **problems(401, 403, 404, 503)},
    )
    return {f"/v1/{dataset}/profile": {"get": found}}


def service() -> Document:
    """Describe what tells of the service."""
    return {
        "/v1/datasets": _get(
            "datasets",
            "The datasets, and who answers",
            {"200": response(reference("datasets")), **problems(401, 403, 503)},
        ),
        "/v1/activity": _get(
            "activity",
            "What each dataset was asked for in the last day by hour, and its labels",
            {"200": response(reference("activity")), **problems(401, 403, 503)},
        ),
    }


def _get(name: str, summary: str, responses: Document, *, is_open: bool = False) -> Document:
    more: Document = {"security": []} if is_open else {}
    return {"get": operation("service", name, summary, responses, **more)}
