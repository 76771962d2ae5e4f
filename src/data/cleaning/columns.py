"""The cells of a column of text -> typed ones, and the rules that they break."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_string_dtype

from src.data import moments
from src.data.cleaning.faults import Faults
from src.data.coded import Batch, Column
from src.data.features import Boolean, Bounds, Category, Id, Integer, Number, Temporal, Text
from src.data.kinds.number_format import NumberFormat
from src.data.kinds.spelling import canonical
from src.data.schema import Dataset
from src.data.sources import Fault


def typed(
    texts: Batch,
    names: Sequence[str],
    dataset: Dataset,
    of_source: Mapping[object, Fault] | None = None,
) -> tuple[Batch, Faults]:
    """Type some columns of rows of text, each different cell once, and judge them.

    `of_source` says by place which rows the source itself got wrong.
    """
    faults, columns = Faults(len(texts)), {}
    if of_source:
        faults.add_of_source(texts.index, of_source)
    for name in names:
        text = texts.columns[name]
        faults.look_at(name, text.codes)
        cells = _column(name, text.stripped, dataset, faults)
        columns[name] = Column(text.codes, _canonical(cells) if _is_open(name, dataset) else cells)
    return Batch(columns, texts.index), faults


def _is_open(name: str, dataset: Dataset) -> bool:
    """Tell whether a column has words that nobody lists: of a category, a key, an id, a class."""
    if name == dataset.target.name:
        return dataset.task != "regression" and dataset.target.values is None
    if name in dataset.features:
        feature = dataset.features[name]
        return isinstance(feature, Id) or (
            isinstance(feature, Category) and feature.listed() is None
        )
    return name in {*dataset.key, *dataset.group_columns}


def _canonical(cells: pd.Series) -> pd.Series:
    """Write each cell in the one spelling of its value; what is missing stays missing."""
    if not is_string_dtype(cells) and cells.dtype != object:
        return cells
    written = [cell for cell in cells.unique() if isinstance(cell, str)]
    other = {cell: text for cell in written if (text := canonical(cell)) != cell}
    return cells.map(lambda cell: other.get(cell, cell)).astype(cells.dtype) if other else cells


def _column(name: str, cells: pd.Series, dataset: Dataset, faults: Faults) -> pd.Series:
    target = dataset.target
    if name == target.name:
        return _target(cells, dataset, faults)
    feature = dataset.features.get(name)
    if feature is None:
        return _other(name, cells, dataset, faults)
    listed = feature.listed() if isinstance(feature, Category) else None
    missing = are_missing(name, cells, dataset, listed)
    if not feature.optional or name in _required(dataset):
        faults.add("missing", missing, f"{name} is missing")
    if isinstance(feature, Temporal):
        return _moments(name, cells, missing, feature, faults)
    if isinstance(feature, Number | Integer):
        whole = isinstance(feature, Integer)
        written = dataset.written(name)
        return _numbers(name, cells, missing, feature, whole, faults, written)
    if isinstance(feature, Text):
        return cells.mask(missing, "")
    if isinstance(feature, Boolean):
        return _booleans(name, cells, missing, feature, faults)
    if listed is not None:
        if isinstance(feature, Category) and feature.others:
            return _as_listed(cells, listed).mask(missing, None)
        return _categories(name, cells, missing, listed, faults)
    return cells.mask(missing, None)


def _required(dataset: Dataset) -> set[str]:
    """Name the columns that every row needs, whatever else they are."""
    time = dataset.split.column if dataset.split.method == "time" else None
    single = {name for name in (dataset.weight, time) if name is not None}
    return {*dataset.key, *dataset.group_columns, *single}


def _other(name: str, cells: pd.Series, dataset: Dataset, faults: Faults) -> pd.Series:
    """Check a column that is neither a feature nor the target."""
    missing = are_missing(name, cells, dataset, None)
    if name in _required(dataset):
        faults.add("missing", missing, f"{name} is missing")
    if name == dataset.split.column:
        _check_side(name, cells, missing, dataset, faults)
    if name == dataset.weight or name in dataset.observed():
        written = dataset.written(name)
        return _numbers(name, cells, missing, Bounds(), False, faults, written)
    return cells


def _check_side(
    name: str, cells: pd.Series, missing: np.ndarray, dataset: Dataset, faults: Faults
) -> None:
    if dataset.split.method == "column":
        unknown = ~cells.isin(["train", "test"]).to_numpy()
        faults.add("unknown_split", unknown, f"{name} is not train or test", cells)
    else:
        rows = np.bincount(faults.codes, minlength=len(cells))
        unread = ~missing & ~np.isfinite(moments.read(cells.mask(missing, ""), rows))
        faults.add("not_a_time", unread, f"{name} is not a number or an ISO date", cells)


def are_missing(
    name: str, cells: pd.Series, dataset: Dataset, listed: list[str] | None
) -> np.ndarray:
    """Return which cells, without space around them, hold no value."""
    markers = [marker for marker in dataset.markers(name) if marker not in (listed or ())]
    return np.asarray(cells.isin(markers))


def _target(cells: pd.Series, dataset: Dataset, faults: Faults) -> pd.Series:
    target = dataset.target
    listed = target.listed()
    missing = are_missing(target.name, cells, dataset, listed)
    faults.add("missing", missing, f"{target.name} is missing")
    if dataset.task == "regression":
        bounds = Bounds(min=target.min, max=target.max, above=target.above, below=target.below)
        written = dataset.written(target.name)
        return _numbers(target.name, cells, missing, bounds, False, faults, written)
    if listed is not None:
        return _categories(target.name, cells, missing, listed, faults)
    return cells


def _numbers(
    name: str,
    cells: pd.Series,
    missing: np.ndarray,
    bounds: Bounds,
    whole: bool,
    faults: Faults,
    written: NumberFormat,
) -> pd.Series:
    plain = cells if written.is_plain else _each(cells, written.plain)
    present = plain.mask(missing, "nan")
    values = pd.to_numeric(present, errors="coerce").to_numpy(dtype=np.float64)
    unparsed = ~missing & ~np.isfinite(values)
    faults.add("not_a_number", unparsed, f"{name} is not a number", cells)
    valid = np.isfinite(values)
    if whole:
        broken = valid & (np.floor(values) != values)
        faults.add("not_an_integer", broken, f"{name} is not a whole number", cells)
        valid &= ~broken
    faults.add(
        "out_of_range",
        valid & outside(values, bounds),
        f"{name} is not {bounds.words()}",
        cells,
    )
    return pd.Series(values, index=cells.index)


def _each(cells: pd.Series, convert: Callable[[str], Any]) -> pd.Series:
    """Convert cells, each different one once."""
    codes, texts = pd.factorize(cells)
    values = pd.Series([convert(text) for text in texts])
    return pd.Series(values.to_numpy()[codes], index=cells.index)


def _moments(
    name: str, cells: pd.Series, missing: np.ndarray, feature: Temporal, faults: Faults
) -> pd.Series:
    values = _each(cells, feature.value).to_numpy(dtype=np.float64)
    values = np.where(missing, np.nan, values)
    unread = ~missing & ~np.isfinite(values)
    faults.add("not_a_time", unread, f"{name} is not {feature.allowed}", cells)
    broken = np.isfinite(values) & outside(values, feature)
    faults.add("out_of_range", broken, f"{name} is not {feature.words()}", cells)
    return pd.Series(values, index=cells.index)


def _booleans(
    name: str, cells: pd.Series, missing: np.ndarray, feature: Boolean, faults: Faults
) -> pd.Series:
    spellings = feature.spellings()
    values = _each(cells, lambda text: spellings.get(text))
    unknown = ~missing & values.isna().to_numpy()
    faults.add("unknown_category", unknown, f"{name} is neither true nor false", cells)
    return values.astype(cells.dtype).mask(missing, None)


def outside(values: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Return which numbers are out of bounds; NaN never is."""
    broken = np.zeros(len(values), dtype=bool)
    if bounds.min is not None:
        broken |= values < bounds.min
    if bounds.max is not None:
        broken |= values > bounds.max
    if bounds.above is not None:
        broken |= values <= bounds.above
    if bounds.below is not None:
        broken |= values >= bounds.below
    return broken


def _categories(
    name: str, cells: pd.Series, missing: np.ndarray, listed: list[str], faults: Faults
) -> pd.Series:
    values = _as_listed(cells, listed)
    unknown = ~missing & ~np.asarray(values.isin(listed))
    faults.add("unknown_category", unknown, f"{name} is not one of its values", cells)
    return values.mask(missing, None)


def _as_listed(cells: pd.Series, listed: list[str]) -> pd.Series:
    """Write cells as the values are listed: 1.0 as 1, and 01 as well if all values are numbers."""
    numbers = {}
    for value in listed:
        try:
            numbers[float(value)] = value
        except ValueError:
            return cells.where(cells.isin(listed), _canonical(cells))
    parsed = pd.to_numeric(cells, errors="coerce")
    spelt_otherwise = parsed.isin(list(numbers)) & ~cells.isin(listed)
    return parsed.map(numbers).where(spelt_otherwise, cells).astype(cells.dtype)
