"""Rows of text -> the columns of records as a model takes them, and why others are none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from src.data.cleaning import columns
from src.data.coded import Batch, Column
from src.data.features import Integer, Number, Past, Temporal
from src.data.kinds.number_format import as_number
from src.data.schema import Dataset
from src.data.sources import Fault
from src.inference.cells import Coded, CodedCells
from src.inference.past import Past as Kept
from src.scoring.slices import Slice
from src.support.errors import UserError


class Reader:
    """Reads the rows of a dataset's sources as records; thread-safe."""

    def __init__(self, dataset: Dataset, past: Kept | None = None) -> None:
        # What else a training needs of a row, nobody asks of a record.
        self._dataset = structs.replace(dataset, key=[], group=[], weight=None)
        self._past = past
        named = dataset.source_columns()
        self._features = {name: named.get(name, name) for name in dataset.features}
        self._windows = [
            at for at, one in enumerate(dataset.features.values()) if isinstance(one, Past)
        ]

    def needed(self) -> dict[str, str]:
        """Return the columns that a source must have, by the names of the dataset."""
        optional = set(self._dataset.windows())
        return {name: own for name, own in self._features.items() if name not in optional}

    def read(self, rows: Slice) -> tuple[CodedCells, np.ndarray, dict[int, str]]:
        """Return the records, the positions of their rows, and by position what others break."""
        cells, why = self._typed(rows)
        good = np.ones(len(rows), dtype=bool)
        good[list(why)] = False
        cells, places = cells.take(good), np.flatnonzero(good)
        if self._past is None or not self._windows or not len(places):
            return cells, places, why
        return self._completed(self._past, cells, places, why)

    def _typed(self, rows: Slice) -> tuple[CodedCells, dict[int, str]]:
        numbers: dict[int, np.ndarray] = {}
        coded: dict[int, Coded] = {}
        slow: dict[str, Column] = {}
        for at, (name, own) in enumerate(self._features.items()):
            if own not in rows.names:
                numbers[at] = np.full(len(rows), np.nan)
                continue
            column = rows.table.column(rows.names.index(own))
            values = self._at_once(name, column)
            if values is None:
                slow[name] = _coded(column)
            else:
                numbers[at] = values
        index = pd.RangeIndex(len(rows))
        of_source: dict[object, Fault] = {
            at: Fault("ragged", words) for at, words in rows.faults.items()
        }
        batch, faults = columns.typed(
            Batch(slow, index), list(slow), self._dataset, of_source or None
        )
        for at, (name, feature) in enumerate(self._dataset.features.items()):
            if name not in slow:
                continue
            column_of = batch.columns[name]
            if isinstance(feature, Number | Integer):
                numbers[at] = column_of.cells.to_numpy(dtype=np.float64)[column_of.codes]
            else:
                coded[at] = (column_of.codes, _words(column_of.cells))
        why = {at: "; ".join(reasons) for at, reasons in faults.reasons.items()}
        return CodedCells(len(rows), numbers, coded), why

    def _at_once(self, name: str, column: pa.ChunkedArray) -> np.ndarray | None:
        """Return a column of plain numbers that break no rule, at once; None of any other."""
        feature = self._dataset.features[name]
        if not isinstance(feature, Number | Integer) or isinstance(feature, Temporal):
            return None
        if not self._dataset.written(name).is_plain:
            return None
        try:
            values: np.ndarray = pc.cast(column, pa.float64()).to_numpy()
        except pa.ArrowInvalid:
            return None
        words = map(as_number, self._dataset.markers(name))
        markers = [number for number in words if number is not None]
        good = (
            len(values) > 0
            and bool(np.isfinite(values).all())
            and feature.hold(float(values.min()))
            and feature.hold(float(values.max()))
            and not (markers and np.isin(values, markers).any())
            and not (isinstance(feature, Integer) and (np.floor(values) != values).any())
        )
        return values if good else None

    def _completed(
        self, past: Kept, cells: CodedCells, places: np.ndarray, why: dict[int, str]
    ) -> tuple[CodedCells, np.ndarray, dict[int, str]]:
        """Look up the past that cells do not tell: an empty one says nothing."""
        found = {at: cells.numbers(at).copy() for at in self._windows}
        known = np.ones(len(places), dtype=bool)
        for row, record in enumerate(cells.records()):
            try:
                whole = past.completed(record)
            except UserError as error:
                known[row] = False
                given = "" if error.given is None else f": {error.given}"
                why[int(places[row])] = f"{error.what.removesuffix('.')}{given}"
                continue
            for at in self._windows:
                found[at][row] = np.nan if whole[at] is None else whole[at]
        return cells.with_numbers(found).take(known), places[known], why


def _coded(column: pa.ChunkedArray) -> Column:
    """Give the cells of a column numbers, in the order in which they come."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = pd.Series(encoded.dictionary.to_pylist(), dtype="str")
    return Column(encoded.indices.to_numpy(), texts)


def _words(cells: pd.Series) -> Sequence[str | None]:
    return [cell if isinstance(cell, str) else None for cell in cells]
