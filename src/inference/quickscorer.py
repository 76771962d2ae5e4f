"""One record through all trees at once: look up what each column rules out, and see what is left.

Every leaf of a tree is a bit. For each column there is a table: a row for every interval between
its thresholds, holding a word per tree whose bits are the leaves that stay possible. The rows that
a record's numbers choose are ANDed; the lowest bit that is left is its leaf, for a split that sends
a record right rules out all leaves on its left.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np

from src.inference.columns import Columns, Levels, Numeric
from src.inference.scalar_expressions import Record
from src.inference.trees import Trees

LARGEST = 64 * 2**20  # bytes of tables; a worker has 250 MB for everything
Row = Callable[[Record], np.ndarray]


class Tables:
    """The scores of one record: made once, read by any number of threads."""

    def __init__(self, trees: Trees, columns: Columns) -> None:
        """Lay out the trees; only for those that `fit` says can be."""
        self._masks = _Masks(trees)
        self._rows = [row for part in columns.parts if (row := self._row(part)) is not None]
        self._all = self._masks.everything
        before, below = trees.leaves_before()
        width = int(below[trees.roots].max())
        values = np.zeros((len(trees.roots), width))
        leaf = ~trees.splits
        values[trees.of_node()[leaf], before[leaf]] = trees.value[leaf]
        self._values = (values / trees.members).ravel()
        self._offsets = np.arange(len(trees.roots)) * width
        self._base, self._score = trees.base, trees.score

    def scores(self, record: Record) -> np.ndarray:
        """Return the scores of one record, shape (scores,)."""
        possible = self._all.copy()
        for row in self._rows:
            np.bitwise_and(possible, row(record), possible)
        lowest = possible & -possible
        leaves = np.bitwise_count(lowest - self._masks.one)
        found = self._values.take(self._offsets + leaves)
        if len(self._base) == 1:
            return self._base + found.sum()
        return self._base + np.bincount(self._score, found, len(self._base))

    def _row(self, part: Numeric | Levels) -> Row | None:
        """Return a function that finds the row of a record; None where no split asks for it."""
        if isinstance(part, Levels):
            return self._row_of_level(part)
        thresholds, table = self._masks.table(part.first)
        if len(table) == 1:
            return None
        bounds, rows, one = _bounds(thresholds).tolist(), list(table), part.one
        missing = rows.pop()

        def row(record: Record) -> np.ndarray:
            value = one(record)
            return rows[bisect_right(bounds, value)] if value == value else missing

        return row

    def _row_of_level(self, part: Levels) -> Row | None:
        """Join the columns of a category: one look-up instead of one for each level."""
        joined = np.repeat(self._masks.everything[None], len(part.table), axis=0)
        is_used = False
        for offset, cells in enumerate(part.table.astype(np.float32).T):
            thresholds, table = self._masks.table(part.first + offset)
            is_used = is_used or len(table) > 1
            at = np.searchsorted(thresholds, cells, side="right")
            joined &= table[np.where(np.isnan(cells), len(table) - 1, at)]
        if not is_used:
            return None
        rows = list(joined)
        by_level = {level: rows[at] for level, at in part.rows.items()}
        unknown, at = rows[part.unknown], part.at
        return lambda record: by_level.get(record[at], unknown)


def fit(trees: Trees, columns: Columns) -> bool:
    """Tell whether tables can be made: few leaves in each tree, few thresholds in all, no text.

    Words are thousands of columns, each of which would cost a look-up.
    """
    if columns.texts:
        return False
    _, below = trees.leaves_before()
    most = int(below[trees.roots].max())
    inner = trees.splits
    pairs = np.unique(np.stack([trees.column[inner], trees.value[inner].view(np.int32)]), axis=1)
    thresholds = np.bincount(pairs[0], minlength=columns.width)
    rows = 0
    for part in columns.parts:
        if isinstance(part, Levels):
            rows += len(part.table)
        else:  # intervals, and missing
            rows += int(thresholds[part.first]) + 2
    word = 4 if most <= 32 else 8
    return most <= 64 and rows * word * len(trees.roots) <= LARGEST


class _Masks:
    """The leaves that each split rules out, by column and threshold."""

    def __init__(self, trees: Trees) -> None:
        before, below = trees.leaves_before()
        word: Any = np.uint32 if below[trees.roots].max() <= 32 else np.uint64
        self.one = word(1)
        self.everything = np.full(len(trees.roots), ~word(0))
        inner = np.flatnonzero(trees.splits)
        self._trees, self._of_node = trees, trees.of_node()
        order = inner[np.argsort(trees.column[inner], kind="stable")]
        self._nodes = dict(_groups(order, trees.column[order]))
        left = trees.left[inner]
        count = below[left].astype(word)  # below 32 or 64: the right side has a leaf too
        ruled_out = ((self.one << count) - self.one) << before[left].astype(word)
        self._kept = np.zeros(len(trees.left), dtype=word)
        self._kept[inner] = ~ruled_out

    def table(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a column's thresholds, and a row for each interval and one for missing numbers."""
        nodes = self._nodes.get(column)
        if nodes is None:
            return np.empty(0, dtype=np.float32), self.everything[None]
        thresholds, at = np.unique(self._trees.value[nodes], return_inverse=True)
        table = np.repeat(self.everything[None], len(thresholds) + 2, axis=0)
        tree, kept = self._of_node[nodes], self._kept[nodes]
        np.bitwise_and.at(table, (at + 1, tree), kept)
        np.bitwise_and.accumulate(table[:-1], axis=0, out=table[:-1])
        goes_right = ~self._trees.goes_left[nodes]
        np.bitwise_and.at(table[-1], tree[goes_right], kept[goes_right])
        return thresholds, table


def _groups(nodes: np.ndarray, columns: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Split nodes, sorted by column, into those of each column."""
    if not len(nodes):
        return []
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    return list(zip(columns[starts].tolist(), np.split(nodes, starts[1:]), strict=True))


def _bounds(thresholds: np.ndarray) -> np.ndarray:
    """Return the least doubles that are no less than a threshold once in single precision.

    Rounding a record's numbers first, as XGBoost does, would cost more than all the rest.
    """
    lower = np.nextafter(thresholds, np.float32(-np.inf)).astype(np.float64)
    middle = (lower + thresholds.astype(np.float64)) / 2
    is_rounded_up = middle.astype(np.float32) >= thresholds  # a tie goes to the even one
    return np.where(is_rounded_up, middle, np.nextafter(middle, np.inf))
