"""The rules that rows of a batch break, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from src.data.cleaning.report import RULES
from src.data.sources import Fault

SHOWN = 60  # characters of a cell


@dataclass
class Faults:
    """Collect the rules that each row breaks, a column at a time.

    Of the column that is looked at, `codes` are the number of each row's cell, shape (rows,); its
    cells are judged once each.
    """

    rows: int
    column: str = ""
    codes: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    reasons: dict[int, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    columns: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    unread: np.ndarray | None = None  # the rows that the source got wrong: their cells say nothing

    def add_of_source(self, places: pd.Index, of_source: Mapping[object, Fault]) -> None:
        """Add what is wrong with rows before any column is looked at."""
        self.unread = np.asarray(places.isin(list(of_source)))
        for position in np.flatnonzero(self.unread):
            fault = of_source[places[position]]
            self.counts[fault.rule] += 1
            self.reasons[int(position)] = [fault.words]

    def look_at(self, column: str, codes: np.ndarray) -> None:
        """Go to a column."""
        self.column, self.codes = column, codes

    def add(
        self, rule: str, broken: np.ndarray, words: str, cells: pd.Series | None = None
    ) -> None:
        """Add the rows of those cells of the column that break a rule."""
        if not broken.any():
            return
        is_broken = broken[self.codes]
        positions = np.flatnonzero(is_broken if self.unread is None else is_broken & ~self.unread)
        self.counts[rule] += len(positions)
        if len(positions):
            self.columns[self.column, rule] = positions
        texts = None if cells is None else cells.to_numpy(dtype=object)
        for position in positions:
            cell = "" if texts is None else f": {str(texts[self.codes[position]])[:SHOWN]!r}"
            self.reasons.setdefault(int(position), []).append(f"{words}{cell}")

    def ok(self) -> np.ndarray:
        """Return which rows break no rule, shape (rows,)."""
        mask = np.ones(self.rows, dtype=bool)
        mask[list(self.reasons)] = False
        return mask
