"""The OpenAPI document's paths of the log."""

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
