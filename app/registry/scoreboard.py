"""How good each version is on what came after, by the labels that its predictions were given."""

from __future__ import annotations

from typing import Any

import falcon
import peewee

from app.auth import guard
from app.http import media
from app.registry import live_scores
from app.registry.gate import Gatekeeper
from app.registry.live_scores import Scoreboard
from app.registry.registry import Registry


class Scores:
    """GET /v1/{dataset}/scoreboard."""

    def __init__(
        self, registry: Registry, gatekeeper: Gatekeeper, database: peewee.Database
    ) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._database = database
        self._scoreboard = Scoreboard()

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with a line for each version that has labels, the newest first."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        champion = self._registry.number(dataset)
        found = live_scores.signatures(self._database, dataset)
        lines: list[dict[str, Any]] = []
        for number, signature in found.items():
            version = self._registry.version(dataset, number)
            score = self._scoreboard.of(self._database, version, signature)
            lines.append({**score, "champion": number == champion})
        breach = None if champion is None else self._gatekeeper.breach(dataset, champion)
        media.answer(
            response,
            {
                "dataset": dataset,
                "metric": known.metric,
                "champion": champion,
                "breach": breach,
                "on_breach": known.on_breach,
                "versions": lines,
            },
        )
