"""What each dataset was asked for in the last day, and how many labels it has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import falcon
import peewee

from app.auth import guard
from app.http import media
from app.http.cache import SlowCount
from app.registry import activity_store
from app.registry.registry import Registry
from app.store import clock, ids
from src.support.recurring import rest

HOURS = 24
LEAST_PAUSE = 1.0  # seconds


class Activity:
    """GET /v1/activity."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database
        self._lately = SlowCount()

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with counts by hour, the oldest first; they may be as old as `at` says."""
        exchange = guard.allowed(request, "predict")
        exchange.is_answer_stored = False
        media.query(request, media.NoQuery)
        counted = self._lately.get(
            self._count, lambda took: max(rest(took), LEAST_PAUSE), self._registry.known()
        )
        media.answer(response, counted)

    def _count(self) -> dict[str, Any]:
        now = clock.now()
        begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
        hours = [
            clock.text(begin + timedelta(hours=at))[: activity_store.HOUR] for at in range(HOURS)
        ]
        counted = activity_store.requests(self._database, ids.at(begin.timestamp()))
        found = {(name, hour): numbers for name, hour, *numbers in counted}
        labels = activity_store.labels(self._database)
        datasets = {}
        for name in self._registry.known():
            each = [found.get((name, hour), [0, 0]) for hour in hours]
            datasets[name] = {
                "requests": [number for number, _ in each],
                "failed": [number for _, number in each],
                "labels": labels.get(name, 0),
            }
        return {"at": clock.text(now), "since": clock.text(begin), "datasets": datasets}
