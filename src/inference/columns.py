"""Encode records as the model's encoder does, from its description alone."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from src.data.expressions import Expression
from src.data.features import Category, Feature, Integer, Number
from src.data.kinds.spelling import canonical_keys
from src.data.schema import Dataset
from src.inference.cells import Cells
from src.inference.scalar_expressions import Getter, Record, compiled
from src.inference.text_columns import Words

Matrix = np.ndarray
Arrays = Mapping[str, np.ndarray]
Reader = Callable[[Cells], np.ndarray]


@dataclass(frozen=True)
class Numeric:
    """A numeric column: functions for one record and for many."""

    name: str
    first: int
    one: Getter
    many: Reader
    width: int = 1


@dataclass(frozen=True)
class Levels:
    """The columns of a category: a row of `table` for each level, `unknown` for any other value."""

    name: str
    first: int
    at: int  # in the record
    rows: dict[str | None, int]
    unknown: int
    table: np.ndarray

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return int(self.table.shape[1])

    def row_of(self, level: str | None) -> int:
        """Return the row of a level."""
        return self.rows.get(level, self.unknown)

    @functools.cached_property
    def lists(self) -> list[list[float]]:
        """The rows of the table, for one record."""
        rows: list[list[float]] = self.table.tolist()
        return rows


@dataclass(frozen=True)
class Columns:
    """The columns of a model: numbers and categories first, then text."""

    parts: list[Numeric | Levels] = field(default_factory=list)
    texts: list[Words] = field(default_factory=list)

    @property
    def dense(self) -> int:
        """Return the number of columns before those of text."""
        return self.parts[-1].first + self.parts[-1].width if self.parts else 0

    @property
    def width(self) -> int:
        """Return the number of all columns."""
        return self.dense + sum(text.width for text in self.texts)

    def matrix(self, cells: Cells) -> Matrix:
        """Encode all columns of records but text; shape (rows, dense)."""
        matrix = np.empty((cells.count, self.dense))
        for part in self.parts:
            if isinstance(part, Numeric):
                matrix[:, part.first] = part.many(cells)
            else:
                rows = cells.mapped(part.at, part.row_of)
                matrix[:, part.first : part.first + part.width] = part.table[rows]
        return matrix

    def row(self, record: Record) -> list[float]:
        """Encode all columns of one record but text, as `matrix` does, without numpy's overhead."""
        row: list[float] = []
        for part in self.parts:
            if isinstance(part, Numeric):
                row.append(part.one(record))
            else:
                row += part.lists[part.row_of(record[part.at])]
        return row

    def words(self, record: Record) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns of a record's words and their weights."""
        weighed = [text.weigh(record) for text in self.texts]
        return np.concatenate([at for at, _ in weighed]), np.concatenate([w for _, w in weighed])


def build(spec: Mapping[str, Any], arrays: Arrays, dataset: Dataset) -> Columns:
    """Build the columns that a description names."""
    columns = Columns()
    at = {name: position for position, name in enumerate(dataset.features)}
    computed, ones, manies = dataset.computed(), getters(dataset), _readers(dataset)
    for part in spec["columns"]:
        name = part["name"]
        if part["kind"] == "words":
            columns.texts.append(Words.build(part, arrays, at[name], columns.width))
        elif part["kind"] == "levels":
            rows = canonical_keys(dict(zip(part["levels"], part["rows"], strict=True)))
            rows[None] = rows.get(spec["missing"], part["unknown"])
            table = arrays[part["array"]]
            levels = Levels(name, columns.dense, at[name], rows, part["unknown"], table)
            columns.parts.append(levels)
        else:
            columns.parts.append(_number(part, columns.dense, computed, ones, manies))
    return columns


def getters(dataset: Dataset) -> dict[str, Getter]:
    """Return a function of a record for each feature that arithmetic may use, by name."""
    by_name: dict[str, Getter] = {}
    for at, (name, feature) in enumerate(dataset.features.items()):
        if isinstance(feature, Category) and feature.order is not None:
            by_name[name] = _ranked(at, feature.ranks())
        elif isinstance(feature, Number | Integer):
            by_name[name] = _optional(at) if feature.optional else itemgetter(at)
    return by_name


def _ranked(at: int, rank: dict[str, float]) -> Getter:
    return lambda record: rank.get(record[at], math.nan)


def _optional(at: int) -> Getter:
    return lambda record: math.nan if record[at] is None else record[at]


def _number(
    part: Mapping[str, Any],
    first: int,
    computed: Mapping[str, str],
    ones: Mapping[str, Getter],
    manies: Mapping[str, Reader],
) -> Numeric:
    name = part["name"]
    if name in computed:
        one, many = _derived(Expression(computed[name]), ones, manies)
    else:
        one, many = ones[name], manies[name]
    if part["fill"] is None and part["mean"] is None:
        return Numeric(name, first, one, many)
    return Numeric(name, first, *_scaled(part, one, many))


def _derived(
    expression: Expression, ones: Mapping[str, Getter], manies: Mapping[str, Reader]
) -> tuple[Getter, Reader]:
    """Return the functions of a derived column, for one record and for many."""
    used = {column: manies[column] for column in expression.names}

    def many(cells: Cells) -> np.ndarray:
        values = expression({column: read(cells) for column, read in used.items()})
        return np.broadcast_to(values, (cells.count,))

    return compiled(expression, ones), many


def _readers(dataset: Dataset) -> dict[str, Reader]:
    """Return a function that converts the cells of each feature to float64."""
    features = enumerate(dataset.features.items())
    return {name: _reader(at, feature) for at, (name, feature) in features}


def _reader(at: int, feature: Feature) -> Reader:
    if isinstance(feature, Category):
        rank = feature.ranks()
        return lambda cells: cells.mapped(at, lambda level: rank.get(level, math.nan))
    return lambda cells: cells.numbers(at)


def _scaled(part: Mapping[str, Any], one: Getter, many: Any) -> tuple[Getter, Any]:
    fill = math.nan if part["fill"] is None else part["fill"]
    mean = 0.0 if part["mean"] is None else part["mean"]
    scale = 1.0 if part["scale"] is None else part["scale"]

    def scaled(record: Record) -> float:
        value = one(record)
        return float(((value if value == value else fill) - mean) / scale)

    def all_scaled(cells: Cells) -> np.ndarray:
        values = many(cells)
        return (np.where(np.isnan(values), fill, values) - mean) / scale

    return scaled, all_scaled
