"""Truths far outside what the champion says is likely: a person decides whether they count.

Of numbers alone: of classes an improbable truth is what is worth learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from app.http.paging import Timestamp
from app.records.invalid import Invalid
from app.registry.loaded import LoadedVersion
from app.registry.registry import Registry
from src.data.features import as_json
from src.data.rules import Review as Rule
from src.data.schema import Dataset
from src.inference.past import Past
from src.inference.scalar_expressions import Record
from src.support.errors import UserError

FAR_OUTSIDE: Literal["far_outside"] = "far_outside"
Verdict = Literal["accepted", "rejected"]


class Decision(msgspec.Struct, frozen=True):
    """What a person made of a truth that waited, when, and why."""

    verdict: Verdict
    at: Timestamp
    by: str
    why: str = ""


class Review(msgspec.Struct, frozen=True):
    """Why a truth waits for a person: what was predicted, and the range that it lies outside.

    `beyond` is by how much, in half of the range's width; null where it cannot be said.
    """

    code: Literal["far_outside"]
    predicted: float
    low: float
    high: float
    beyond: float | None
    version: int
    decision: Decision | None = None

    def state(self, *, is_waiting: bool) -> str:
        """Return what has become of it: to_review, accepted, rejected; deleted without a word."""
        if is_waiting:
            return "to_review"
        return "deleted" if self.decision is None else self.decision.verdict

    def words(self, truth: str, dataset: Dataset) -> str:
        """Say in a sentence why a truth waits."""
        return (
            f"{dataset.target.name} {truth} lies far outside {self.low:.6g} to {self.high:.6g}, "
            f"which version {self.version} says is likely; it predicts {self.predicted:.6g}"
        )


class Reviewer:
    """Compares truths that come with what the champion predicts for their records."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def judge(
        self, dataset: Dataset, columns: Sequence[Sequence[Any]], truths: Sequence[Any]
    ) -> dict[int, Review]:
        """Return, by their positions, why some truths wait; `columns` are the features'.

        None waits where nothing serves, where the dataset says `review: never`, or where the
        champion cannot read a record.
        """
        rule = dataset.review
        if dataset.task != "regression" or not isinstance(rule, Rule) or not truths:
            return {}
        serving = self._registry.serving(dataset.name)
        if serving is None or serving.classes is not None:
            return {}
        records = list(zip(*columns, strict=True))
        places: Sequence[int] = range(len(records))
        if serving.dataset.features != dataset.features:
            places, records = _readable(serving, dataset, records)
        if serving.past is not None:
            places, records = _with_past(serving.past, places, records)
        return _far_outside(serving, records, places, truths, rule.beyond)


def _far_outside(
    serving: LoadedVersion,
    records: list[Record],
    places: Sequence[int],
    truths: Sequence[Any],
    most: float,
) -> dict[int, Review]:
    interval, number = serving.interval, serving.version.number
    with np.errstate(over="ignore", invalid="ignore"):  # it is seen by what comes out
        output = serving.predictor.output(records).tolist()
    reviews = {}
    for place, record, value in zip(places, records, output, strict=True):
        low, high = interval.around_one(value, record)
        truth = truths[place]
        if low <= truth <= high or not math.isfinite(high - low):
            continue
        beyond = interval.beyond(truth, low, high)
        if beyond > most:
            far = round(beyond, 2) if math.isfinite(beyond) else None
            reviews[place] = Review(FAR_OUTSIDE, value, low, high, far, number)
    return reviews


def _with_past(
    past: Past, places: Sequence[int], records: Sequence[Record]
) -> tuple[list[int], list[Record]]:
    """Return records with the past that they do not say, without those whose past nobody has."""
    found, whole = [], []
    for place, record in zip(places, records, strict=True):
        try:
            whole.append(past.completed(record))
        except UserError:
            continue
        found.append(place)
    return found, whole


def _readable(
    serving: LoadedVersion, dataset: Dataset, records: list[Record]
) -> tuple[list[int], list[Record]]:
    """Return the records as a champion of other features reads them, and their positions.

    Those that it would refuse are left out.
    """
    names, reader = list(dataset.features), serving.records
    needed = [name for name, field in reader.by_name.items() if field.required]
    places, read = [], []
    for place, record in enumerate(records):
        cells = as_json(dataset.features, dict(zip(names, record, strict=True)))
        try:
            known = reader.partial(
                {name: cells[name] for name in reader.names if cells.get(name) is not None}, needed
            )
        except Invalid:
            continue
        places.append(place)
        read.append(tuple(known.get(name) for name in reader.names))
    return places, read
