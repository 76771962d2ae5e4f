"""The cells of many records by column, of which each is turned into numbers once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from src.inference.scalar_expressions import Record

Coded = tuple[np.ndarray, Sequence[Any]]  # the number of each row's cell, and the cells


class Cells:
    """The columns of records: at least one."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.count = len(records)
        self._records = records
        self._columns: list[tuple[Any, ...]] = list(zip(*records, strict=True))
        self._numbers: dict[int, np.ndarray] = {}

    def numbers(self, at: int) -> np.ndarray:
        """Return a numeric column as float64, NaN for what is missing."""
        if at not in self._numbers:
            self._numbers[at] = np.array(self._columns[at], dtype=np.float64)
        return self._numbers[at]

    def different(self, at: int) -> Iterable[Any]:
        """Return the cells of a column, each once."""
        return set(self._columns[at])

    def mapped(self, at: int, function: Callable[[Any], Any]) -> np.ndarray:
        """Return what a function makes of each cell of a column; it is asked once of each."""
        made = {cell: function(cell) for cell in self.different(at)}
        return np.array(list(map(made.__getitem__, self._columns[at])))

    def record(self, row: int) -> Record:
        """Return one of the records."""
        return self._records[row]

    def records(self) -> Sequence[Record]:
        """Return the records."""
        return self._records


class CodedCells(Cells):
    """The columns of a table: numbers as they are, of all others each different cell once."""

    def __init__(
        self, count: int, numbers: Mapping[int, np.ndarray], coded: Mapping[int, Coded]
    ) -> None:
        """Take the columns by their places in a record; NaN and None are what is missing."""
        self.count = count
        self._numbers = dict(numbers)
        self._coded = coded

    def different(self, at: int) -> Iterable[Any]:
        """Return the cells of a column, each once."""
        return self._coded[at][1]

    def mapped(self, at: int, function: Callable[[Any], Any]) -> np.ndarray:
        """Return what a function makes of each cell of a column; it is asked once of each."""
        codes, cells = self._coded[at]
        return np.array([function(cell) for cell in cells])[codes]

    def record(self, row: int) -> Record:
        """Return one of the records."""
        values: dict[int, Any] = {}
        for at, numbers in self._numbers.items():
            value = float(numbers[row])
            values[at] = None if value != value else value
        for at, (codes, cells) in self._coded.items():
            values[at] = cells[codes[row]]
        return tuple(values[at] for at in sorted(values))

    def records(self) -> Sequence[Record]:
        """Return the records, which takes longer than all else that is done with them."""
        columns: dict[int, list[Any]] = {}
        for at, numbers in self._numbers.items():
            columns[at] = [None if value != value else value for value in numbers.tolist()]
        for at, (codes, cells) in self._coded.items():
            columns[at] = [cells[code] for code in codes.tolist()]
        return list(zip(*(columns[at] for at in sorted(columns)), strict=True))

    def take(self, rows: np.ndarray) -> CodedCells:
        """Return some rows, by a mask or by positions."""
        numbers = {at: values[rows] for at, values in self._numbers.items()}
        coded = {at: (codes[rows], cells) for at, (codes, cells) in self._coded.items()}
        count = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        return CodedCells(count, numbers, coded)

    def with_numbers(self, numbers: Mapping[int, np.ndarray]) -> CodedCells:
        """Return the records with other numbers in some columns."""
        return CodedCells(self.count, {**self._numbers, **numbers}, self._coded)
