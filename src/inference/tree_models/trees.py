"""Trees as arrays, walked level by level without recursion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NONE = -1  # the child of a leaf


@dataclass(frozen=True)
class Trees:
    """All trees of a model, one after another; nodes are numbered across all of them.

    A record goes left if its number, in the precision of `value`, is below it, or if it is missing
    and `goes_left`. A leaf adds its `value` to the score of its tree. XGBoost compares in single
    precision, others in double.
    """

    left: np.ndarray
    right: np.ndarray
    column: np.ndarray
    value: np.ndarray
    goes_left: np.ndarray
    cover: np.ndarray
    roots: np.ndarray
    score: np.ndarray  # of each tree
    base: np.ndarray  # of each score
    members: int  # over which a score is averaged
    absent: float = math.nan  # what a word that a record lacks counts as

    @classmethod
    def build(
        cls, arrays: Mapping[str, np.ndarray], members: int, absent: float = math.nan
    ) -> Trees:
        """Build it from the arrays of the trees."""
        names = [name for name in cls.__dataclass_fields__ if name not in ("members", "absent")]
        return cls(**{name: arrays[name] for name in names}, members=members, absent=absent)

    @property
    def precision(self) -> np.dtype[Any]:
        """Return the type in which numbers are compared with thresholds."""
        return self.value.dtype

    @property
    def splits(self) -> np.ndarray:
        """Return which nodes are splits."""
        return self.left != NONE

    def levels(self) -> Iterator[np.ndarray]:
        """Yield the nodes of each depth, the roots first."""
        nodes = self.roots
        while len(nodes):
            yield nodes
            inner = nodes[self.left[nodes] != NONE]
            nodes = np.concatenate([self.left[inner], self.right[inner]])

    def of_node(self) -> np.ndarray:
        """Return the tree that each node belongs to."""
        sizes = np.diff(np.append(self.roots, len(self.left)))
        return np.repeat(np.arange(len(self.roots)), sizes)

    def leaves_before(self) -> tuple[np.ndarray, np.ndarray]:
        """Count, for each node, the leaves to its left in its tree, and those below it."""
        below = np.where(self.splits, 0, 1)
        before = np.zeros_like(below)
        depths = [nodes[self.left[nodes] != NONE] for nodes in self.levels()]
        for inner in reversed(depths):
            below[inner] = below[self.left[inner]] + below[self.right[inner]]
        for inner in depths:
            before[self.left[inner]] = before[inner]
            before[self.right[inner]] = before[inner] + below[self.left[inner]]
        return before, below

    def add_up(self, leaves: np.ndarray) -> np.ndarray:
        """Add the value that each tree gives a record, shape (trees,), to its scores."""
        if len(self.base) == 1:
            return self.base + np.add.reduce(leaves)
        return self.base + np.bincount(self.score, leaves, len(self.base))
