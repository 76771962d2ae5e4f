"""One version in full, and two of them side by side."""

from __future__ import annotations

from typing import Any

import falcon

from app.auth import guard
from app.http import media
from app.registry import comparison, description
from app.registry.gate import Gatekeeper
from app.registry.registry import Registry
from app.registry.store import Registered
from app.settings import Settings
from src.inference import held_out


class OneVersion:
    """GET /v1/{dataset}/models/{version}: its figures, how it was made, and where it is wrong."""

    def __init__(self, registry: Registry, gatekeeper: Gatekeeper, settings: Settings) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._var = settings.folder()

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Answer with a version, its errors on the held-out rows, and the records of the worst."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        version = self._registry.named(dataset, number)
        exchange.dataset, exchange.version = dataset, version.number
        exchange.is_answer_stored = False  # it repeats what the bundle keeps
        champion = self._registry.number(dataset)
        document = {
            "dataset": dataset,
            "task": known.task,
            "metric": known.metric,
            **description.line(version, champion, self._gatekeeper),
            **description.details(version),
            "held_out": self._held_out(version),
        }
        media.answer(response, document)

    def _held_out(self, version: Registered) -> dict[str, Any] | None:
        kept = held_out.read(version.path(self._var), version.manifest)
        if kept is None:
            return None
        points = [[row["actual"], row["predicted"]] for row in kept["sample"]]
        return {"total": kept["total"], "points": points, "worst": kept["worst"]}


class Comparison:
    """GET /v1/{dataset}/models/{version}/compare/{other}: what sets two versions apart."""

    def __init__(self, registry: Registry, gatekeeper: Gatekeeper, settings: Settings) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._var = settings.folder()

    def on_get(
        self,
        request: falcon.Request,
        response: falcon.Response,
        dataset: str,
        number: str,
        other: str,
    ) -> None:
        """Answer with both, what differs in how they were made, in figures, and in answers."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        pair = [self._registry.named(dataset, one) for one in (number, other)]
        exchange.dataset = dataset
        exchange.is_answer_stored = False  # it repeats what the bundles keep
        champion = self._registry.number(dataset)
        rows = self._rows(pair)
        document = {
            "dataset": dataset,
            "task": known.task,
            "metric": known.metric,
            "versions": [description.line(one, champion, self._gatekeeper) for one in pair],
            "configuration": comparison.configuration(*pair),
            "metrics": comparison.metrics(*pair),
            "rows": rows,
        }
        media.answer(response, document)

    def _rows(self, pair: list[Registered]) -> dict[str, Any]:
        """Ask both about rows that one of them held out: the newer one, if it kept them."""
        first, second = (self._registry.loaded(one.dataset, one.number) for one in pair)
        newest = sorted(pair, key=lambda one: -one.number)
        for one in newest:
            kept = held_out.read(one.path(self._var), one.manifest)
            if kept is not None:
                return {"of": one.number, **comparison.rows(first, second, kept["sample"])}
        serving = first if first.version.number == newest[0].number else second
        return {"of": newest[0].number, **comparison.rows(first, second, serving.golden)}
