"""Grow a shallow tree over the target, whose leaves say what rows that are alike have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor

from src.data.features import Category, Integer, Number
from src.data.schema import Dataset

MOST_LEAVES = 32
LEAST_ROWS = 20  # of a leaf: the ends of fewer say little of where the next row will be
MOST_LEVELS = 200  # of a category
SAME = 1e-9  # of the mean; a smaller spread is none
# An answer may pass the values of a leaf by so much of their range: a model goes on beyond the last
# row of a leaf, and of few rows the ends come late.
ROOM = 0.5


def grow(dataset: Dataset, rows: pd.DataFrame, seed: int) -> dict[str, Any] | None:
    """Return what the reader of the same name in src.inference takes.

    None for classes, too few rows, or no column to tell by.
    """
    if dataset.task != "regression" or len(rows) < 2 * LEAST_ROWS:
        return None
    truth = rows[dataset.target.name].to_numpy(dtype=np.float64)
    inputs = [
        one
        for name, feature in dataset.features.items()
        if (one := _input(name, feature, rows[name], truth)) is not None
    ]
    if not inputs:
        return None
    matrix = np.column_stack([_column(one, rows[one["feature"]]) for one in inputs])
    is_log = _is_of_factors(truth)
    tree = DecisionTreeRegressor(
        max_leaf_nodes=MOST_LEAVES, min_samples_leaf=LEAST_ROWS, random_state=seed
    )
    grown = tree.fit(matrix, np.log(truth) if is_log else truth).tree_
    leaves = np.flatnonzero(grown.children_left < 0)
    places = tree.apply(matrix)
    return {
        "inputs": inputs,
        "nodes": _nodes(grown),
        "leaves": [_leaf(truth[places == leaf], is_log) for leaf in leaves],
    }


def _is_of_factors(truth: np.ndarray) -> bool:
    """Tell whether the target is all above 0 and less skew as a logarithm."""
    if truth.min() <= 0:
        return False
    return abs(_skewness(np.log(truth))) < abs(_skewness(truth))


def _skewness(values: np.ndarray) -> float:
    spread = values.std()
    if spread <= SAME * abs(values.mean()):
        return 0.0
    return float((((values - values.mean()) / spread) ** 3).mean())


def _input(name: str, feature: Any, cells: pd.Series, truth: np.ndarray) -> dict[str, Any] | None:
    """Describe how a feature becomes a number; None where it is text or never there."""
    if not cells.notna().any():
        return None
    if isinstance(feature, Number | Integer):
        return {"feature": name, "fill": float(cells.median())}
    if not isinstance(feature, Category):
        return None
    values = cells.dropna().astype(object)
    if values.nunique() > MOST_LEVELS:
        return None
    ranks = feature.ranks()
    if feature.order is None:  # by what the target is on average
        means = pd.Series(truth, index=cells.index)[values.index].groupby(values.to_numpy()).mean()
        ordered = means.sort_values(kind="stable").index
        ranks = {str(value): float(rank) for rank, value in enumerate(ordered)}
    return {"feature": name, "ranks": ranks, "fill": float(values.map(ranks).median())}


def _column(one: dict[str, Any], cells: pd.Series) -> np.ndarray:
    numbers = cells.astype(object).map(one["ranks"]) if "ranks" in one else cells
    filled: np.ndarray = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(filled), one["fill"], filled)


def _nodes(tree: Any) -> list[list[float]]:
    """Return [column, threshold, low, high] of each split; of leaves, the place as ~place."""
    splits = np.flatnonzero(tree.children_left >= 0).tolist()
    leaves = np.flatnonzero(tree.children_left < 0).tolist()
    place = {node: at for at, node in enumerate(splits)}
    place |= {node: ~at for at, node in enumerate(leaves)}
    nodes: list[list[float]] = [
        [
            int(tree.feature[node]),
            float(tree.threshold[node]),
            place[int(tree.children_left[node])],
            place[int(tree.children_right[node])],
        ]
        for node in splits
    ]
    # A tree that never splits has one leaf for all.
    return nodes or [[0, 0.0, ~0, ~0]]


def _leaf(values: np.ndarray, is_log: bool) -> list[float]:
    """Return how many rows, their least and highest value, and both with room."""
    low, high = float(values.min()), float(values.max())
    if is_log:
        factor = (high / low) ** ROOM
        return [len(values), low, high, low / factor, high * factor]
    room = ROOM * (high - low)
    return [len(values), low, high, low - room, high + room]
