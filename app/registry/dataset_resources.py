"""What can be asked: the datasets, their fields in words, and who answers."""

from __future__ import annotations

from typing import Any

import falcon
import peewee

from app.auth import guard
from app.http import media
from app.registry import description, store
from app.registry.gate import Gatekeeper
from app.registry.loaded import Serving
from app.registry.registry import Registry
from src.data.schema import Dataset


class Datasets:
    """GET /v1/datasets: each dataset in a line."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with what is served, and what could be."""
        guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        served = {name: self._registry.champion(name) for name in self._registry.names()}
        document = {
            "datasets": [
                _line(served[name]) if name in served else {"name": name, "champion": None}
                for name in self._registry.known()
            ]
        }
        media.answer(response, document)


class OneDataset:
    """GET /v1/{dataset}: what a record is made of, in words, with an example."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with fields, target, an example that can be posted, and where to post it."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        serving = self._registry.champion(dataset)
        exchange.dataset = dataset
        known = serving.dataset
        document = {
            **_line(serving),
            "target": _target(known, serving.classes),
            "fields": serving.records.fields(),
            "example": serving.example(),
            "examples": serving.examples(),
            "separator": known.separator,  # of a CSV
            "similar": None
            if known.similar is None
            else {"same": known.similar.same, "nearest": known.similar.nearest},
            "links": {
                "predict": f"/v1/{dataset}/predictions",
                **({"similar": f"/v1/{dataset}/similar"} if known.similar else {}),
                "models": f"/v1/{dataset}/models",
                "labels": f"/v1/{dataset}/labels",
                "trainings": f"/v1/{dataset}/trainings",
                "scoreboard": f"/v1/{dataset}/scoreboard",
            },
        }
        media.answer(response, document)


class Models:
    """GET /v1/{dataset}/models: the versions, how good they are, and who serves."""

    def __init__(
        self, registry: Registry, gatekeeper: Gatekeeper, database: peewee.Database
    ) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._database = database

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with the versions and the changes of the champion, the newest first."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        champion = self._registry.number(dataset)
        found = store.every(self._database, dataset)
        if not found:
            self._registry.champion(dataset)  # says why there is none
        document = {
            "dataset": dataset,
            "champion": champion,
            "metric": known.metric,
            "breach": champion and self._gatekeeper.breach(dataset, champion),
            "refused": self._registry.refused().get(dataset),
            "versions": [
                description.line(version, champion, self._gatekeeper) for version in found
            ],
            "events": [
                {name: value for name, value in event.items() if name not in ("id", "dataset")}
                for event in store.events(self._database, dataset)
            ],
        }
        media.answer(response, document)


def _line(serving: Serving) -> dict[str, Any]:
    known = serving.dataset
    return {
        "name": known.name,
        "about": known.about,
        "task": known.task,
        "champion": {
            **serving.model,
            "metric": known.metric,
            "cv": serving.version.manifest["metrics"]["cv"][known.metric]["mean"],
            "test": serving.version.manifest["metrics"]["test"][known.metric],
        },
    }


def _target(known: Dataset, classes: list[Any] | None) -> dict[str, Any]:
    target = {"name": known.target.name, "about": known.target.about, "unit": known.target.unit}
    if classes is not None:
        target["classes"] = classes  # type: ignore[assignment]
    return {name: value for name, value in target.items() if value}
