"""Score one record by walking all trees at once, a level at a time.

It serves trees of any size, and texts, for which QuickScorer's tables would take too much memory.
What a step needs of a node stands together: of large forests most of the time goes to fetch it.
"""

from __future__ import annotations

import numpy as np

from src.inference.columns import Columns
from src.inference.scalar_expressions import Record
from src.inference.tree_models.trees import NONE, Trees

CHILD, COLUMN, MISSING_GOES_RIGHT, THRESHOLD = range(4)  # of a node; the right child is the next


class LevelWalk:
    """Compute the scores of one record; built once and shared by threads."""

    def __init__(self, trees: Trees, columns: Columns) -> None:
        """Take trees, and the columns that their splits name."""
        self._columns = columns
        order = np.concatenate([trees.roots, *_children(trees)])
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        splits = trees.splits[order]
        # All of a node in one word size, that of its threshold.
        word = np.dtype(f"i{trees.precision.itemsize}")
        self._nodes = np.empty((len(order), 4), dtype=word)
        # A leaf is its own child, whatever the record: nothing is at least a NaN.
        self._nodes[:, CHILD] = np.where(splits, place[trees.left[order]], place[order])
        self._nodes[:, COLUMN] = np.where(splits, trees.column[order], 0)
        self._nodes[:, MISSING_GOES_RIGHT] = splits & ~trees.goes_left[order]
        thresholds = np.where(splits, trees.value[order], np.nan).astype(trees.precision)
        self._nodes[:, THRESHOLD] = thresholds.view(word)
        self._values = np.where(splits, 0.0, trees.value[order].astype(np.float64)) / trees.members
        self._roots = np.arange(len(trees.roots), dtype=np.int32)
        self._depth = sum(1 for _ in trees.levels()) - 1
        self._trees = trees

    def scores(self, record: Record) -> np.ndarray:
        """Return the scores of one record, shape (scores,)."""
        row = self._row(record)
        has_missing = bool(np.isnan(row).any())
        at = self._roots
        for _ in range(self._depth):
            nodes = self._nodes.take(at, axis=0)
            values = row.take(nodes[:, COLUMN])
            goes_right = values >= nodes.view(row.dtype)[:, THRESHOLD]
            if has_missing:
                goes_right |= np.isnan(values) & (nodes[:, MISSING_GOES_RIGHT] != 0)
            at = nodes[:, CHILD] + goes_right
        leaves = self._values.take(at)
        return self._trees.add_up(leaves)

    def _row(self, record: Record) -> np.ndarray:
        """Encode a record, in the precision that the trees compare in."""
        row = np.empty(self._columns.width, dtype=self._trees.precision)
        with np.errstate(over="ignore"):  # an overflow is above every threshold, too
            row[: self._columns.dense] = self._columns.row(record)
            if self._columns.texts:
                row[self._columns.dense :] = self._trees.absent
                at, weights = self._columns.words(record)
                row[at] = weights
        return row


def _children(trees: Trees) -> list[np.ndarray]:
    """List the children of each level's splits, the two of a split side by side."""
    inner = [nodes[trees.left[nodes] != NONE] for nodes in trees.levels()]
    return [np.stack([trees.left[nodes], trees.right[nodes]], axis=1).ravel() for nodes in inner]
