"""What each dataset was asked for in the last day, and how many labels it has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import falcon
import peewee

from app import asking, clock, ids, security
from app.lately import Lately
from app.recurring import rest
from app.registry import Registry
from app.store import activity

HOURS = 24
LEAST_PAUSE = 1.0  # seconds


class Activity:
    """GET /v1/activity."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database
        self._lately = Lately()

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with counts by hour, the oldest first; they may be as old as `at` says."""
        exchange = security.allowed(request, "predict")
        exchange.is_answer_stored = False
        asking.query(request, asking.Nothing)
        counted = self._lately.get(
            self._count, lambda took: max(rest(took), LEAST_PAUSE), self._registry.known()
        )
        asking.answer(response, counted)

    def _count(self) -> dict[str, Any]:
        now = clock.now()
        begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
        hours = [clock.text(begin + timedelta(hours=at))[: activity.HOUR] for at in range(HOURS)]
        counted = activity.requests(self._database, ids.at(begin.timestamp()))
        found = {(name, hour): numbers for name, hour, *numbers in counted}
        labels = activity.labels(self._database)
        datasets = {}
        for name in self._registry.known():
            each = [found.get((name, hour), [0, 0]) for hour in hours]
            datasets[name] = {
                "requests": [number for number, _ in each],
                "failed": [number for _, number in each],
                "labels": labels.get(name, 0),
            }
        return {"at": clock.text(now), "since": clock.text(begin), "datasets": datasets}
