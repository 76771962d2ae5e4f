"""A column as a clue: rows by equal values, rows by near ones, and rows without a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

FEW, OFTEN = 50, 5  # different numbers that are taken as they are, and rows of each on average
PER_BIN = (10, 100)  # rows: fine enough for a copy, and coarse enough for one with noise


@dataclass(frozen=True)
class Clue:
    """What a column says of each row.

    `codes` number the rows by value, each of shape (rows,): equal numbers say the same. `places`
    are a column of many different numbers, NaN where there is none.
    """

    codes: list[np.ndarray]
    missing: np.ndarray
    places: np.ndarray | None = None


def of(column: pd.Series) -> Clue:
    """Read a typed column; a missing value is a value like any other."""
    return of_numbers(column) if is_numeric_dtype(column) else of_words(column)


def missing(column: pd.Series) -> np.ndarray:
    """Return in which rows a typed column has no value, as `Clue.missing` does."""
    if is_numeric_dtype(column):
        return ~np.isfinite(column.to_numpy(dtype=np.float64))
    return np.asarray(column.isna() | (column == ""))


def of_words(column: pd.Series) -> Clue:
    """Give rows numbers by their words; what is empty is missing."""
    words = column.astype(object).where(column.notna(), "")
    codes, _ = pd.factorize(words)
    return Clue([codes.astype(np.int64)], np.asarray(words == ""))


def of_numbers(column: pd.Series) -> Clue:
    """Give rows numbers by value, or by bins of as many rows where there are many values."""
    values = column.to_numpy(dtype=np.float64)
    missing = ~np.isfinite(values)
    every, at, rows = np.unique(values, return_inverse=True, return_counts=True, equal_nan=True)
    if len(every) <= min(FEW, len(values) // OFTEN):
        return Clue([at.astype(np.int64)], missing)
    before = np.cumsum(rows) - rows
    # NaN is sorted to the end: it gets a bin of its own.
    bins = [np.where(missing, before[-1] // size + 1, (before // size)[at]) for size in PER_BIN]
    return Clue([one.astype(np.int64) for one in bins], missing, values)
