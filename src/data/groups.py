"""Rows that belong together, such as those of one person: they must never test each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from src.data.schema import Dataset


def columns(dataset: Dataset) -> list[str]:
    """List the columns whose equal values say that rows belong together; empty if none do.

    They are the dataset's `group`, else its `key`, else, where equal rows are kept, all that a row
    says. In a split by time only `group` counts: the past of a key is what predicts its future.
    """
    if dataset.group_columns:
        return dataset.group_columns
    if dataset.split.method == "time":
        return []
    if dataset.key:
        return dataset.key
    return dataset.identity() if dataset.duplicates == "keep" else []


def codes(rows: pd.DataFrame, dataset: Dataset) -> np.ndarray | None:
    """Return the number of each row's group, shape (rows,); None if each row is one of its own."""
    names = columns(dataset)
    if not names:
        return None
    numbers = number(rows, names)
    return numbers if len(numbers) and numbers.max() + 1 < len(numbers) else None


def number(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return a number for each row by its values in these columns; missing is a value too."""
    return rows.groupby(names, sort=False, dropna=False).ngroup().to_numpy(dtype=np.int64)
