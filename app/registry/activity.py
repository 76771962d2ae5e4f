"""What each dataset was asked for in the last day, and how many labels it has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import peewee

from app.http.cache import SlowCount
from app.http.operation import Call, operation
from app.http.paging import Timestamp
from app.http.resource import Resource
from app.registry.services import Services
from app.store import clock, ids
from app.store.tables import Label, Request
from src.support.recurring import rest

HOURS = 24
LEAST_PAUSE = 1.0  # seconds
MOST = 200_000  # requests that are looked at, the newest: a busy day has more
HOUR = 13  # characters of a moment that name its hour


class DatasetActivity(msgspec.Struct, frozen=True):
    """A dataset's requests by hour, the oldest hour first, and its labels."""

    requests: list[int]
    failed: list[int]
    labels: int


class RecentActivity(msgspec.Struct, frozen=True):
    """What each dataset was asked for since a moment, as counted at another one."""

    at: Timestamp
    since: Timestamp
    datasets: dict[str, DatasetActivity]


class Activity(Resource):
    """GET /v1/activity."""

    path = "/v1/activity"

    def __init__(self, services: Services) -> None:
        self._registry = services.registry
        self._database = services.database
        self._count: SlowCount[RecentActivity] = SlowCount()

    @operation(
        scope="predict",
        name="activity",
        summary="What each dataset was asked for in the last day by hour, and its labels",
        answer=RecentActivity,
        refuses=("count_failed",),
        is_answer_stored=False,
    )
    def on_get(self, call: Call) -> RecentActivity:
        """Answer with counts by hour, the oldest first; they may be as old as `at` says."""
        counted = self._count.get(
            self._activity, lambda took: max(rest(took), LEAST_PAUSE), self._registry.known()
        )
        seen = {name: one for name, one in counted.datasets.items() if call.caller.sees(name)}
        return msgspec.structs.replace(counted, datasets=seen)

    def _activity(self) -> RecentActivity:
        now = clock.now()
        begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
        hours = [clock.text(begin + timedelta(hours=at))[:HOUR] for at in range(HOURS)]
        requests = count_requests(self._database, ids.at(begin.timestamp()))
        by_hour = {(name, hour): counts for name, hour, *counts in requests}
        labels = count_labels(self._database)
        datasets = {}
        for name in self._registry.known():
            counts = [by_hour.get((name, hour), [0, 0]) for hour in hours]
            datasets[name] = DatasetActivity(
                requests=[total for total, _ in counts],
                failed=[failed for _, failed in counts],
                labels=labels.get(name, 0),
            )
        return RecentActivity(clock.text(now), clock.text(begin), datasets)


def count_requests(database: peewee.Database, first: str) -> list[tuple[str, str, int, int]]:
    """Count the requests from an id on; return dataset, hour, how many, how many failed."""
    fn = peewee.fn
    hour = fn.SUBSTR(Request.at, 1, HOUR).alias("hour")
    failed = peewee.Case(None, [(Request.status >= 400, 1)], 0).alias("failed")
    newest = (
        Request.select(Request.dataset, hour, failed)
        .where(Request.id >= first, Request.dataset.is_null(False))
        .order_by(Request.id.desc())
        .limit(MOST)
        .alias("newest")
    )
    counts = (fn.COUNT(1), fn.SUM(newest.c.failed))
    selected = Request.select(newest.c.dataset, newest.c.hour, *counts).from_(newest)
    grouped = selected.group_by(newest.c.dataset, newest.c.hour)
    return [(*row[:2], int(row[2]), int(row[3])) for row in grouped.tuples().execute(database)]


def count_labels(database: peewee.Database) -> dict[str, int]:
    """Count the labels that are not deleted, by dataset."""
    labels = Label.select(Label.dataset, peewee.fn.COUNT(Label.id)).where(Label.deleted.is_null())
    rows: Any = labels.group_by(Label.dataset).tuples().execute(database)
    return {name: int(total) for name, total in rows}
