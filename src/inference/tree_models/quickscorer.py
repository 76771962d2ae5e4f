"""QuickScorer: score one record with all trees at once, by ruling out leaves with bit masks.

Every leaf of a tree is a bit. Each column has a table with a row for every interval between its
thresholds, which holds one word per tree: its set bits are the leaves that stay possible. The rows
that a record's values select are ANDed, and the lowest bit still set is the record's leaf, because
a split that sends a record right rules out all leaves on its left.

Lucchese et al., "QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of
Regression Trees", SIGIR 2015. Here the masks of a column are combined when the table is built.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np

from src.inference.columns import Columns, Levels, Numeric
from src.inference.scalar_expressions import Getter, Record
from src.inference.tree_models.trees import Trees
from src.support.single_precision import least_doubles

LARGEST = 64 * 2**20  # bytes of tables; a worker has 250 MB for everything


class Tables:
    """Compute the scores of one record; built once and shared by threads."""

    def __init__(self, trees: Trees, columns: Columns) -> None:
        """Build the tables of trees for which `fit` returns True."""
        masks, self._trees = _Masks(trees), trees
        self._numbers: list[tuple[Getter, list[float], int, int]] = []
        self._levels: list[tuple[int, dict[str | None, int], int]] = []
        tables: list[np.ndarray] = []
        start = 0
        for part in columns.parts:
            if not masks.is_tested(part):
                continue
            if isinstance(part, Levels):
                table = _of_levels(part, masks, trees.precision)
                rows = {level: start + at for level, at in part.rows.items()}
                self._levels.append((part.at, rows, start + part.unknown))
            else:
                thresholds, table = masks.table(part.first)
                bounds, missing = _bounds(thresholds).tolist(), start + len(table) - 1
                self._numbers.append((part.one, bounds, start, missing))
            tables.append(table)
            start += len(table)
        self._first = [] if tables else [0]  # there is one row at least
        # All in one, so that one call fetches a record's rows; a loop costs a sixth more.
        self._table = np.concatenate(tables or [masks.everything[None]])
        self._one = masks.one
        before, below = trees.leaves_before()
        width = int(below[trees.roots].max())
        values = np.zeros((len(trees.roots), width))
        leaf = ~trees.splits
        values[trees.of_node()[leaf], before[leaf]] = trees.value[leaf]
        self._values = (values / trees.members).ravel()
        # Bits are counted with the leaf's own: one more than there are leaves before it.
        self._offsets = np.arange(len(trees.roots)) * width - 1

    def scores(self, record: Record) -> np.ndarray:
        """Return the scores of one record, shape (scores,)."""
        possible = np.bitwise_and.reduce(self._table.take(self._rows(record), axis=0), axis=0)
        up_to_lowest = possible - self._one
        np.bitwise_xor(possible, up_to_lowest, up_to_lowest)
        # As numbers of one type, for to mix two costs as much as all of this.
        places = np.bitwise_count(up_to_lowest).astype(np.intp)
        places += self._offsets
        return self._trees.add_up(self._values.take(places))

    def _rows(self, record: Record) -> list[int]:
        """Return the rows of the table that a record's values select."""
        rows = self._first.copy()
        for one, bounds, start, missing in self._numbers:
            value = one(record)
            rows.append(start + bisect_right(bounds, value) if value == value else missing)
        for at, by_level, unknown in self._levels:
            rows.append(by_level.get(record[at], unknown))
        return rows


def _of_levels(part: Levels, masks: _Masks, precision: np.dtype[Any]) -> np.ndarray:
    """Combine the columns of a category, so that one row serves all its levels' columns."""
    joined = np.repeat(masks.everything[None], len(part.table), axis=0)
    for offset, cells in enumerate(part.table.astype(precision).T):
        thresholds, table = masks.table(part.first + offset)
        at = np.searchsorted(thresholds, cells, side="right")
        joined &= table[np.where(np.isnan(cells), len(table) - 1, at)]
    return joined


def fit(trees: Trees, columns: Columns) -> bool:
    """Tell whether the tables fit: few leaves in each tree, few thresholds in all, and no text.

    A text has thousands of columns, each of which would cost a look-up.
    """
    if columns.texts:
        return False
    _, below = trees.leaves_before()
    most = int(below[trees.roots].max())
    inner = trees.splits
    bits = trees.value[inner].view(f"i{trees.precision.itemsize}")
    pairs = np.unique(np.stack([trees.column[inner], bits]), axis=1)
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
    """The bit masks of the leaves that each split keeps, by column and threshold."""

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

    def is_tested(self, part: Numeric | Levels) -> bool:
        """Tell whether a split tests any column of a part."""
        return any(column in self._nodes for column in range(part.first, part.first + part.width))

    def table(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a column's thresholds, and a row for each interval and for missing values."""
        nodes = self._nodes.get(column)
        if nodes is None:
            return np.empty(0, dtype=self._trees.precision), self.everything[None]
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
    """Return the smallest doubles that reach a threshold.

    Rounding a record's numbers first, as XGBoost does, would cost more than everything else.
    """
    return least_doubles(thresholds) if thresholds.dtype == np.float32 else thresholds
