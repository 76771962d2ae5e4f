"""Which values of the target rows like a record have: leaves of a shallow tree."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.inference.cells import Cells
from src.inference.reasons.sentence import number
from src.inference.scalar_expressions import Record


@dataclass(frozen=True)
class Leaf:
    """Training rows that are alike: how many, their values, and what an answer may be."""

    rows: int
    low: float
    high: float
    least: float
    most: float

    @functools.cached_property
    def words(self) -> tuple[str, str, str]:
        """Say how many rows there are, and the least and the highest of their values."""
        return number(self.rows, 9), number(self.low), number(self.high)


class Alike:
    """The leaves of a tree over the target; thread-safe."""

    def __init__(self, learnt: Mapping[str, Any], names: Sequence[str]) -> None:
        """Take what `src.learning.alike` grew, for records with these features."""
        self._inputs: list[tuple[int, dict[str, float] | None, float]] = [
            (names.index(one["feature"]), one.get("ranks"), one["fill"]) for one in learnt["inputs"]
        ]
        self._nodes: list[list[float]] = learnt["nodes"]
        self._splits = [
            (*self._inputs[int(column)], threshold, int(low), int(high))
            for column, threshold, low, high in self._nodes
        ]
        self.leaves = [Leaf(*one) for one in learnt["leaves"]]
        self._least = np.array([leaf.least for leaf in self.leaves])
        self._most = np.array([leaf.most for leaf in self.leaves])

    def leaf(self, record: Record) -> Leaf:
        """Return the leaf of a record."""
        node, splits = 0, self._splits
        while node >= 0:
            at, ranks, fill, threshold, low, high = splits[node]
            value = record[at]
            if ranks is not None:
                value = ranks.get(value, fill)
            elif value is None:
                value = fill
            node = low if value <= threshold else high
        return self.leaves[~node]

    def places(self, cells: Cells) -> np.ndarray:
        """Return the place of each record's leaf among the leaves."""
        columns: dict[float, np.ndarray] = {}  # those that the tree asks for
        places = np.zeros(cells.count, dtype=np.int64)
        waiting: list[tuple[int, np.ndarray]] = [(0, np.arange(cells.count))]
        while waiting:
            node, rows = waiting.pop()
            if node < 0:
                places[rows] = ~node
                continue
            which, threshold, low, high = self._nodes[node]
            if which not in columns:
                columns[which] = self._column(cells, int(which))
            is_low = columns[which][rows] <= threshold
            waiting += [(int(low), rows[is_low]), (int(high), rows[~is_low])]
        return places

    def _column(self, cells: Cells, which: int) -> np.ndarray:
        at, ranks, fill = self._inputs[which]
        if ranks is None:
            numbers = cells.numbers(at)
            return np.where(np.isnan(numbers), fill, numbers)
        return cells.mapped(at, lambda level: ranks.get(level, fill))

    def outside(self, cells: Cells, values: np.ndarray) -> np.ndarray:
        """Tell of each answer whether it is unlike the values of the rows like its record."""
        places = self.places(cells)
        told: np.ndarray = (values < self._least[places]) | (values > self._most[places])
        return told
