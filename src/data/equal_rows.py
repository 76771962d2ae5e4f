"""Which rows say what an earlier one said: by 128 bits of each, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from src.data.coded import Batch, Column

KEYS = ("0123456789123456", "6543210987654321")  # of SipHash, 16 bytes each
MISSING = np.uint64(0x9E3779B97F4A7C15)  # what no cell of text is
FULL = 0.7  # of the slots, before there are twice as many
SLOTS = 2**12

Marks = tuple[np.ndarray, np.ndarray]  # two of 64 bits for each row, each of shape (rows,)


def marks(columns: Iterable[Column]) -> Marks:
    """Return for each row what equal rows share, and others do not but once in 2**128."""
    factors = np.random.default_rng(0)
    both: list[np.ndarray] = []
    for column in columns:
        told = _of_cells(column.cells)
        odd = factors.integers(0, 2**63, 2, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        parts = [(one * factor)[column.codes] for one, factor in zip(told, odd, strict=True)]
        both = [one + part for one, part in zip(both, parts, strict=True)] if both else parts
    return both[0], both[1]


def _of_cells(cells: pd.Series) -> Marks:
    """Mark different cells: numbers by value, so that 0 is -0, and texts by SipHash."""
    if is_numeric_dtype(cells):
        values = cells.to_numpy(dtype=np.float64) + 0.0
        bits = np.where(np.isnan(values), np.nan, values).view(np.uint64)
        return _mixed(bits), _mixed(~bits)
    is_missing = cells.isna().to_numpy()
    texts = np.where(is_missing, "", cells.to_numpy(dtype=object))
    one, other = (
        pd.util.hash_array(texts, hash_key=key, categorize=False).astype(np.uint64) for key in KEYS
    )
    return np.where(is_missing, MISSING, one), np.where(is_missing, ~MISSING, other)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """Spread numbers over all 64 bits: the end of SplitMix64, which no two numbers share."""
    mixed = bits ^ (bits >> np.uint64(30))
    mixed = mixed * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def share(batches: Sequence[Batch], names: Sequence[str]) -> float:
    """Return the share of the rows that say in these columns what another row says."""
    ones = [marks(batch.columns[name] for name in names)[0] for batch in batches]
    return float(pd.Series(np.concatenate(ones)).duplicated(keep=False).mean())


class Seen:
    """The rows so far, in a hash table with open addressing: a slot has both marks, or zeros."""

    def __init__(self) -> None:
        self._count = 0
        self._slots = np.zeros((SLOTS, 2), dtype=np.uint64)

    def add(self, marks: Marks) -> np.ndarray:
        """Take rows in; return which of them say what an earlier one said, shape (rows,)."""
        rows = np.column_stack(marks)
        rows[~rows.any(axis=1), 0] = MISSING
        while self._count + len(rows) > FULL * len(self._slots):
            self._grow()
        seen = self._insert(rows)
        self._count += len(rows) - int(seen.sum())
        return seen

    def _grow(self) -> None:
        rows = self._slots[self._slots.any(axis=1)]
        self._slots = np.zeros((2 * len(self._slots), 2), dtype=np.uint64)
        self._insert(rows)

    def _insert(self, rows: np.ndarray) -> np.ndarray:
        """Look at a slot of each row at a time, until all have one or are seen."""
        seen = np.zeros(len(rows), dtype=bool)
        last = len(self._slots) - 1
        left = np.arange(len(rows))
        slots = (rows[:, 0] & np.uint64(last)).astype(np.int64)
        while len(left):
            mine, its = rows[left], self._slots[slots]
            is_free = (its[:, 0] | its[:, 1]) == 0
            is_new = is_free & ~pd.Series(slots).duplicated().to_numpy()  # of several the first one
            self._slots[slots[is_new]] = mine[is_new]
            is_equal = (its[:, 0] == mine[:, 0]) & (its[:, 1] == mine[:, 1])
            seen[left[is_equal]] = True
            slots = np.where(is_free, slots, (slots + 1) & last)
            is_left = ~(is_new | is_equal)
            left, slots = left[is_left], slots[is_left]
        return seen
