"""The log over time: how many requests, how they ended, how long they took."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import falcon
import msgspec
import numpy as np
import peewee

from app.auth import guard
from app.http import media
from app.request_log.filter import Filter, conditions
from app.store import clock
from app.store.tables import Request

MOST = 100_000  # requests that are looked at, the newest
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # since when ids count
USUAL = timedelta(days=1)  # that is looked at unless the asking says otherwise
BUCKETS = 75  # at most, for spans of up to years
HOUR, DAY = 3600, 86_400
# Lengths of a bucket in seconds that people count in.
STEPS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
)
CLASSES = ("2xx", "3xx", "4xx", "5xx")
QUANTILES = {"p50": 0.5, "p95": 0.95}

Row = tuple[str, int, float]  # id, status, milliseconds


class Traffic:
    """GET /v1/requests/series: counts and durations by time."""

    def __init__(self, database: peewee.Database) -> None:
        self._database = database

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with buckets of equal length, the oldest first."""
        exchange = guard.allowed(request, "admin")
        exchange.is_answer_stored = False
        asked = media.query(request, Filter)
        since, until = _span(asked)
        wanted = msgspec.structs.replace(asked, since=clock.text(since), until=clock.text(until))
        columns = (Request.id, Request.status, Request.milliseconds)
        newest = Request.select(*columns).where(*conditions(wanted)).order_by(Request.id.desc())
        rows = list(newest.limit(MOST + 1).tuples().execute(self._database))
        seconds = step((until - since).total_seconds())
        media.answer(
            response,
            {
                "since": wanted.since,
                "until": wanted.until,
                "seconds": seconds,
                "looked_at": min(len(rows), MOST),
                "all": len(rows) <= MOST,
                "total": _figures(rows[:MOST]),
                "buckets": buckets(rows[:MOST], since.timestamp(), until.timestamp(), seconds),
            },
        )


def step(span: float) -> int:
    """Return how many seconds a bucket is long, so that there are some sixty of them."""
    at = bisect_right(STEPS, span / BUCKETS)
    return STEPS[at] if at < len(STEPS) else int(span / BUCKETS) + 1


def buckets(rows: list[Row], since: float, until: float, seconds: int) -> list[dict[str, Any]]:
    """Count rows of id, status and milliseconds by time; a bucket may begin before `since`."""
    first = int(since // seconds)
    count = int(-(-until // seconds)) - first if since < until else 0
    each: list[list[Row]] = [[] for _ in range(count)]
    for row in rows:
        at = int(_moment(row[0]) // seconds) - first
        each[min(max(at, 0), count - 1)].append(row)
    return [
        {
            "at": clock.text(datetime.fromtimestamp((first + at) * seconds, UTC)),
            **_figures(some),
        }
        for at, some in enumerate(each)
    ]


def _figures(rows: list[Row]) -> dict[str, float | None]:
    """Count rows by how they ended, and say how long they took; None where there are none."""
    classes = Counter(status // 100 for _, status, _ in rows)
    counts = {name: classes[int(name[0])] for name in CLASSES}
    if not rows:
        return {**counts, **dict.fromkeys(QUANTILES)}
    durations = [milliseconds for _, _, milliseconds in rows]
    found = np.quantile(durations, list(QUANTILES.values())).round(3).tolist()
    return {**counts, **dict(zip(QUANTILES, found, strict=True))}


def _moment(number: str) -> float:
    """Return when an id was made, in seconds since 1970."""
    return int(number[:8] + number[9:13], 16) / 1000


def _span(asked: Filter) -> tuple[datetime, datetime]:
    """Return from when to when, nothing before there were ids; raise UserError for no times."""
    until = clock.now() if asked.until is None else clock.parse(asked.until, "until")
    until = max(until, EPOCH)
    since = until if asked.since is None else clock.parse(asked.since, "since")
    if asked.since is None:
        since = max(until, EPOCH + USUAL) - USUAL
    return min(max(since, EPOCH), until), until
