"""What a label of a dataset is made of, and how many there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import falcon
import peewee

from app.auth import guard
from app.http import media
from app.http.cache import SlowCount, unless_quick
from app.labels import store
from app.labels.reader import Readers
from app.labels.storable import check_storable
from app.registry.registry import Registry
from app.settings import Settings
from src.data.schema import Dataset
from src.support.errors import UserError

MOST = 20  # sources and classes that are told by name, those with most labels


class Labelling:
    """GET /v1/{dataset}/labels/about, also where nothing serves yet."""

    def __init__(
        self,
        registry: Registry,
        readers: Readers,
        database: peewee.Database,
        settings: Settings,
    ) -> None:
        self._registry = registry
        self._readers = readers
        self._database = database
        self._settings = settings
        self._counted: dict[str, SlowCount] = {}

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with the fields of a label, its target the last, and with counts of what is."""
        exchange = guard.allowed(request, "label")
        exchange.is_answer_stored = False
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        last = next(iter(store.page(self._database, store.live(dataset), 1)), None)
        media.answer(
            response,
            {
                "dataset": dataset,
                "about": known.about,
                "noun": known.noun,
                "task": known.task,
                "target": known.target.name,
                "fields": self._readers.of(known).records.fields(),
                "refused": _refusal(known, self._settings.redact),
                **self._counts(known, last["id"] if last else None),
                "last": last and {name: last[name] for name in ("id", "at", "source")},
            },
        )

    def _counts(self, known: Dataset, last: str | None) -> dict[str, Any]:
        """Count the labels, unless that was done a moment ago: of many it takes its time."""
        is_of_classes = known.task != "regression"
        lately = self._counted.setdefault(known.name, SlowCount())
        return lately.get(
            lambda: _told(store.tally(self._database, known.name, is_of_classes=is_of_classes)),
            unless_quick,
            last,
        )


def _told(tally: list[tuple[str, str | None, int]]) -> dict[str, Any]:
    """Return how many there are: of all, of each source, of each class."""
    sources, values = Counter[str](), Counter[str]()
    for source, value, count in tally:
        sources[source] += count
        if value is not None:
            values[value] += count
    return {
        "labels": sources.total(),
        "sources": dict(sources.most_common(MOST)),
        "other_sources": max(len(sources) - MOST, 0),
        "classes": dict(values.most_common(MOST)),
    }


def _refusal(known: Dataset, redact: tuple[str, ...]) -> str | None:
    """Say why a dataset takes no labels; None where it does."""
    try:
        check_storable(known, redact)
    except UserError as error:
        return error.what
    return None
