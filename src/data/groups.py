"""Rows that belong together, such as those of one person: they must never test each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from src.data import equal_rows
from src.data.coded import Rows, frame_of
from src.data.schema import Dataset

MOST = 0.5  # of the rows


def columns(dataset: Dataset) -> list[str]:
    """List the columns whose equal values say that rows belong together; empty if none do.

    They are the dataset's `group`, else its `key`, else, where equal rows are kept, all that a row
    says. In a split by time only `group` counts: the past of a key is what predicts its future.
    """
    is_kept = dataset.duplicates in ("keep", "whole") and dataset.split.method != "time"
    return named(dataset) or (dataset.identity() if is_kept else [])


def named(dataset: Dataset) -> list[str]:
    """List the columns of which the YAML says that they tell what belongs together.

    Those of a series of rows do not: its past is what predicts its future.
    """
    if dataset.series:
        return []
    if dataset.group_columns or dataset.split.method == "time":
        return dataset.group_columns
    return dataset.key


def codes(rows: pd.DataFrame | Rows, dataset: Dataset) -> np.ndarray | None:
    """Return the number of each row's group, shape (rows,); None if each row is one of its own."""
    names = columns(dataset)
    if not names:
        return None
    # Which rows say the same, rows of features alone do not tell.
    if not named(dataset) and (not set(names) <= set(rows.columns) or are_different(rows, dataset)):
        return None
    numbers = number(rows, names)
    return numbers if len(numbers) and numbers.max() + 1 < len(numbers) else None


def are_different(rows: pd.DataFrame | Rows, dataset: Dataset) -> bool:
    """Tell whether rows that say the same are different persons or events for all that.

    So they are where most rows say what another one says, and most of these have features that come
    with several truths: of a few coarse columns. Copies of rows would have the truth of the first.
    """
    features, target = list(dataset.features), dataset.target.name
    names = [*features, target]
    if isinstance(rows, Rows) and equal_rows.share(rows.batches, names) <= MOST:
        return False
    frame = frame_of(rows, names)
    is_alike = frame.duplicated(keep=False)
    if is_alike.mean() <= MOST:
        return False
    truths = (
        frame[is_alike].groupby(features, sort=False, dropna=False)[target].transform("nunique")
    )
    return bool((truths > 1).mean() > MOST)


def number(rows: pd.DataFrame | Rows, names: list[str]) -> np.ndarray:
    """Return a number for each row by its values in these columns; missing is a value too."""
    return (
        frame_of(rows, names)
        .groupby(names, sort=False, dropna=False)
        .ngroup()
        .to_numpy(dtype=np.int64)
    )
