"""Whose word each row is, and how much of the rows the labels of one key may be.

A label is the word of the key that posted it. Keys that may promote anyway, those that the dataset
trusts and this machine itself count as the file does; of every other key no more is learnt from,
or judged by, than its share.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
import peewee

from app.auth import keys as api_keys
from app.http.exchange import HERE
from src.data import cleaning, splitting
from src.data.schema import Dataset
from src.support.errors import UserError

Sides = tuple[list[float], list[float]]  # of rows that train and that judge: how many, and weights
FILE = ""  # in place of a key's name: a row of the file, or a label that says what the file says


def trusted(database: peewee.Database, dataset: Dataset) -> frozenset[str]:
    """Return the names of the keys whose labels count as the file's rows do."""
    valid = [key.caller for key in api_keys.unrevoked(database).values() if not key.has_ended]
    may_promote = {one.name for one in valid if one.may("admin") and one.sees(dataset.name)}
    return frozenset({FILE, HERE.name, *may_promote, *dataset.labels.trusted_keys})


def surplus(
    frame: pd.DataFrame,
    keys: np.ndarray,
    trusted: Collection[str],
    dataset: Dataset,
    seed: int,
    others: Sides | None = None,
) -> np.ndarray:
    """Tell which rows are more than their key's share of those that train, or of those that judge.

    Rows are text with the names of their keys, the newest labels first, which are kept before the
    older. Where rows have weights a share of their sum is bounded too: a label may say its own.
    `others` is what there is beside on either side, unless it is what stands in these rows.
    """
    parts = _parts(frame, dataset, seed)
    places = np.concatenate([part.index.to_numpy() for part in parts])
    is_surplus = np.zeros(len(frame), dtype=bool)
    for side, part in enumerate(parts):
        at = part.index.to_numpy()
        is_trusted = np.isin(keys[at], list(trusted))
        for how, sizes in enumerate(_sizes(part, dataset)):
            beside = sizes[is_trusted].sum() if others is None else others[side][how]
            own = keys[at[~is_trusted]], sizes[~is_trusted]
            limit = dataset.labels.most_of_one_key
            is_surplus[at[~is_trusted]] |= _beyond(*own, float(beside), limit)
    # What repeats a label of its own key would come in its place.
    is_idle = ~np.isin(np.arange(len(frame)), places)
    return is_surplus | (is_idle & np.isin(keys, list(set(keys[is_surplus].tolist()))))


def alone(
    frame: pd.DataFrame, keys: np.ndarray, trusted: Collection[str], dataset: Dataset, seed: int
) -> Sides | None:
    """Return how much there would be on either side without the labels that are bounded.

    By a key they can take the place of any row, which comes back with what is left out. None where
    so few rows are left that there are no two sides.
    """
    try:
        parts = _parts(frame[np.isin(keys, list(trusted))], dataset, seed)
    except UserError:
        return None
    train, test = ([float(one.sum()) for one in _sizes(part, dataset)] for part in parts)
    return train, test


def cap(totals: Collection[float], others: float, most: float) -> float:
    """Return how much of each key is taken, so that none is more than `most` of all that is.

    `totals` is what keys have, `others` what is not bounded. Infinite where none has too much; and
    where there is nothing else, for then no share is small enough.
    """
    if others <= 0:
        return math.inf
    taken, left = others, len(totals)
    for total in sorted(totals):
        rest = 1 - most * left
        if rest > 0 and most * taken / rest < total:
            return most * taken / rest
        taken, left = taken + total, left - 1
    return math.inf


def _parts(frame: pd.DataFrame, dataset: Dataset, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that train and those that judge, indexed by their positions."""
    rows = cleaning.clean(frame.reset_index(drop=True), dataset).rows
    parts = splitting.split(rows, dataset, seed)
    return parts.train, parts.test


def _sizes(part: pd.DataFrame, dataset: Dataset) -> Iterator[np.ndarray]:
    """Yield what the rows are counted by."""
    yield np.ones(len(part))
    if dataset.weight is not None:
        yield part[dataset.weight].to_numpy(dtype=np.float64)


def _beyond(keys: np.ndarray, sizes: np.ndarray, others: float, most: float) -> np.ndarray:
    """Tell which rows are more than their key's share beside others."""
    totals: Counter[str] = Counter()
    for key, size in zip(keys.tolist(), sizes.tolist(), strict=True):
        totals[key] += size
    limit = cap(totals.values(), others, most)
    is_beyond = np.zeros(len(keys), dtype=bool)
    for key in (name for name, total in totals.items() if total > limit):
        at = np.flatnonzero(keys == key)
        is_beyond[at] = np.cumsum(sizes[at]) > limit
    return is_beyond
