"""How many rows are looked at: enough for certainty, and few enough for a second."""

from __future__ import annotations

import numpy as np
import pandas as pd

from src.data.coded import Rows

FOLDS = 5
MOST_ROWS, LEAST_ROWS = 20_000, 2_000
MOST_CELLS = 2_000_000  # rows times columns, of a wide table


def some(rows: pd.DataFrame | Rows, columns: int, seed: int) -> pd.DataFrame:
    """Draw rows, in their order; all of them where they are not too many."""
    at = drawn_of(len(rows), columns, seed)
    drawn = rows if len(at) == len(rows) else rows.take(at)
    return drawn.frame() if isinstance(drawn, Rows) else drawn


def drawn_of(count: int, columns: int, seed: int) -> np.ndarray:
    """Draw the positions of rows among so many, rising."""
    most = min(MOST_ROWS, max(LEAST_ROWS, MOST_CELLS // max(1, columns)))
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
