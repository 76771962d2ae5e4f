"""How much wider or narrower limits must be for some records: a factor for each feature's value.

A model errs more on some stones than on others of the same price, so limits that depend on the
predicted value alone hold too seldom for the ones and too often for the others. Each value of a
category, and each bin of a number, has a factor by which its rows' limits are stretched, set so
that they are held as often as all are; a record's factors are multiplied. Values of few rows stay
near 1.

Normalised scores: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-Free Predictive
Inference for Regression", Journal of the American Statistical Association 113, 2018. Coverage by
group: Vovk, Lindsay, Nouretdinov and Gammerman, "Mondrian Confidence Machine", 2003.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category, Integer, Number
from src.data.schema import Dataset

ROUNDS = 6  # over all features; by then factors move by less than chance does
FEW = 50  # rows; a value of fewer has no factor of its own
SHRINK = 30  # rows of factor 1 that each value is averaged with
BINS = 8  # of a number
Factors = dict[str, dict[str, Any]]


def features(dataset: Dataset) -> list[str]:
    """List the features by whose values limits may be stretched: all but texts."""
    kinds = (Category, Number, Integer)
    return [name for name, one in dataset.features.items() if isinstance(one, kinds)]


def fit(rows: pd.DataFrame, names: list[str], misses: np.ndarray, coverage: float) -> Factors:
    """Find the factors by which `coverage` of each value's rows have a miss of at most 1.

    `misses` says how far the truth of each row is from its prediction, as a share of the way to the
    limit on its side; shape (rows,).
    """
    found = {name: _bins(rows[name]) for name in names}
    places = {name: _places(one, rows[name]) for name, one in found.items()}
    logs = {name: np.zeros(len(one["factors"])) for name, one in found.items()}
    total = np.zeros(len(rows))
    for _ in range(ROUNDS):
        for name, at in places.items():
            total -= logs[name][at]
            logs[name] = _needed(misses * np.exp(-total), at, len(logs[name]), coverage)
            total += logs[name][at]
    for name, one in found.items():
        one["factors"] = np.exp(logs[name]).tolist()
    return {name: one for name, one in found.items() if logs[name].any()}


def scales(factors: Factors, rows: pd.DataFrame) -> np.ndarray:
    """Return the factor of each row, shape (rows,)."""
    scale = np.ones(len(rows))
    for name, one in factors.items():
        scale *= np.asarray(one["factors"])[_places(one, rows[name])]
    return scale


def _bins(column: pd.Series) -> dict[str, Any]:
    """Describe the values of a column that have a factor each; the last is that of all others."""
    if pd.api.types.is_numeric_dtype(column):
        known = column.to_numpy(dtype=np.float64)
        known = known[np.isfinite(known)]
        shares = np.arange(1, BINS) / BINS
        is_enough = len(known) >= FEW * BINS
        edges = np.unique(np.quantile(known, shares)).tolist() if is_enough else []
        return {"edges": edges, "factors": [1.0] * (len(edges) + 2)}
    counts = column.dropna().astype(str).value_counts(sort=False)
    values = [str(value) for value, count in counts.items() if count >= FEW]
    return {"values": values, "factors": [1.0] * (len(values) + 1)}


def _places(one: dict[str, Any], column: pd.Series) -> np.ndarray:
    """Return the position of each row's factor; the last one where its value is unknown."""
    last = len(one["factors"]) - 1
    if "edges" in one:
        numbers = column.to_numpy(dtype=np.float64)
        return np.where(np.isnan(numbers), last, np.searchsorted(one["edges"], numbers, "right"))
    position = {value: at for at, value in enumerate(one["values"])}
    return column.astype(object).map(position).fillna(last).to_numpy(dtype=np.int64)


def _needed(misses: np.ndarray, at: np.ndarray, count: int, coverage: float) -> np.ndarray:
    """Return the logarithm of the factor that each value needs; 0 for the last, unknown one."""
    logs = np.zeros(count)
    order = np.argsort(at, kind="stable")
    ends = np.cumsum(np.bincount(at, minlength=count))[:-1]
    for place, some in enumerate(np.split(misses[order], ends)):
        rows = len(some)
        if rows < FEW or place == count - 1:
            continue
        reached = min(rows, int(np.ceil((rows + 1) * coverage)))
        quantile = float(np.partition(some, reached - 1)[reached - 1])
        logs[place] = np.log(max(quantile, 0.05)) * rows / (rows + SHRINK)
    return logs


def shortfall(rows: pd.DataFrame, names: list[str], inside: np.ndarray, coverage: float) -> float:
    """Return how far the coverage of the features' values falls short of the promise, in all.

    It is the sum over values of the squared shortfall in standard errors; chance alone makes about
    half of one per value.
    """
    total = 0.0
    for name in names:
        one = _bins(rows[name])
        at = _places(one, rows[name])
        counts = np.bincount(at)
        held = np.bincount(at, inside) / np.maximum(counts, 1)
        error = np.sqrt(coverage * (1 - coverage) / np.maximum(counts, 1))
        missing = np.maximum(0, coverage - held) / error
        total += float(np.square(missing[counts >= FEW]).sum())
    return total
