"""How new rows differ from the previous ones, column by column.

Numbers are compared by the two-sample Kolmogorov-Smirnov test (Massey, "The Kolmogorov-Smirnov Test
for Goodness of Fit", Journal of the American Statistical Association 46, 1951).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from src.data.features import Category, Text, written_by
from src.data.schema import Dataset
from src.evaluation.bootstrap import LEAST
from src.runs.comparison import hashes

SURE = 0.01  # the chance, over all columns together, to call one of them moved that is not
FAR = 0.1  # under this a difference is real, it may be, and too small to matter
EXPECTED = 5  # rows of a value under which a test of shares calls chance a difference
MANY = 10  # so often comes no value by chance of which fewer are expected


@dataclass(frozen=True)
class Moved:
    """How far a column's distribution has moved.

    `distance` is from 0 (the same) to 1 (nothing in common): the Kolmogorov-Smirnov statistic for
    numbers and for the lengths of texts, the total variation for categories. `chance` is the
    probability of such a distance if nothing moved.
    """

    name: str
    kind: str
    distance: float
    chance: float
    before: str
    after: str
    is_far: bool


@dataclass(frozen=True)
class Drift:
    """The rows added, the number removed, and how the added ones differ."""

    added: pd.DataFrame
    kept: pd.DataFrame  # the rows that were there before
    removed: int
    columns: list[Moved]


def drift(dataset: Dataset, before: pd.DataFrame, now: pd.DataFrame) -> Drift:
    """Compare the new rows with all previous ones.

    Columns are left out where either side has fewer than LEAST rows, and where the column is new
    or was of another kind.
    """
    names = [
        name
        for name in [*dataset.features, dataset.target.name]
        if name in before and is_numeric_dtype(before[name]) == is_numeric_dtype(now[name])
    ]
    added, removed = _difference(before, now, names)
    columns: list[Moved] = []
    if min(len(before), len(added)) >= LEAST:
        learnt = [name for name in names if name not in dataset.ids()]
        columns = [_moved(dataset, name, before[name], added[name], len(learnt)) for name in learnt]
    columns.sort(key=lambda one: -one.distance)
    return Drift(added, before, removed, columns)


def _difference(
    before: pd.DataFrame, now: pd.DataFrame, names: Sequence[str]
) -> tuple[pd.DataFrame, int]:
    """Return the rows added and the number removed, counting repeated rows."""
    old, new = _numbered(before, names), _numbered(now, names)
    return now[~new.isin(set(old)).to_numpy()], int((~old.isin(set(new))).sum())


def _numbered(rows: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Identify rows by content and, among equal rows, by a running number."""
    keys = hashes(rows, names)
    return pd.Series(list(zip(keys, keys.groupby(keys.to_numpy()).cumcount(), strict=True)))


def _moved(dataset: Dataset, name: str, before: pd.Series, after: pd.Series, columns: int) -> Moved:
    of = kind(dataset, name)
    if of == "text":
        before, after = lengths(before), lengths(after)
    is_category = of == "category"
    distance, chance = (_categories if is_category else _numbers)(before, after)
    unit = " characters" if of == "text" else ""
    write = written_by(dataset.features.get(name), _number)
    is_far = distance > FAR and chance < SURE / columns
    both = (before, after)
    words = [_commonest(one) if is_category else _typical(one, write) for one in both]
    said = [f"{one}{unit}" for one in words]
    return Moved(name, of, distance, chance, said[0], said[1], is_far)


def kind(dataset: Dataset, name: str) -> str:
    """Return how a column is compared: as category, number, or text (by length)."""
    feature = dataset.features.get(name)
    if feature is None:
        return "number" if dataset.task == "regression" else "category"
    if isinstance(feature, Category):
        return "category"
    return "text" if isinstance(feature, Text) else "number"


def lengths(texts: pd.Series) -> pd.Series:
    """Count the characters of texts; missing values stay missing."""
    return texts.astype("str").str.len().astype("float64")


def _numbers(before: pd.Series, after: pd.Series) -> tuple[float, float]:
    """Compare two samples of numbers; a missing value counts as one below all others."""
    from scipy.stats import ks_2samp

    values = [one.astype("float64").fillna(-np.inf).to_numpy() for one in (before, after)]
    test = ks_2samp(*values, method="asymp")
    return float(test.statistic), float(test.pvalue)


def _categories(before: pd.Series, after: pd.Series) -> tuple[float, float]:
    """Compare the shares of categories; rare values count as one."""
    from scipy.stats import chi2_contingency

    counts = pd.DataFrame(
        {
            "before": before.astype("object").fillna("").value_counts(),
            "after": after.astype("object").fillna("").value_counts(),
        }
    ).fillna(0)
    total = counts.sum()
    expected = counts.sum(axis=1) * total.min() / total.sum()  # of the smaller of the two
    is_rare = (expected < EXPECTED) & (counts[total.idxmin()] < MANY)
    counts = pd.concat([counts[~is_rare], counts[is_rare].sum().to_frame().T])
    counts = counts[counts.sum(axis=1) > 0]
    shares = counts / counts.sum()
    distance = float((shares["before"] - shares["after"]).abs().sum() / 2)
    chance = float(chi2_contingency(counts).pvalue) if len(counts) > 1 else 1.0
    return distance, chance


def _typical(values: pd.Series, write: Callable[[float], str]) -> str:
    """Write the median and the quartiles."""
    present = values.dropna().astype("float64")
    if present.empty:
        return "nothing"
    low, middle, high = map(write, np.quantile(present, [0.25, 0.5, 0.75]))
    missing = values.isna().mean()
    rest = f", {missing:.1%} missing" if missing else ""
    return f"{middle} ({low} to {high}){rest}"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _commonest(values: pd.Series) -> str:
    shares = values.value_counts(normalize=True, dropna=False).head(3)
    return ", ".join(f"{'missing' if pd.isna(k) else k} {v:.0%}" for k, v in shares.items())
