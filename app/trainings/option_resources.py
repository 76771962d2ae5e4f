"""What may be trained: the models that fit a dataset, the searches, and what to train on."""

from __future__ import annotations

from typing import Any

import falcon
import peewee

from app.auth import guard
from app.http import media
from app.http.cache import SlowCount, unless_quick
from app.labels import store as label_store
from app.registry.registry import Registry
from app.trainings.options import models, searches, usual_model
from src.support import extras
from src.support.errors import coded


class Choices:
    """GET /v1/{dataset}/choices."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database
        self._counted: dict[str, SlowCount] = {}

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with the names that a training may be asked for with, as conf/ has them now."""
        exchange = guard.allowed(request, "train")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        with coded("configuration_unreadable"):
            found = models(known)
            usual = usual_model(self._registry, self._database, dataset)
            document: dict[str, Any] = {
                "dataset": dataset,
                "task": known.task,
                "metric": known.metric,
                "promote": known.promote,
                "refused": _refused(),
                "usual": usual if usual in [one["name"] for one in found] else None,
                "models": found,
                "searches": searches(),
                **self._labels(dataset),
            }
        media.answer(response, document)

    def _labels(self, dataset: str) -> dict[str, Any]:
        """Count the labels; a page that follows a training asks every second."""
        return self._counted.setdefault(dataset, SlowCount()).get(
            lambda: {"labels": sum(label_store.counts(self._database, dataset).values())},
            unless_quick,
            None,
        )


def _refused() -> dict[str, str | None] | None:
    """Return why nothing can be trained here, and what to do; None where it can."""
    error = extras.untrained()
    return None if error is None else {"detail": error.what, "fix": error.fix}
