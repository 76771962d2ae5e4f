"""How rows that came differ from those that were there before, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from src.data.schema import Category, Dataset, Text
from src.evaluation.bootstrap import LEAST
from src.runs.comparison import hashes

SURE = 0.01  # the chance, over all columns together, to call one of them moved that is not
FAR = 0.1  # under this a difference is real, it may be, and too small to matter
EXPECTED = 5  # rows of a value under which a test of shares calls chance a difference
MANY = 10  # so often comes no value by chance of which fewer are expected


@dataclass(frozen=True)
class Moved:
    """How far a column's distribution lies from where it was.

    `distance` is from 0 (the same) to 1 (nothing in common): Kolmogorov and Smirnov's for numbers
    and for the length of texts, the total variation for categories. `chance` is how likely so much
    is where nothing moved.
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
    """What came, what went, and how what came differs."""

    added: pd.DataFrame
    kept: pd.DataFrame  # the rows that were there before
    removed: int
    columns: list[Moved]


def drift(dataset: Dataset, before: pd.DataFrame, now: pd.DataFrame) -> Drift:
    """Compare the rows of now that were not there before with all of before.

    Fewer than LEAST rows say nothing of a distribution: their columns are left out. So are those
    that were not there before, or were of another kind.
    """
    names = [
        name
        for name in [*dataset.features, dataset.target.name]
        if name in before and is_numeric_dtype(before[name]) == is_numeric_dtype(now[name])
    ]
    added, removed = _difference(before, now, names)
    columns: list[Moved] = []
    if min(len(before), len(added)) >= LEAST:
        columns = [_moved(dataset, name, before[name], added[name], len(names)) for name in names]
    columns.sort(key=lambda one: -one.distance)
    return Drift(added, before, removed, columns)


def _difference(
    before: pd.DataFrame, now: pd.DataFrame, names: Sequence[str]
) -> tuple[pd.DataFrame, int]:
    """Return the rows that came, and how many went; of equal rows each counts."""
    old, new = _numbered(before, names), _numbered(now, names)
    return now[~new.isin(set(old)).to_numpy()], int((~old.isin(set(new))).sum())


def _numbered(rows: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Tell rows apart by their content and, of equal ones, by which of them it is."""
    found = hashes(rows, names)
    return pd.Series(list(zip(found, found.groupby(found.to_numpy()).cumcount(), strict=True)))


def _moved(dataset: Dataset, name: str, before: pd.Series, after: pd.Series, columns: int) -> Moved:
    of = kind(dataset, name)
    if of == "text":
        before, after = lengths(before), lengths(after)
    compare, words = (_categories, _commonest) if of == "category" else (_numbers, _typical)
    distance, chance = compare(before, after)
    unit = " characters" if of == "text" else ""
    is_far = distance > FAR and chance < SURE / columns
    said = [f"{words(one)}{unit}" for one in (before, after)]
    return Moved(name, of, distance, chance, said[0], said[1], is_far)


def kind(dataset: Dataset, name: str) -> str:
    """Tell how a column's values are compared: category, number, or text by its length."""
    feature = dataset.features.get(name)
    if feature is None:
        return "number" if dataset.task == "regression" else "category"
    return {Category: "category", Text: "text"}.get(type(feature), "number")


def lengths(texts: pd.Series) -> pd.Series:
    """Count the characters of texts; what is missing stays so."""
    return texts.astype("str").str.len().astype("float64")


def _numbers(before: pd.Series, after: pd.Series) -> tuple[float, float]:
    """Compare two samples of numbers; what is missing is a value of its own, below all others."""
    from scipy.stats import ks_2samp

    values = [one.astype("float64").fillna(-np.inf).to_numpy() for one in (before, after)]
    found = ks_2samp(*values, method="asymp")
    return float(found.statistic), float(found.pvalue)


def _categories(before: pd.Series, after: pd.Series) -> tuple[float, float]:
    """Compare shares; values too rare to be told from chance count as one."""
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


def _typical(values: pd.Series) -> str:
    """Return the middle and where half of the values lie."""
    known = values.dropna().astype("float64")
    if known.empty:
        return "nothing"
    low, middle, high = map(_number, np.quantile(known, [0.25, 0.5, 0.75]))
    missing = values.isna().mean()
    rest = f", {missing:.1%} missing" if missing else ""
    return f"{middle} ({low} to {high}){rest}"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _commonest(values: pd.Series) -> str:
    shares = values.value_counts(normalize=True, dropna=False).head(3)
    return ", ".join(f"{'missing' if pd.isna(k) else k} {v:.0%}" for k, v in shares.items())
