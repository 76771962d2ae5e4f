"""What labels leave out of whose they are: as the rows have it to which they belong."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from src.data import cleaning, groups, splitting
from src.data.schema import Dataset


def filled(labels: pd.DataFrame, file: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return labels, rows of text indexed by their ids, with a key, a group and a side each.

    A label without a key has that of the file's row of the same content, and one without a group
    that of a row with the same key; else its id. A side that is missing is that of a row that
    belongs together with it, of the file or else of the labels; else a hash draws it, for ever.
    """
    if not labels.isna().any(axis=None):
        return labels
    rows, content = pd.concat([file, labels]), [*dataset.source_features(), dataset.target.name]
    extra = dataset.extra_columns()
    key = [name for name in dataset.key if name in extra]
    _complete(rows, key, content, dataset, is_file_alone=True)
    group = [name for name in dataset.group_columns if name in extra and name not in key]
    _complete(rows, group, dataset.key or content, dataset, is_file_alone=not dataset.key)
    if dataset.split.method == "column":
        side = str(dataset.split.column)
        together = dataset.group_columns or dataset.key or content
        rows[side] = _as_others(side, together, rows, dataset)
        if rows[side].isna().any():
            rows[side] = rows[side].fillna(_drawn(rows, together, dataset))
    return rows.iloc[len(file) :]


def beyond(rows: pd.DataFrame, known: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return the rows without those that are known; one known row is one row less.

    Two are one where they agree once they are cleaned, however they are written. A row at fault is
    none of them.
    """
    return rows[_is_beyond(rows, known, dataset.identity(), dataset)]


def is_in(rows: pd.DataFrame, known: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """Tell of each row whether a known one says the very same, its truth too; bool of (rows,).

    One known row is one row; a row at fault is none of them.
    """
    return ~_is_beyond(rows, known, dataset.columns(), dataset)


def _is_beyond(
    rows: pd.DataFrame, known: pd.DataFrame, names: list[str], dataset: Dataset
) -> np.ndarray:
    if known.empty or rows.empty:
        return np.ones(len(rows), dtype=bool)
    typed, is_good = cleaning.typed(pd.concat([known, rows]), names, dataset)
    numbers = groups.number(typed, names)
    left = Counter(numbers[: len(known)][is_good[: len(known)]].tolist())
    is_new = ~is_good[len(known) :]
    for at in np.flatnonzero(~is_new):
        number = int(numbers[len(known) + at])
        is_new[at] = left[number] <= 0
        left[number] -= 1
    return np.asarray(is_new)


def _complete(
    rows: pd.DataFrame, names: list[str], by: list[str], dataset: Dataset, *, is_file_alone: bool
) -> None:
    """Fill columns that are all missing of a row from one that agrees in others, else by its id.

    What is said in part is completed by the id alone: nobody knows of whom else it was said.
    """
    bare, own = rows[names].isna().all(axis=1), rows.index.to_series()
    for at, name in enumerate(names):
        told = _as_others(name, [*by, *names[:at]], rows, dataset, is_file_alone=is_file_alone)
        rows[name] = rows[name].fillna(told.where(bare)).fillna(own)


def _as_others(
    name: str,
    by: list[str],
    rows: pd.DataFrame,
    dataset: Dataset,
    *,
    is_file_alone: bool = False,
) -> pd.Series:
    """Return a column with what is missing taken from the first row that agrees in others."""
    column = rows[name]
    if not column.isna().any():
        return column
    typed, _ = cleaning.typed(rows, by, dataset)
    told = column.mask(column.str.strip().isin(dataset.markers(name)))
    if is_file_alone:
        told = told.where(rows.index == "")
    return column.fillna(told.groupby(groups.number(typed, by)).transform("first"))


def _drawn(rows: pd.DataFrame, together: list[str], dataset: Dataset) -> pd.Series:
    """Draw the side of each row by what belongs together, as a split without a column does."""
    typed, _ = cleaning.typed(rows, together, dataset)
    test = splitting.stable(typed, dataset)
    return pd.Series(np.where(test, "test", "train"), rows.index, dtype="str")
