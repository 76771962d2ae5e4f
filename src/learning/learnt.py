"""What a model learnt from: in a bundle's manifest, so that answers tell of records unlike it.

{"rows": how many,
 "ranges": {number: [lowest, highest]},
 "levels": {category: [value, ...]}, of those in which a new value is something to tell,
 "combination": how the numbers go together, see `combination`; absent where they are too few,
 "alike": which targets rows that are alike have, see `alike`; of regressions alone}
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category, Integer, Number
from src.data.schema import Dataset
from src.learning import alike, combination

MOST_LEVELS = 200
# Of rows whose value no other row has. About as often the next row's value is a new one (Good and
# Turing); where that is usual it is nothing to tell.
MOST_NEW = 0.02


def measure(dataset: Dataset, rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return what a guard reads, as plain numbers and names; the same rows give the same."""
    ranges: dict[str, list[float]] = {}
    levels: dict[str, list[str]] = {}
    for name, feature in dataset.features.items():
        cells = rows[name].dropna()
        if cells.empty or name == dataset.clock:
            continue
        if isinstance(feature, Number | Integer):
            numbers = cells.to_numpy(dtype=np.float64)
            ranges[name] = [float(numbers.min()), float(numbers.max())]
        elif isinstance(feature, Category) and not feature.others:
            counts = cells.astype(object).map(str).value_counts()
            if len(counts) <= MOST_LEVELS and (counts == 1).sum() <= MOST_NEW * len(cells):
                levels[name] = sorted(counts.index)
    optional = {
        "combination": combination.measure(dataset, rows),
        "alike": alike.grow(dataset, rows, seed),
    }
    kept = {name: part for name, part in optional.items() if part is not None}
    return {"rows": len(rows), "ranges": ranges, "levels": levels, **kept}
