"""The cells of many records by column, of which each is turned into numbers once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.inference.scalar_expressions import Record


class Cells:
    """The columns of records: at least one."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.count = len(records)
        self.columns: list[tuple[Any, ...]] = list(zip(*records, strict=True))
        self._numbers: dict[int, np.ndarray] = {}

    def numbers(self, at: int) -> np.ndarray:
        """Return a numeric column as float64, NaN for what is missing."""
        if at not in self._numbers:
            self._numbers[at] = np.array(self.columns[at], dtype=np.float64)
        return self._numbers[at]
