"""Rows in batches of columns, each of whose different cells is held, and judged, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_numeric_dtype

TEXT = pa.large_string()
_STR = pd.StringDtype("pyarrow", na_value=np.nan)


@dataclass(frozen=True)
class Column:
    """The number of each row's cell, shape (rows,), and the cells by their number."""

    codes: np.ndarray
    cells: pd.Series

    @classmethod
    def of(cls, cells: pd.Series) -> Column:
        """Give the cells of a column numbers by what they hold, in the order in which they come."""
        codes, different = pd.factorize(cells, use_na_sentinel=False)
        return cls(codes.astype(_smallest(len(different))), pd.Series(different))

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def stripped(self) -> pd.Series:
        """The different cells of a column of text without space around them."""
        return self.cells.str.strip()

    def take(self, at: np.ndarray | slice) -> Column:
        """Return the cells of some rows, by a mask or by positions."""
        return Column(self.codes[at], self.cells)

    def whole(self) -> np.ndarray | pa.Array:
        """Return the cell of each row: a number, or text."""
        if is_numeric_dtype(self.cells):
            return self.cells.to_numpy()[self.codes]
        return self.texts().take(pa.array(self.codes))

    def texts(self) -> pa.Array:
        """Return the different cells of a column of words as Arrow has them."""
        return pa.array(self.cells, TEXT, from_pandas=True)

    def counts(self) -> np.ndarray:
        """Count the rows of each different cell."""
        return np.bincount(self.codes, minlength=len(self.cells))

    def counted(self, at: np.ndarray) -> Iterator[tuple[str, int]]:
        """Yield the different cells of the rows at these positions, as they come, and how many."""
        codes, first, counts = np.unique(self.codes[at], return_index=True, return_counts=True)
        for place in np.argsort(first):
            yield self.cells.iloc[codes[place]], int(counts[place])


def _smallest(count: int) -> type[np.signedinteger]:
    return next(
        kind for kind in (np.int8, np.int16, np.int32, np.int64) if count <= np.iinfo(kind).max
    )


@dataclass(frozen=True)
class Batch:
    """Rows, by the name of each column, and the place of each row."""

    columns: Mapping[str, Column]
    index: pd.Index

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Batch:
        """Take the rows of a frame."""
        return cls({name: Column.of(frame[name]) for name in frame}, frame.index)

    def __len__(self) -> int:
        return len(self.index)

    def take(self, at: np.ndarray | slice) -> Batch:
        """Return some rows, by a mask or by positions."""
        columns = {name: column.take(at) for name, column in self.columns.items()}
        return Batch(columns, self.index[at])


class Rows:
    """Batches as one table: of what frames can do, the part that needs no second copy of all."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = [one for one in batches if len(one)] or list(batches[:1])

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Rows:
        """Take the rows of a frame."""
        return cls([Batch.of(frame)])

    def __len__(self) -> int:
        return sum(map(len, self.batches))

    @property
    def empty(self) -> bool:
        """Tell whether there is no row."""
        return not len(self)

    @property
    def columns(self) -> list[str]:
        """List the names of the columns."""
        return list(self.batches[0].columns) if self.batches else []

    @property
    def index(self) -> pd.Index:
        """The place of each row."""
        first, *others = [batch.index for batch in self.batches]
        return first.append(others) if others else first

    def __getitem__(self, name: str) -> pd.Series:
        return pd.Series(self._whole(name), index=self.index, name=name, copy=False)

    def most_different(self, name: str) -> int:
        """Return how many different cells a column has at most."""
        return sum(len(batch.columns[name].cells) for batch in self.batches)

    def frame(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows, or some columns of them, as a frame."""
        if not self.batches:
            return pd.DataFrame()
        wanted = self.columns if names is None else names
        whole = {name: self._whole(name) for name in wanted}
        return pd.DataFrame(whole, index=self.index, copy=False)

    def assign(self, **columns: pd.Series) -> Rows:
        """Return the rows with other cells in some columns."""
        ends = np.cumsum([len(batch) for batch in self.batches])
        fresh = []
        for batch, end in zip(self.batches, ends, strict=True):
            own = {
                name: Column.of(cells.iloc[end - len(batch) : end])
                for name, cells in columns.items()
            }
            fresh.append(Batch({**batch.columns, **own}, batch.index))
        return Rows(fresh)

    def _whole(self, name: str) -> np.ndarray | pd.arrays.ArrowStringArray:
        parts = [batch.columns[name].whole() for batch in self.batches]
        if isinstance(parts[0], np.ndarray):
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
        return pd.arrays.ArrowStringArray(pa.chunked_array(parts, TEXT), dtype=_STR)

    def take(self, at: np.ndarray) -> Rows:
        """Return some rows, by a mask or by positions, in the order of these."""
        if at.dtype == np.bool_:
            mask = at
        elif len(at) > 1 and (np.diff(at) <= 0).any():
            return Rows.of(self.frame().iloc[at])
        else:
            mask = np.zeros(len(self), dtype=bool)
            mask[at] = True
        ends = np.cumsum([len(batch) for batch in self.batches])
        return Rows([
            batch.take(mask[end - len(batch) : end])
            for batch, end in zip(self.batches, ends, strict=True)
        ])  # fmt: skip


Table = TypeVar("Table", pd.DataFrame, Rows)


def frame_of(rows: pd.DataFrame | Rows, names: Sequence[str]) -> pd.DataFrame:
    """Return some columns as a frame."""
    return rows.frame(names) if isinstance(rows, Rows) else rows[list(names)]


def batches_of(rows: pd.DataFrame | Rows, names: Sequence[str]) -> Sequence[Batch]:
    """Return rows a batch at a time, with some columns at least."""
    return rows.batches if isinstance(rows, Rows) else [Batch.of(rows[list(names)])]
