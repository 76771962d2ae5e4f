"""Requests: the log with filters, over time, and one request in full."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, ClassVar

import falcon

from app.dashboard import filters
from app.dashboard.api_client import part
from app.dashboard.page import Page
from app.http import problems
from app.http.operation import Access
from app.store import clock
from src.support.errors import UserError

FILTERS = ("since", "until", "path", "status", "method", "dataset", "request_id", "delivery")
DELIVERIES = ("begun", "complete", "cut")  # of files of rows
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
LONGEST = 20_000  # characters of a body that are shown
SERIES = "series"  # another of the API's paths stands where ids do
MOST = 50  # predictions of a request that are linked


class Log(Page):
    """GET /requests."""

    path = "/requests"

    scope: ClassVar[Access] = "admin"

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Show the requests, newest first, and charts over time."""
        chosen = filters.given(request, FILTERS)
        cursor = filters.given(request, ["cursor"])
        page: dict[str, Any] = {"requests": [], "next": None}
        series: dict[str, Any] | None = None
        problem = None
        try:
            page = self.api.get(request, "/v1/requests", **chosen, **cursor)
            series = self.api.get(request, "/v1/requests/series", **chosen)
        except UserError as error:
            if problems.status(error) != 400:
                raise
            problem = problems.document(error)
        now = clock.now()
        self.show(
            request,
            response,
            "requests.html",
            chosen=chosen,
            moments={name: filters.moment(chosen.get(name)) for name in ("since", "until")},
            methods=METHODS,
            deliveries=DELIVERIES,
            spans={
                words: filters.query(chosen, since=clock.text(now - span), until=None)
                for words, span in SPANS.items()
            },
            always=filters.query(chosen, since=None, until=None),
            is_first=not cursor,
            first=filters.query(chosen),
            older=page["next"] and filters.query(chosen, cursor=page["next"]),
            page=page["requests"],
            series=series,
            problem=problem,
            **_charts(series),
        )


class OneRequest(Page):
    """GET /requests/{request_id}."""

    path = "/requests/{request_id}"

    scope: ClassVar[Access] = "admin"

    def on_get(self, request: falcon.Request, response: falcon.Response, request_id: str) -> None:
        """Show the details of a request, and both bodies."""
        if request_id == SERIES:
            raise UserError("There is no such request.", code="unknown_request", given=request_id)
        entry = self.api.get(request, f"/v1/requests/{part(request_id)}")
        self.show(
            request,
            response,
            "request.html",
            entry=entry,
            bodies={
                "Request": _written(entry["request_body"]),
                "Answer": _written(entry["response_body"]),
            },
            predictions=entry["predictions"][:MOST],
            more=max(len(entry["predictions"]) - MOST, 0),
        )


def _charts(series: dict[str, Any] | None) -> dict[str, Any]:
    if series is None or not series["looked_at"]:
        return {"by_status": None, "durations": None}
    from app.dashboard.charts import requests as charts  # imports Altair, only when needed

    return {"by_status": charts.by_status(series), "durations": charts.durations(series)}


def _written(body: Any) -> tuple[str, int] | None:
    """Format a body; return it with the number of characters left out, None if not stored."""
    if body is None:
        return None
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    return text[:LONGEST], max(len(text) - LONGEST, 0)
