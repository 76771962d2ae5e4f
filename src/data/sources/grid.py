"""Columns of text that are filled a batch of rows at a time, so that rows need no second copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from src.data.sources.raw import LINE, Fault

TEXT = pa.large_string()
BATCH = 200_000  # cells


@dataclass(frozen=True)
class Grid:
    """A table of text under its header as it stands, and the place of each row.

    `ahead` has the first rows, each with how many lines to skip for it to be the header.
    """

    names: list[str]
    columns: list[pa.ChunkedArray]
    places: pd.Index
    faults: dict[object, Fault] = field(default_factory=dict)
    ahead: Sequence[tuple[int, list[str]]] = ()


class Filling:
    """Columns that grow; rows are of text and as wide as the table."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._chunks: list[list[pa.Array]] = [[] for _ in range(width)]
        self._rows: list[Sequence[str]] = []
        self._places: list[np.ndarray] = []
        self._waiting: list[int] = []
        self._batch = _batch(width)

    def widen(self, width: int) -> None:
        """Add columns, empty in the rows so far."""
        self._flush()
        rows = sum(map(len, self._places))
        for _ in range(width - self._width):
            self._chunks.append([pa.repeat(pa.scalar("", TEXT), rows)] if rows else [])
        self._width = width
        self._batch = _batch(width)

    def add(self, row: Sequence[str], place: int) -> None:
        """Add a row."""
        self._rows.append(row)
        self._waiting.append(place)
        if len(self._rows) >= self._batch:
            self._flush()

    def add_columns(self, columns: Iterable[pa.ChunkedArray], places: range) -> None:
        """Add rows that are columns already."""
        self._flush()
        for chunks, column in zip(self._chunks, columns, strict=True):
            chunks.extend(column.chunks)
        self._places.append(np.arange(places.start, places.stop))

    def _flush(self) -> None:
        if not self._rows:
            return
        for chunks, cells in zip(self._chunks, zip(*self._rows, strict=True), strict=True):
            chunks.append(pa.array(cells, TEXT))
        self._places.append(np.array(self._waiting, dtype=np.int64))
        self._rows, self._waiting = [], []

    def __len__(self) -> int:
        return sum(map(len, self._places)) + len(self._rows)

    def columns(self) -> list[pa.ChunkedArray]:
        """Return the columns."""
        self._flush()
        return joined(self._chunks)

    def places(self) -> pd.Index:
        """Return the place of each row."""
        self._flush()
        if not self._places:
            return pd.RangeIndex(0, name=LINE)
        places = np.concatenate(self._places)
        if places[-1] - places[0] + 1 == len(places):  # they only rise
            return pd.RangeIndex(int(places[0]), int(places[-1]) + 1, name=LINE)
        return pd.Index(places, name=LINE)


def _batch(width: int) -> int:
    return max(1, BATCH // max(width, 1))


def joined(columns: Iterable[list[pa.Array]]) -> list[pa.ChunkedArray]:
    """Return columns, each in one piece; what they were made of goes as it is taken over."""
    whole = []
    for chunks in columns:
        pieces = [chunk.cast(TEXT) for chunk in chunks]
        chunks.clear()
        whole.append(pa.chunked_array([pa.concat_arrays(pieces)] if pieces else [], TEXT))
    return whole
