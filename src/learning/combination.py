"""Measure how the numbers of the training rows go together, and from where on they are unusual."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from src.data.features import Integer, Number
from src.data.schema import Dataset
from src.support.distances import Mahalanobis

KNOTS = 33  # quantiles of a feature, evenly spaced by their normal scores
LEAST_ROWS = 50
LEAST_SPREAD = 0.5  # of a feature's normal scores: below, nearly all rows agree in it
MOST_FEATURES = 30  # so that an answer costs a few microseconds
MOST_ROWS = 20_000
FOLDS = 5
# Added to each variance: features that tell the same are not told apart by a rounding.
SHRINKAGE = 0.01
CALLED = 0.0005  # of rows that took no part in the estimate
# Of few rows two may lie beyond: one that is wrong would set the threshold alone.
MOST_CALLED = 0.004
ROOM = 1.5  # of the squared distance: a quantile of few rows is itself uncertain


def measure(dataset: Dataset, rows: pd.DataFrame) -> dict[str, Any] | None:
    """Return what the reader of the same name in src.inference takes.

    None where there are not two numbers, or too few rows.
    """
    some = rows.iloc[:: max(1, -(-len(rows) // MOST_ROWS))]
    columns: dict[str, np.ndarray] = {}
    knots: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, feature in dataset.features.items():
        if not isinstance(feature, Number | Integer) or name == dataset.clock:
            continue
        cells = some[name].to_numpy(dtype=np.float64)
        if np.isfinite(cells).sum() >= LEAST_ROWS and (own := _knots(cells)) is not None:
            columns[name], knots[name] = cells, own
    if len(columns) < 2:
        return None
    scores = np.column_stack([np.interp(columns[name], *knots[name]) for name in columns])
    kept = _most_related(scores)
    if len(kept) < 2:
        return None
    names, scores = [list(columns)[at] for at in kept], scores[:, kept]
    learnt: dict[str, Any] = {
        "features": names,
        "values": [knots[name][0].tolist() for name in names],
        "scores": [knots[name][1].round(6).tolist() for name in names],
    }
    folds = np.arange(len(scores)) % FOLDS
    distances = np.empty(len(scores))
    for fold in range(FOLDS):
        estimate = Mahalanobis(_covariance(scores[folds != fold]))
        distances[folds == fold] = estimate.squared(scores[folds == fold])
    called = min(max(CALLED, 2 / len(distances)), MOST_CALLED)
    threshold = ROOM * float(np.quantile(distances, 1 - called))
    return {
        **learnt,
        "covariance": _covariance(scores).round(6).tolist(),
        "threshold": round(threshold, 4),
    }


def _knots(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return values and their normal scores, scaled; None where nearly all rows agree."""
    cells = np.sort(cells[np.isfinite(cells)])
    scores, shares = _normal(len(cells))
    values = np.quantile(cells, shares, method="nearest")
    values[0], values[-1] = cells[0], cells[-1]
    # Equal values have the mean of their scores.
    values, which = np.unique(values, return_inverse=True)
    if len(values) < 2:
        return None
    scores = np.bincount(which, scores) / np.bincount(which)
    own = np.interp(cells, values, scores)
    spread = own.std()
    if spread < LEAST_SPREAD:
        return None
    return values, (scores - own.mean()) / spread


@functools.lru_cache(maxsize=128)
def _normal(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return normal scores of so many rows, evenly spaced, and the share of rows below each."""
    most = norm.ppf(1 - 0.5 / count)
    scores = np.linspace(-most, most, KNOTS)
    return scores, norm.cdf(scores)


def _covariance(scores: np.ndarray) -> np.ndarray:
    """Estimate it from the pairs of values that are not missing, shrunk."""
    found = _of_pairs(scores)
    # Pairs of different rows may contradict each other: then an eigenvalue is below 0.
    sizes, ways = np.linalg.eigh(found)
    found = (ways * np.maximum(sizes, 0.0)) @ ways.T
    result: np.ndarray = found + SHRINKAGE * np.eye(len(found))
    return result


def _of_pairs(scores: np.ndarray) -> np.ndarray:
    is_there = np.isfinite(scores)
    filled = np.where(is_there, scores, 0.0)
    pairs = is_there.T.astype(float) @ is_there
    found: np.ndarray = (filled.T @ filled) / np.maximum(pairs, 1)
    return found


def _most_related(scores: np.ndarray) -> list[int]:
    """Return the places of the features that others tell most of, in their order."""
    if scores.shape[1] <= MOST_FEATURES:
        return list(range(scores.shape[1]))
    related = np.abs(_of_pairs(scores))
    np.fill_diagonal(related, 0)
    first = np.argsort(-related.max(axis=0), kind="stable")[:MOST_FEATURES]
    return sorted(first.tolist())
