"""What a label of a dataset is made of, and how many there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from app.http.cache import SlowCount, unless_quick
from app.http.operation import Call, operation
from app.http.paging import Timestamp
from app.labels import store
from app.labels.reader import LabelReaders
from app.labels.schema import check_storable
from app.records.fields import FieldDescription
from app.registry.services import DatasetResource, Services
from src.data.schema import Dataset
from src.support.errors import UserError

MOST = 20  # sources and classes that are listed by name, those with most labels


class LastLabel(msgspec.Struct, frozen=True):
    """The newest label."""

    id: str
    at: Timestamp
    source: str


class LabelOverview(msgspec.Struct, frozen=True):
    """The fields of a label, its target the last, and how many labels there are.

    `beside` names those that are no part of a prediction's record: whose the label is, how much it
    counts, when it was. `refused` says why the dataset takes none; it is null where it does.
    """

    dataset: str
    about: str
    noun: str
    task: str
    target: str
    fields: list[FieldDescription]
    beside: list[str]
    refused: str | None
    labels: int
    sources: dict[str, int]
    other_sources: int
    classes: dict[str, int]
    last: LastLabel | None


class Overview(DatasetResource):
    """Describe a dataset's labels, also where nothing serves yet."""

    path = "/v1/{dataset}/labels/about"

    def __init__(self, services: Services, readers: LabelReaders) -> None:
        super().__init__(services)
        self._readers = readers
        self._counts_by_dataset: dict[str, SlowCount] = {}

    @operation(
        scope="label",
        name="about_labels",
        summary="What a label is made of, and how many there are",
        answer=LabelOverview,
        is_answer_stored=False,
    )
    def on_get(self, call: Call, dataset: Dataset) -> LabelOverview:
        """Answer with the fields of a label and with counts of the labels."""
        database = self.services.database
        row = next(iter(store.page(database, store.live(dataset.name), 1)), None)
        last = None if row is None else LastLabel(row["id"], row["at"], row["source"])
        return LabelOverview(
            dataset=dataset.name,
            about=dataset.about,
            noun=dataset.noun,
            task=dataset.task,
            target=dataset.target.name,
            fields=self._readers.of(dataset).records.fields(),
            beside=dataset.extra_columns(),
            refused=_refusal(dataset, self.services.settings.redact),
            last=last,
            **self._counts(dataset, last.id if last else None),
        )

    def _counts(self, dataset: Dataset, last: str | None) -> dict[str, Any]:
        """Count the labels, unless that was done a moment ago: of many it takes its time."""
        is_of_classes = dataset.task != "regression"
        database = self.services.database
        return self._counts_by_dataset.setdefault(dataset.name, SlowCount()).get(
            lambda: _counts(store.tally(database, dataset.name, is_of_classes=is_of_classes)),
            unless_quick,
            last,
        )


def _counts(tally: list[tuple[str, str | None, int]]) -> dict[str, Any]:
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


def _refusal(dataset: Dataset, redact: tuple[str, ...]) -> str | None:
    """Return why a dataset takes no labels; None where it does."""
    try:
        check_storable(dataset, redact)
    except UserError as error:
        return error.what
    return None
