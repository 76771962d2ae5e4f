"""Relate the target to each feature: boxes, a density or shares of classes; and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category, Feature, Id, Integer, Number
from src.data.profile.columns import absent, cut, edges, kind, levels, words_of, writer
from src.data.schema import Dataset

REACH = 1.5  # interquartile ranges from a box to the end of its whisker
MOST_CELLS = 20_000  # of all densities together, that the document stays small
SIDE = 40  # bins of a density, at most
MOST_CORRELATED = 30  # columns of the table of correlations


def against_target(dataset: Dataset, name: str, rows: pd.DataFrame) -> dict[str, Any] | None:
    """Relate the target to a feature by their kinds; None if no row has both, and for an id."""
    target, feature = dataset.target.name, dataset.features[name]
    cells, of = rows[name], kind(dataset, name)
    if isinstance(feature, Id):
        return None
    # Of a thousand columns none but these two are copied for each.
    both = pd.DataFrame({target: rows[target], name: cells})
    complete = both[~absent(cells, is_text=of == "text")]
    if not len(complete):
        return None
    if of == "text":
        complete = complete.assign(**{name: words_of(complete[name])})
    is_counted = of in ("integer", "text")
    if dataset.task != "regression":
        if isinstance(feature, Category):
            return _shares(dataset, name, complete)
        return {
            "kind": "boxes",
            "of": name,
            "by": target,
            **_boxes(dataset, target, name, complete),
        }
    if isinstance(feature, Category):
        return {
            "kind": "boxes",
            "of": target,
            "by": name,
            **_boxes(dataset, name, target, complete),
        }
    side = min(SIDE, max(10, int((MOST_CELLS / len(dataset.features)) ** 0.5)))
    numbers = complete[name], complete[target]
    return _density(*numbers, feature, is_whole=is_counted, side=side)


def correlations(dataset: Dataset, rows: pd.DataFrame) -> dict[str, Any] | None:
    """Correlate ranks (Spearman), the target first; ordered categories by their order.

    Of many columns it keeps those that correlate most with the target, else the first ones.
    """
    names = [dataset.target.name, *dataset.features]
    ranks = {name: matrix for name in names if (matrix := _ranks(dataset, name, rows)) is not None}
    if len(ranks) < 2:
        return None
    frame = pd.DataFrame(ranks)
    if len(frame.columns) > MOST_CORRELATED:
        strength = frame.corrwith(frame.iloc[:, 0]).abs().fillna(0)
        kept = set(strength.sort_values(ascending=False, kind="stable").index[:MOST_CORRELATED])
        frame = frame[[name for name in frame if name in kept]]
    matrix = frame.corr(min_periods=3).to_numpy()
    values = [[_three_digits(value) for value in line] for line in matrix]
    return {"method": "spearman", "columns": list(frame), "values": values}


def _ranks(dataset: Dataset, name: str, rows: pd.DataFrame) -> pd.Series | None:
    """Rank a column's cells; None if they have no order."""
    cells, feature = rows[name], dataset.features.get(name)
    if isinstance(feature, Category):
        listed = None if feature.order is None else feature.listed()
    elif kind(dataset, name) == "class":
        listed = _two_classes(dataset, rows)
    else:
        is_number = feature is None or isinstance(feature, Number | Integer)
        return cells.rank() if is_number and cells.min() < cells.max() else None
    if listed is None:
        return None
    ranked = cells.map({value: float(at) for at, value in enumerate(listed)}).astype(np.float64)
    return ranked.rank() if ranked.min() < ranked.max() else None


def _two_classes(dataset: Dataset, rows: pd.DataFrame) -> list[str] | None:
    """Order a binary target's classes, the class of interest last; more than two have no order."""
    if dataset.task != "binary":
        return None
    target = dataset.target
    classes = levels(dataset, target.name, rows[target.name])
    return sorted(classes) if target.positive is None else sorted(classes, key=_is(target.positive))


def _is(positive: object) -> Any:
    return lambda value: value == str(positive)


def _three_digits(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def _boxes(dataset: Dataset, by: str, of: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Summarize the numbers of a column by the values of another."""
    shown = levels(dataset, by, rows[by])
    grouped = dict(list(rows[of].groupby(rows[by].astype(object))))
    feature = dataset.features.get(of)
    boxes = [
        {"value": value, **_box(grouped[value].to_numpy(dtype=np.float64), feature)}
        for value in shown
        if value in grouped
    ]
    return {"boxes": boxes, "others": len(grouped) - len(boxes)}


def _box(values: np.ndarray, feature: Feature | None) -> dict[str, Any]:
    write = writer(feature)
    with np.errstate(over="ignore", invalid="ignore"):
        first, median, last = np.quantile(values, [0.25, 0.5, 0.75])
        reach = REACH * (last - first)
        inside = values[(values >= first - reach) & (values <= last + reach)]
    return {
        "rows": len(values),
        "low": write(inside.min()),
        "q25": write(first),
        "median": write(median),
        "q75": write(last),
        "high": write(inside.max()),
        "outside": len(values) - len(inside),
    }


def _shares(dataset: Dataset, name: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Count the classes within each value of a category."""
    target = dataset.target.name
    values, classes = (levels(dataset, column, rows[column]) for column in (name, target))
    counts = pd.crosstab(rows[name].astype(object), rows[target].astype(object))
    table = counts.reindex(index=values, columns=classes, fill_value=0)
    others = rows[name].nunique() - sum(value in counts.index for value in values)
    return {
        "kind": "shares",
        "values": values,
        "classes": classes,
        "rows": table.to_numpy().tolist(),
        "others": others,
    }


def _density(
    cells: pd.Series, target: pd.Series, feature: Feature, *, is_whole: bool, side: int
) -> dict[str, Any] | None:
    """Count the rows in a grid of feature and target, without empty cells."""
    across, up = (column.to_numpy(dtype=np.float64) for column in (cells, target))
    x = cut(across, feature, is_whole=is_whole, most=side)
    y = cut(up, None, is_whole=False, most=side)
    if x is None or y is None:
        return None
    places = pd.DataFrame({"x": x.place(across), "y": y.place(up)})
    is_inside = (places >= 0).all(axis=1)
    is_inside &= (places["x"] < len(x.edges) - 1) & (places["y"] < len(y.edges) - 1)
    counts = places[is_inside].value_counts(sort=False)
    return {
        "kind": "grid",
        "x": {"scale": x.scale, "edges": edges(x, feature)},
        "y": {"scale": y.scale, "edges": edges(y)},
        "cells": [[int(i), int(j), int(rows)] for (i, j), rows in counts.items()],
        "outside": int((~is_inside).sum()),
    }
