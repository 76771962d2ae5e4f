"""What is odd about the cells of a column, how many they are, and which keys mend it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from src.data.coded import Batch, Column, Rows
from src.data.features import Boolean, Bounds, Category, Integer, Number, Temporal, Text
from src.data.kinds import cell_formats
from src.data.schema import Dataset, Target
from src.support.errors import did_you_mean

SHOWN = 3  # values in a sentence
LONGEST = 40  # characters of a cell in a sentence
FEW = 50  # different words that may be the values of a category
FREQUENT = 0.01  # share of the rows from which on it is told as one
FIRST = 100_000  # rows in which it is seen how cells are written
GLANCED = 1000  # cells that are looked at before all are
LEAST_GROUPED = 3  # cells such as 5.000 before the point is suspected to group thousands
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
SMALL = re.compile(r"[+-]?\d{1,3}")


class Cells:
    """What has to be known of the cells of a table, of which rows come a batch at a time.

    It is the first rows as they stand, and of all rows counts and the cells that break a rule.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.rows = 0
        self.broken: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.words: dict[str, Counter[str]] = defaultdict(Counter)  # that count as missing
        self.present: Counter[str] = Counter()  # cells that hold something, by column
        self._first: list[Batch] = []

    def add(self, texts: Batch, broken: Mapping[tuple[str, str], np.ndarray]) -> None:
        """Take rows; `broken` has the positions of cells that break a rule, by column and rule."""
        left = FIRST - self.rows
        if left > 0:
            self._first.append(texts.take(np.arange(min(left, len(texts)))))
        self.rows += len(texts)
        for (name, rule), positions in broken.items():
            for cell, count in texts.columns[name].counted(positions):
                self.broken[name, rule][cell] += count
        for name in self.dataset.columns():
            column = texts.columns[name]
            markers = self.dataset.markers(name)
            missing = column.counts()[column.stripped.isin(markers).to_numpy()].sum()
            self.present[name] += len(texts) - int(missing)
            if name != self.dataset.target.name:
                self.add_words(name, column)

    def add_words(self, name: str, column: Column) -> None:
        """Count the words of a column that count as missing."""
        at = np.flatnonzero(column.stripped.isin(set(self.dataset.markers(name)) - {""}))
        if not len(at):
            return
        for word, count in zip(column.stripped.iloc[at], column.counts()[at], strict=True):
            if count:
                self.words[name][word] += int(count)

    @cached_property
    def first(self) -> pd.DataFrame:
        """The first rows, as text; to be asked for when all rows are there."""
        return Rows(self._first).frame()

    def ranked(self) -> list[tuple[str, str]]:
        """List columns and rules, those first that most cells break."""
        names, rules = self.dataset.columns(), list(_LOOKS)

        def rank(one: tuple[str, str]) -> tuple[int, int, int]:
            name, rule = one
            at = rules.index(rule) if rule in rules else len(rules)
            return -self.broken[one].total(), names.index(name), at

        return sorted(self.broken, key=rank)


@dataclass(frozen=True)
class _Column:
    """A column's name and what it is, and its cells that break a rule, as in the source."""

    name: str
    kind: Any  # a feature, the target, or None for neither
    cells: Cells
    broken: Counter[str]

    @property
    def count(self) -> int:
        return self.broken.total()

    @property
    def counted(self) -> str:
        return "1 cell is" if self.count == 1 else f"{self.count:,} cells are"

    @property
    def of_all(self) -> str:
        return f"{self.count:,} of {self.cells.rows:,} cells are"

    @property
    def example(self) -> str:
        return f"like {_shown(next(iter(self.broken)))}"

    @property
    def present(self) -> list[str]:
        """Different cells that hold something: of the first rows, and of those that are broken."""
        cells = pd.concat([self.cells.first[self.name], pd.Series(list(self.broken), dtype="str")])
        every = cells.str.strip().unique()
        markers = set(self.cells.dataset.markers(self.name))
        return [cell for cell in every.tolist() if cell not in markers]


def diagnose(cells: Cells) -> list[str]:
    """Say in a sentence each what is wrong with columns, the most frequent first.

    After that it is said what may have been misread though it breaks no rule. How cells are written
    is seen in the first rows, and in those cells that break a rule.
    """
    dataset, said = cells.dataset, []
    for name, rule in cells.ranked():
        column = _Column(name, _kind(name, dataset), cells, cells.broken[name, rule])
        said += list(_LOOKS.get(rule, _otherwise)(column, dataset))
    optional = [name for name in dataset.source_features() if (name, "missing") not in cells.broken]
    for name in optional:
        said += list(taken_as_missing(name, cells))
    first = cells.first
    return [*said, *_nothing(cells), *_misread(first, dataset), *_rounded(first, dataset)]


def _kind(name: str, dataset: Dataset) -> Any:
    return dataset.target if name == dataset.target.name else dataset.features.get(name)


def taken_as_missing(name: str, cells: Cells) -> Iterator[str]:
    """Name the words of a column of words that count as missing, unless the YAML lists them."""
    dataset = cells.dataset
    kind = _kind(name, dataset)
    is_own = getattr(kind, "missing", None) is not None or dataset.missing != _usual_missing()
    is_number = isinstance(kind, Number | Integer | Boolean) or (
        isinstance(kind, Target) and dataset.task == "regression"
    )
    if kind is None or is_own or is_number:
        return
    values = kind.listed() if isinstance(kind, Category) else getattr(kind, "values", None)
    listed = set(map(str, values or ()))
    counts = {word: count for word, count in cells.words[name].items() if word not in listed}
    for word, count in _most_frequent(counts):
        add = "list it in values, or set" if isinstance(kind, Category | Target) else "set"
        how_many = _counted(count, "cell")
        yield (
            f"{_shown(word)} counts as missing in `{name}` ({how_many}): where it is a value, "
            f"{add} `missing`"
        )


@cache
def _usual_missing() -> Any:
    return next(one.default for one in msgspec.structs.fields(Dataset) if one.name == "missing")


def _missing(column: _Column, _: Dataset) -> Iterator[str]:
    named = list(taken_as_missing(column.name, column.cells))
    yield from named
    empty = sum(count for cell, count in column.broken.items() if not cell.strip())
    count = empty if named else column.count
    if not count:
        return
    share = count / column.cells.rows
    of_rows = f"{share:.0%} of the rows" if share >= FREQUENT else _counted(count, "row")
    how = f"`{column.name}` is empty in {of_rows}"
    can_be = isinstance(column.kind, Number | Integer | Category | Text)
    is_needed = can_be and column.kind.optional
    yield f"{how}: " + (
        "`optional: true`" if can_be and not is_needed else "every row needs one, by the YAML"
    )


def _no_number(column: _Column, dataset: Dataset) -> Iterator[str]:
    what = f"`{column.name}`: {column.of_all} no number, {column.example}"
    different = column.present
    how = cell_formats.number_format(different)
    if how is not None and how == dataset.written(column.name):
        yield what  # the others are written as the YAML says
        return
    keys = cell_formats.keys_of(different)
    if keys:
        yield f"{what}; add `{keys}`"
        return
    words = len({cell.strip() for cell in column.broken})
    kind = "category" if words <= FEW and words < column.count / 2 else "text"
    is_most = column.count > column.cells.present[column.name] / 2 and not isinstance(
        column.kind, Target
    )
    yield f"{what}; `type: {kind}` takes words" if is_most else what


def _no_whole_number(column: _Column, _: Dataset) -> Iterator[str]:
    yield f"`{column.name}`: {column.counted} no whole number, {column.example}; `type: number`"


def _out_of_range(column: _Column, _: Dataset) -> Iterator[str]:
    kind = column.kind
    bounds = kind.words() if isinstance(kind, Bounds) else "as the YAML has it"
    yield f"`{column.name}`: {column.counted} not {bounds}, {column.example}"


def _no_moment(column: _Column, _: Dataset) -> Iterator[str]:
    what = f"`{column.name}`: {column.of_all} no moment, {column.example}"
    different = column.present
    formats = (cell_formats.moment(different) or ("", []))[1]
    is_other = isinstance(column.kind, Temporal) and column.kind.format not in formats
    keys = cell_formats.moments(different) if is_other else None
    yield f"{what}; `{keys}`" if keys else what


def _unknown_category(column: _Column, _: Dataset) -> Iterator[str]:
    kind = column.kind
    if isinstance(kind, Boolean):
        examples = ", ".join(_shown(cell) for cell, _ in _most_frequent(column.broken)[:SHOWN])
        what = f"`{column.name}`: {column.counted} neither true nor false, like {examples}"
        yield f"{what}; `true_words` and `false_words` list what is"
        return
    listed = (kind.order or kind.values) if isinstance(kind, Category) else kind.values
    values = list(map(str, listed or ()))
    every = _most_frequent(column.broken)
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
    is_boolean = cell_formats.are_booleans(column.present)
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
    "not_a_time": _no_moment,
    "out_of_range": _out_of_range,
    "unknown_category": _unknown_category,
}


def _nothing(cells: Cells) -> Iterator[str]:
    """Name the optional features that hold nothing at all."""
    empty = [
        f"`{name}`"
        for name, feature in cells.dataset.source_features().items()
        if feature.optional and not cells.present[name]
    ]
    if empty:
        hold = "holds" if len(empty) == 1 else "hold"
        yield f"{', '.join(empty)} {hold} nothing: no model learns from what is always missing"


def _misread(raw: pd.DataFrame, dataset: Dataset) -> Iterator[str]:
    """Name columns of whole numbers whose point may group thousands, as in 5.000."""
    numbers: dict[str, Any] = {
        name: one
        for name, one in dataset.source_features().items()
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


def _most_frequent(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """List cells and how many of them there are, the most frequent first."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def _shown(cell: Any) -> str:
    text = str(cell)
    return repr(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
