"""What is odd about the cells of a column, how many they are, and which keys mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from src.data.features import Boolean, Bounds, Category, Integer, Number, Temporal, Text
from src.data.kinds import cell_formats
from src.data.schema import Dataset, Target
from src.support.errors import did_you_mean

SHOWN = 3  # values in a sentence
LONGEST = 40  # characters of a cell in a sentence
FEW = 50  # different words that may be the values of a category
FREQUENT = 0.01  # share of the rows from which on it is told as one
GLANCED = 1000  # cells that are looked at before all are
LEAST_GROUPED = 3  # cells such as 5.000 before the point is suspected to group thousands
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
SMALL = re.compile(r"[+-]?\d{1,3}")


@dataclass(frozen=True)
class _Column:
    """A column's name and what it is, its cells as in the source, and those that break a rule."""

    name: str
    kind: Any  # a feature, the target, or None for neither
    cells: pd.Series
    broken: pd.Series

    @property
    def counted(self) -> str:
        return "1 cell is" if len(self.broken) == 1 else f"{len(self.broken):,} cells are"

    @property
    def of_all(self) -> str:
        return f"{len(self.broken):,} of {len(self.cells):,} cells are"

    @property
    def example(self) -> str:
        return f"like {_shown(self.broken.iloc[0])}"


def diagnose(
    raw: pd.DataFrame, broken: Mapping[tuple[str, str], np.ndarray], dataset: Dataset
) -> list[str]:
    """Say in a sentence each what is wrong with columns, the most frequent first.

    `broken` has the positions of the cells that break a rule, by column and rule. After them it is
    said what may have been misread though it breaks none.
    """
    ranked = sorted(broken.items(), key=lambda one: -len(one[1]))
    said = []
    for (name, rule), places in ranked:
        cells = raw[name]
        column = _Column(name, _kind(name, dataset), cells, cells.iloc[places])
        said += list(_LOOKS.get(rule, _otherwise)(column, dataset))
    optional = [name for name in dataset.features if (name, "missing") not in broken]
    for name in optional:
        said += list(taken_as_missing(name, raw[name], dataset))
    return [*said, *_nothing(raw, dataset), *_misread(raw, dataset), *_rounded(raw, dataset)]


def _kind(name: str, dataset: Dataset) -> Any:
    return dataset.target if name == dataset.target.name else dataset.features.get(name)


def taken_as_missing(name: str, cells: pd.Series, dataset: Dataset) -> Iterator[str]:
    """Name the words of a column of words that count as missing, unless the YAML lists them."""
    kind = _kind(name, dataset)
    is_own = getattr(kind, "missing", None) is not None or dataset.missing != _usual_missing()
    is_number = isinstance(kind, Number | Integer | Boolean) or (
        isinstance(kind, Target) and dataset.task == "regression"
    )
    if kind is None or is_own or is_number:
        return
    values = kind.listed() if isinstance(kind, Category) else getattr(kind, "values", None)
    words = set(dataset.markers(name)) - {"", *map(str, values or ())}
    for word, count in _counts(cells[cells.str.strip().isin(words)].str.strip()):
        add = "list it in values, or set" if isinstance(kind, Category | Target) else "set"
        how_many = _counted(count, "cell")
        yield (
            f"{_shown(word)} counts as missing in `{name}` ({how_many}): where it is a value, "
            f"{add} `missing`"
        )


def _usual_missing() -> Any:
    return next(one.default for one in msgspec.structs.fields(Dataset) if one.name == "missing")


def _missing(column: _Column, dataset: Dataset) -> Iterator[str]:
    named = list(taken_as_missing(column.name, column.cells, dataset))
    yield from named
    empty = column.broken.str.strip() == "" if named else column.broken.notna()
    count = int(empty.sum())
    if not count:
        return
    share = count / len(column.cells)
    of_rows = f"{share:.0%} of the rows" if share >= FREQUENT else _counted(count, "row")
    how = f"`{column.name}` is empty in {of_rows}"
    can_be = isinstance(column.kind, Number | Integer | Category | Text)
    is_needed = can_be and column.kind.optional
    yield f"{how}: " + (
        "`optional: true`" if can_be and not is_needed else "every row needs one, by the YAML"
    )


def _no_number(column: _Column, dataset: Dataset) -> Iterator[str]:
    what = f"`{column.name}`: {column.of_all} no number, {column.example}"
    present = column.cells.str.strip()
    present = present[~present.isin(dataset.markers(column.name))]
    different = present.unique().tolist()
    how = cell_formats.number_format(different)
    if how is not None and how == dataset.written(column.name):
        yield what  # the others are written as the YAML says
        return
    keys = cell_formats.keys_of(different)
    if keys:
        yield f"{what}; add `{keys}`"
        return
    words = column.broken.str.strip().nunique()
    kind = "category" if words <= FEW and words < len(column.broken) / 2 else "text"
    is_most = len(column.broken) > len(present) / 2 and not isinstance(column.kind, Target)
    yield f"{what}; `type: {kind}` takes words" if is_most else what


def _no_whole_number(column: _Column, _: Dataset) -> Iterator[str]:
    yield f"`{column.name}`: {column.counted} no whole number, {column.example}; `type: number`"


def _out_of_range(column: _Column, _: Dataset) -> Iterator[str]:
    kind = column.kind
    bounds = kind.words() if isinstance(kind, Bounds) else "as the YAML has it"
    yield f"`{column.name}`: {column.counted} not {bounds}, {column.example}"


def _no_moment(column: _Column, dataset: Dataset) -> Iterator[str]:
    what = f"`{column.name}`: {column.of_all} no moment, {column.example}"
    present = column.cells.str.strip()
    present = present[~present.isin(dataset.markers(column.name))]
    different = present.unique().tolist()
    _, formats = cell_formats.moment(different) or ("", [])
    is_other = isinstance(column.kind, Temporal) and column.kind.format not in formats
    keys = cell_formats.moments(different) if is_other else None
    yield f"{what}; `{keys}`" if keys else what


def _unknown_category(column: _Column, dataset: Dataset) -> Iterator[str]:
    kind = column.kind
    if isinstance(kind, Boolean):
        examples = ", ".join(_shown(cell) for cell, _ in list(_counts(column.broken))[:SHOWN])
        what = f"`{column.name}`: {column.counted} neither true nor false, like {examples}"
        yield f"{what}; `true_words` and `false_words` list what is"
        return
    listed = (kind.order or kind.values) if isinstance(kind, Category) else kind.values
    values = list(map(str, listed or ()))
    every = list(_counts(column.broken))
    examples = ", ".join(
        f"{_shown(cell)} ({count:,}{_nearest(cell, values)})" for cell, count in every[:SHOWN]
    )
    more = f" and {len(every) - SHOWN:,} others" if len(every) > SHOWN else ""
    what = f"`{column.name}`: {column.counted} not one of its values, like {examples}{more}"
    unquoted = {str(one) for one in listed or () if not isinstance(one, str)}
    words = [cell.strip() for cell, _ in every[:FEW]] if unquoted else []
    trap = next((word for word in words if _as_yaml(word) in unquoted), None)
    if trap is not None:
        yield f"{what}; YAML reads {trap} as {_as_yaml(trap)}: quote it, '{trap}'"
        return
    present = column.cells.str.strip()
    present = present[~present.isin(dataset.markers(column.name))]
    is_boolean = cell_formats.are_booleans(present.unique().tolist())
    yield f"{what}; `type: boolean` takes them" if is_boolean else what


def _nearest(cell: str, values: list[str]) -> str:
    text = cell.strip()
    alike = next((one for one in values if one.casefold() == text.casefold()), None)
    hint = f"did you mean '{alike}'?" if alike else did_you_mean(text, values)
    return f", {hint}" if hint else ""


def _as_yaml(text: str) -> str | None:
    """Return as what YAML reads a word that stands without quotes, if it is not what it says."""
    import yaml

    if len(text) > LONGEST:
        return None
    try:
        value = yaml.safe_load(text)
        # Hydra reads 1e3 as a number, which YAML 1.1 does not.
        value = float(text) if isinstance(value, str) and re.search(r"\d[eE]", text) else value
    except (yaml.YAMLError, ValueError):
        return None
    return str(value) if isinstance(value, bool | int | float) and str(value) != text else None


def _otherwise(column: _Column, _: Dataset) -> Iterator[str]:
    yield f"`{column.name}`: {column.counted} not as the YAML has it, {column.example}"


_LOOKS: dict[str, Callable[[_Column, Dataset], Iterator[str]]] = {
    "missing": _missing,
    "not_a_number": _no_number,
    "not_an_integer": _no_whole_number,
    "out_of_range": _out_of_range,
    "not_a_time": _no_moment,
    "unknown_category": _unknown_category,
}


def _nothing(raw: pd.DataFrame, dataset: Dataset) -> Iterator[str]:
    """Name the optional features that hold nothing at all."""
    empty = [
        f"`{name}`"
        for name, feature in dataset.features.items()
        if feature.optional and raw[name].str.strip().isin(dataset.markers(name)).all()
    ]
    if empty:
        hold = "holds" if len(empty) == 1 else "hold"
        yield f"{', '.join(empty)} {hold} nothing: no model learns from what is always missing"


def _misread(raw: pd.DataFrame, dataset: Dataset) -> Iterator[str]:
    """Name columns of whole numbers whose point may group thousands, as in 5.000."""
    numbers: dict[str, Any] = {
        name: one
        for name, one in dataset.features.items()
        if isinstance(one, Number | Integer) and not isinstance(one, Temporal)
    }
    if dataset.task == "regression":
        numbers[dataset.target.name] = dataset.target
    for name, kind in numbers.items():
        if not dataset.written(name).is_plain or kind.decimal or kind.thousands is not None:
            continue
        if not _may_group(raw[name].head(GLANCED).str.strip(), 1):
            continue
        cells = raw[name].str.strip()
        misread = cells[cells.str.fullmatch(GROUPED) & (cells.str.count(r"\.") == 1)]
        if _may_group(cells, LEAST_GROUPED) and len(misread):
            cell = misread.iloc[0]
            yield (
                f"`{name}`: {_shown(cell)} is read as {float(cell):g}; where its point groups "
                "thousands, add `thousands: '.'`"
            )


def _rounded(raw: pd.DataFrame, dataset: Dataset) -> Iterator[str]:
    """Name keys such as 5.72E+17, which a spreadsheet has made of longer ones."""
    for name in dict.fromkeys([*dataset.key, *dataset.group_columns]):
        cells = raw[name].str.strip()
        rounded = cells[cells.str.fullmatch(ROUNDED)]
        if len(rounded) > len(cells) / 2:
            yield (
                f"`{name}`: {len(cells):,} rows share {cells.nunique():,} values such as "
                f"{_shown(rounded.iloc[0])}, which a spreadsheet rounded: export them anew as text"
            )


def _may_group(cells: pd.Series, least: int) -> bool:
    """Tell whether all points group three digits, and what has none is small enough."""
    pointed = cells.str.contains(".", regex=False)
    grouped = cells[pointed].str.fullmatch(GROUPED)
    if len(grouped) < least or not grouped.all():
        return False
    whole = cells[~pointed & cells.str.contains(r"\d")]
    return bool(len(whole) and whole.str.fullmatch(SMALL).all())


def _counts(cells: pd.Series) -> Iterator[tuple[str, int]]:
    """Yield the different cells, the most frequent first."""
    counts = cells.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    for cell, count in counts.items():
        yield str(cell), int(count)


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def _shown(cell: Any) -> str:
    text = str(cell)
    return repr(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
