"""How often ranges, or sets of classes, hold the truth: of all rows, by prediction and by group.

Of many groups looked at some look bad by chance, so what counts as short of the promise is
corrected for their number (Bonferroni). Intervals of shares: Wilson, "Probable Inference, the Law
of Succession, and Statistical Inference", Journal of the American Statistical Association 22, 1927.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.evaluation import bootstrap

LEAST = 10  # rows of a group
MOST_VALUES = 30  # of a column, the most frequent ones
MOST_NUMBERS = 10  # different numbers that are values; of more there are quarters
ALPHA = 0.05  # of all groups together


@dataclass(frozen=True)
class Group:
    """Rows with a value of a column, and how often the truth of theirs was held."""

    feature: str
    value: str
    rows: int
    share: float
    share_low: float
    share_high: float
    is_short: bool


def by_group(inside: np.ndarray, columns: Mapping[str, pd.Series], promised: float) -> list[Group]:
    """Return the coverage of the rows with each value of each column.

    `inside` tells for each row whether its truth was held, shape (rows,).
    """
    parts = [part for name, cells in columns.items() for part in _parts(name, cells)]
    parts = [part for part in parts if part[2].sum() >= LEAST]
    level = 1 - 2 * ALPHA / max(1, len(parts))  # of one side alone
    found = []
    for feature, value, here in parts:
        rows, share = int(here.sum()), float(inside[here].mean())
        _, most = bootstrap.share(share, rows, level)
        ends = bootstrap.share(share, rows)
        found.append(Group(feature, value, rows, share, *ends, is_short=most < promised))
    return found


def _parts(name: str, cells: pd.Series) -> Iterator[tuple[str, str, np.ndarray]]:
    is_known = cells.notna().to_numpy()
    is_number = pd.api.types.is_numeric_dtype(cells)
    if is_number and cells.nunique() > MOST_NUMBERS:
        yield from _quarters(name, cells.to_numpy(dtype=np.float64))
    else:
        values: list[Any] = cells.value_counts().index[:MOST_VALUES].tolist()
        for value in sorted(values, key=None if is_number else str):
            words = f"{value:g}" if is_number else str(value)
            yield name, words, (cells == value).to_numpy(dtype=bool, na_value=False) & is_known
    if not is_known.all():
        yield name, "missing", ~is_known


def _quarters(name: str, numbers: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    edges = np.unique(np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1])).tolist()
    for at, (low, high) in enumerate(itertools.pairwise(edges)):
        here = (numbers > low) & (numbers <= high)
        yield name, f"{low:g} to {high:g}", here | (numbers == low) if at == 0 else here
