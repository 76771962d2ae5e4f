"""The order of rows in time, by a column of numbers or of ISO dates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from src.data.coded import Rows
from src.data.features import Category, Integer, Number, Temporal, Value
from src.data.kinds import instants
from src.data.schema import Dataset


def of(rows: pd.DataFrame | Rows, dataset: Dataset) -> np.ndarray | None:
    """Return when each row was, as float64 of shape (rows,); None if the split is not by time."""
    if dataset.split.method != "time":
        return None
    name = str(dataset.split.column)
    feature = dataset.features.get(name)
    if isinstance(feature, Number | Integer):
        return rows[name].to_numpy(dtype=np.float64)
    if isinstance(feature, Category) and feature.order is not None:
        return rows[name].astype(object).map(feature.ranks()).to_numpy(dtype=np.float64)
    return read(rows[name])


def read(cells: pd.Series, rows: np.ndarray | None = None) -> np.ndarray:
    """Read text as numbers or as dates (seconds since 1970); NaN where a cell is not readable.

    The whole column is the one or the other, whichever more of it can be read as; `rows` says how
    many rows have each cell, one by default.
    """
    rows = np.ones(len(cells)) if rows is None else rows
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    if np.isfinite(numbers).all():
        return numbers
    texts, places = np.unique(cells.astype(object).fillna("").astype(str), return_inverse=True)
    dates = np.array([instants.seconds(text) for text in texts])[places]
    are_numbers = rows[np.isfinite(numbers)].sum() > rows[np.isfinite(dates)].sum()
    return numbers if are_numbers else dates


def one(value: Value, dataset: Dataset) -> float:
    """Read one moment of the column that the split is by; NaN if it is none."""
    feature = dataset.features.get(str(dataset.split.column))
    if isinstance(feature, Category) and feature.order is not None:
        return feature.ranks().get(str(value), math.nan)
    if isinstance(feature, Temporal):
        return feature.value(str(value))
    return float(read(pd.Series([str(value)], dtype=object))[0])


def limit(when: np.ndarray, first: float, gap: int) -> float:
    """Return the moment before which rows may be learnt from, where `first` is the first judged.

    `gap` different moments before the first judged one are left out.
    """
    every = np.unique(when)
    return float(every[max(0, int(np.searchsorted(every, first)) - gap)])
