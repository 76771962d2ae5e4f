"""Find features that tell nearly the same: how much each of them adds is the model's accident."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from src.data.features import Integer, Number
from src.data.schema import Dataset

ALIKE = 0.9  # of the rank correlation of each two features of a cause
MOST_ROWS = 10_000


def find(dataset: Dataset, rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the dataset's causes, or those that its numbers' correlations suggest.

    Of one cause each two features move together, whichever way.
    """
    if dataset.causes:
        return {name: list(features) for name, features in dataset.causes.items()}
    numbers = [n for n, one in dataset.features.items() if isinstance(one, Number | Integer)]
    some = rows[numbers].iloc[:: max(1, len(rows) // MOST_ROWS)]
    varies = some[numbers].min() < some[numbers].max()
    numbers = [name for name in numbers if varies[name]]
    if len(numbers) < 2:
        return {}
    apart = 1 - some[numbers].corr("spearman").abs().fillna(0).to_numpy()
    np.fill_diagonal(apart, 0)
    groups = fcluster(linkage(squareform(apart, checks=False), "complete"), 1 - ALIKE, "distance")
    found: dict[str, list[str]] = {}
    for group in dict.fromkeys(groups.tolist()):
        features = [n for n, own in zip(numbers, groups.tolist(), strict=True) if own == group]
        if len(features) > 1:
            found[_named(features)] = features
    return found


def _named(features: list[str]) -> str:
    """Name a cause by its features: "width with length and height"."""
    first, *others = features
    *some, last = others
    return f"{first} with {', '.join(some)} and {last}" if some else f"{first} with {last}"
