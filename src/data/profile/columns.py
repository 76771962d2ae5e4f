"""Describe one column: its counts, moments and quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category, Feature, Id, Integer, Temporal, Text, Time, type_name
from src.data.profile import bins as profile_bins
from src.data.profile import calendar_bins
from src.data.schema import Dataset

MOST_VALUES = 30  # of a category or class that are listed one by one
QUANTILES = {"min": 0, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1}
DIGITS = 6
HOURS, MIDNIGHT = 24, "24:00"  # where the last bin of a day ends
SECONDS = 86_400  # of a day: what is less than one says nothing of a mean

Figure = float | int | str | None


def rounded(value: float) -> float | int | None:
    """Round to significant digits for JSON: whole numbers as integers, infinity as None."""
    if not np.isfinite(value):
        return None
    number = float(f"{value:.{DIGITS}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def writer(feature: Feature | None) -> Callable[[float], Figure]:
    """Return what writes a column's numbers for JSON: moments as ISO text, others rounded."""
    if isinstance(feature, Temporal):
        return lambda value: _moment(feature, value)
    return rounded


def _moment(feature: Temporal, value: float) -> str | None:
    if not np.isfinite(value):
        return None
    steps = SECONDS / HOURS if isinstance(feature, Time) else SECONDS
    value = round(value * steps) / steps
    return MIDNIGHT if isinstance(feature, Time) and value >= HOURS else feature.text(value)


def kind(dataset: Dataset, name: str) -> str:
    """Return the type of a feature in the dataset's YAML; of the target, number or class."""
    if name == dataset.target.name:
        return "number" if dataset.task == "regression" else "class"
    return type_name(dataset.features[name])


def describe(dataset: Dataset, name: str, cells: pd.Series) -> dict[str, Any]:
    """Describe a feature or the target."""
    feature = dataset.features.get(name)
    missing = absent(cells, is_text=isinstance(feature, Text))
    column: dict[str, Any] = {
        "name": name,
        "role": "target" if feature is None else "feature",
        "type": kind(dataset, name),
        "optional": feature is not None and feature.optional,
        "rows": len(cells),
        "missing": int(missing.sum()),
        "distinct": int(cells[~missing].nunique()),
    }
    if isinstance(feature, Id):
        return column
    if isinstance(feature, Category) or column["type"] == "class":
        column["ordered"] = isinstance(feature, Category) and feature.order is not None
        return {**column, **_values(cells[~missing], levels(dataset, name, cells))}
    if isinstance(feature, Text):
        texts = cells[~missing]
        lengths = {"characters": texts.str.len(), "words": words_of(texts)}
        figures = {key: numbers(counts, is_whole=True) for key, counts in lengths.items()}
        return {**column, "lengths": figures}
    is_whole = isinstance(feature, Integer)
    return {**column, **numbers(cells[~missing], is_whole=is_whole, feature=feature)}


def absent(cells: pd.Series, *, is_text: bool) -> pd.Series:
    """Return which cells are missing; a missing text is an empty one."""
    return cells == "" if is_text else cells.isna()


def words_of(texts: pd.Series) -> pd.Series:
    """Count the words of each text, separated by spaces."""
    return texts.str.split().str.len().astype(np.float64)


def numbers(cells: pd.Series, *, is_whole: bool, feature: Feature | None = None) -> dict[str, Any]:
    """Describe numbers by their moments, their quantiles and their histogram.

    Those of a date or a time are ISO text; its deviation is in days, of a time in hours.
    """
    write = writer(feature)
    values = cells.to_numpy(dtype=np.float64)
    if not len(values):
        return {"numbers": None, "bins": None}
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow becomes null
        figures = {
            "mean": write(values.mean()),
            "deviation": rounded(values.std(ddof=1)) if len(values) > 1 else None,
        }
        quantiles = np.quantile(values, list(QUANTILES.values()))
        bins = cut(values, feature, is_whole=is_whole)
    figures |= {name: write(value) for name, value in zip(QUANTILES, quantiles, strict=True)}
    return {"numbers": figures, "bins": None if bins is None else _histogram(bins, values, feature)}


def cut(
    values: np.ndarray, feature: Feature | None, *, is_whole: bool, most: int = profile_bins.MOST
) -> profile_bins.Bins | None:
    """Choose bins for a column's numbers without NaN; None if nothing can be drawn."""
    if isinstance(feature, Temporal):
        return calendar_bins.cut(values, feature, most=most)
    return profile_bins.cut(values, is_whole=is_whole, most=most)


def edges(bins: profile_bins.Bins, feature: Feature | None = None) -> list[Figure]:
    """Return the edges of the bins as JSON has them."""
    return [writer(feature)(edge) for edge in bins.edges]


def levels(dataset: Dataset, name: str, cells: pd.Series) -> list[str]:
    """List the values to describe one by one: in the schema's order, else the most frequent first.

    Values that the schema lists are included even if no row has them.
    """
    target, feature = dataset.target, dataset.features.get(name)
    listed = feature.listed() if isinstance(feature, Category) else None
    if feature is None:
        listed = target.listed()
    counts = cells.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if listed is None:
        return [str(value) for value in counts.index[:MOST_VALUES]]
    if len(listed) <= MOST_VALUES:
        return listed
    kept = set(counts.index[:MOST_VALUES])
    return [value for value in listed if value in kept]


def _values(cells: pd.Series, shown: list[str]) -> dict[str, Any]:
    counts = cells.value_counts()
    values = [{"value": value, "rows": int(counts.get(value, 0))} for value in shown]
    others = counts[~counts.index.isin(shown)]
    return {"values": values, "others": {"values": len(others), "rows": int(others.sum())}}


def _histogram(
    bins: profile_bins.Bins, values: np.ndarray, feature: Feature | None
) -> dict[str, Any]:
    counts, below, above = bins.count(values)
    return {
        "scale": bins.scale,
        "edges": edges(bins, feature),
        "rows": counts,
        "below": below,
        "above": above,
    }
