"""How many rows are looked at: enough for certainty, and few enough for a second."""

from __future__ import annotations

import numpy as np
import pandas as pd

FOLDS = 5
MOST_ROWS, LEAST_ROWS = 20_000, 2_000
MOST_CELLS = 2_000_000  # rows times columns, of a wide table


def some(rows: pd.DataFrame, columns: int, seed: int) -> pd.DataFrame:
    """Draw rows, in their order; all of them where they are not too many."""
    most = min(MOST_ROWS, max(LEAST_ROWS, MOST_CELLS // max(1, columns)))
    if len(rows) <= most:
        return rows
    drawn = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return rows.iloc[np.sort(drawn)]
