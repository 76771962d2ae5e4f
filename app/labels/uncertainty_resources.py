"""What is worth labelling next."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import falcon
import peewee
from msgspec import Meta

from app.auth import guard
from app.http import media
from app.labels import uncertainty, uncertainty_store
from app.registry.registry import Registry
from src.support.structs import Checked

NEWEST = 2000  # predictions that are looked at
USUAL = 20  # that are told unless the asking says otherwise


class Query(Checked, frozen=True):
    """How many."""

    limit: Annotated[int, Meta(ge=1, le=100)] | None = None


class Uncertain:
    """GET /v1/{dataset}/uncertain: of what was predicted, and nobody labelled, the least sure."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with predictions that are worth a label, the most unsure first."""
        exchange = guard.allowed(request, "label")
        exchange.is_answer_stored = False
        asked = media.query(request, Query)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        # What another version was unsure of says nothing of the one that serves.
        version = self._registry.number(dataset)
        rows = uncertainty_store.newest(self._database, dataset, NEWEST, version)
        looked = uncertainty.look(rows, known)
        fetch = partial(uncertainty_store.records, self._database)
        media.answer(
            response,
            {
                "dataset": dataset,
                "measure": uncertainty.MEASURES[known.task],
                "looked_at": looked.looked_at,
                "labelled": len(looked.labelled),
                "predictions": uncertainty.worth(looked, fetch, asked.limit or USUAL),
            },
        )
