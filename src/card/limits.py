"""What a model was not learnt from, and what it does not hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from src.card.coverage import Group
from src.card.schema import CardLimits, CardRange, CardValues
from src.data.features import Category, Integer, Number, Temporal
from src.data.schema import Dataset
from src.evaluation.measures import rounded

FEW = 50  # rows of a class; fewer tell little of it
FEW_HELD_OUT = 200  # rows; figures of fewer say little
WAYS = {"up": "rise", "down": "fall"}


def find(
    dataset: Dataset,
    train: pd.DataFrame,
    tested: int,
    coverage: tuple[float, float | None],
    groups: Sequence[Group],
) -> CardLimits:
    """Return the limits of a model that was learnt from `train` and judged by `tested` rows.

    `coverage` is the promise, and the most that the held-out rows let one believe.
    """
    ranges = [
        _range(name, feature, train[name])
        for name, feature in dataset.features.items()
        if isinstance(feature, Number | Integer) and train[name].notna().any()
    ]
    values = [
        _values(name, feature, train[name])
        for name, feature in dataset.features.items()
        if isinstance(feature, Category)
    ]
    small = _small(dataset, train)
    monotone = {
        name: way
        for name, feature in dataset.features.items()
        if (way := getattr(feature, "monotone", None)) is not None
    }
    says = [
        *(
            f"{one.feature} {', '.join(one.unseen)} is allowed, and none was learnt from"
            for one in values
            if one.unseen
        ),
        *(
            f"{dataset.target.name} {name} has {rows} rows to learn from, which tell little of it"
            for name, rows in small.items()
        ),
        *_short(coverage, groups),
        *(
            f"answers only {WAYS[way]} with {name}, whatever the rows say"
            for name, way in monotone.items()
        ),
    ]
    if tested < FEW_HELD_OUT:
        says.append(f"{tested} held-out rows judge it, which is few: its figures may be far off")
    return CardLimits(
        says=says, ranges=ranges, values=values, small_classes=small, monotone=dict(monotone)
    )


def _range(name: str, feature: Number | Integer, cells: pd.Series) -> CardRange:
    numbers = cells.to_numpy(dtype=np.float64)
    ends = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    missing = int(np.isnan(numbers).sum())
    if isinstance(feature, Temporal):
        return CardRange(name, feature.unit, feature.text(ends[0]), feature.text(ends[1]), missing)
    low, high = map(rounded, ends)
    assert low is not None
    assert high is not None
    return CardRange(name, feature.unit, low, high, missing)


def _values(name: str, feature: Category, cells: pd.Series) -> CardValues:
    seen = {str(value) for value in cells.dropna().unique()}
    unseen = [value for value in feature.listed() or () if value not in seen]
    return CardValues(name, len(seen), unseen, int(cells.isna().sum()))


def _small(dataset: Dataset, train: pd.DataFrame) -> dict[str, int]:
    if dataset.task == "regression":
        return {}
    counts = train[dataset.target.name].value_counts()
    return {str(name): int(rows) for name, rows in counts.items() if rows < FEW}


def _short(coverage: tuple[float, float | None], groups: Sequence[Group]) -> list[str]:
    promised, most = coverage
    promise = f"where {promised:.0%} are promised"
    found = []
    if most is not None and most < promised:
        found.append(f"ranges hold at most {most:.1%} of the truths, {promise}")
    found += [
        f"of {one.feature} {one.value} ranges hold {one.share:.1%} of {one.rows} rows, {promise}"
        for one in groups
        if one.is_short
    ]
    return found
