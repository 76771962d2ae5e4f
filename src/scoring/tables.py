"""Rows of a source with answers beside them, as a CSV in the dataset's dialect or as Parquet."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from src.data.kinds import spreadsheet
from src.inference.answer_cells import WHY, AnswerCells
from src.scoring.slices import TEXT, Slice
from src.support import files

Format = Literal["parquet", "csv"]
END = "\r\n"
NUMBERS = ("probability", "threshold")  # of a class


@dataclass(frozen=True)
class Scored:
    """Rows, the columns of the answers by name, their rows' positions, and why others have none."""

    rows: Slice
    columns: Mapping[str, Any]
    places: np.ndarray
    refused: Mapping[int, str]

    def spread(self, values: Any) -> pa.Array:
        """Put the values of answers beside their rows; others have none."""
        array = pa.array(values)
        if len(self.places) == len(self.rows):
            return array
        at = np.full(len(self.rows), -1, dtype=np.int64)
        at[self.places] = np.arange(len(self.places))
        return array.take(pa.array(at, mask=at < 0))

    def why(self) -> pa.Array:
        """Say beside each refused row why it is."""
        words: list[str | None] = [None] * len(self.rows)
        for at, said in self.refused.items():
            words[at] = said
        return pa.array(words, pa.string())


def without_rows(
    names: Sequence[str], cells: AnswerCells, classes: Sequence[Any] | None
) -> dict[str, Any]:
    """Return columns of answers to no rows, of the types that they have with rows."""
    columns: dict[str, Any] = {name: [] for name in names}
    numbers = cells.names if classes is None else NUMBERS
    columns |= {name: np.empty(0) for name in numbers if name in columns}
    if "abstains" in columns:
        columns["abstains"] = np.empty(0, dtype=bool)
    if classes is not None and isinstance(classes[0], int):
        columns[cells.target] = np.empty(0, dtype=type(classes[0]))
    return columns


def parquet_bytes(scored: Scored, header: Sequence[str]) -> bytes:
    """Write rows as Parquet: the source's as text, numbers of answers as numbers."""
    own = [column.cast(pa.string()) for column in scored.rows.table.columns]
    answers = [scored.spread(values) for values in scored.columns.values()]
    answers = [one.cast(pa.string()) if pa.types.is_null(one.type) else one for one in answers]
    data = io.BytesIO()
    table = pa.Table.from_arrays([*own, *answers, scored.why()], names=list(header))
    parquet.write_table(table, data, compression="zstd")
    return data.getvalue()


def csv_head(header: Sequence[str], separator: str) -> bytes:
    """Write the header of a CSV."""
    return files.csv_text([header], separator, END).encode()


def csv_bytes(scored: Scored, cells: AnswerCells, separator: str) -> bytes:
    """Write rows as lines of a CSV, as the service writes them."""
    columns: list[Any] = list(scored.rows.table.columns)
    for name, values in scored.columns.items():
        write = _writer(name, cells, values)
        texts = pa.array(values if write is None else list(map(write, _listed(values))), TEXT)
        columns.append(pc.fill_null(scored.spread(texts), ""))
    columns.append(pc.fill_null(scored.why().cast(TEXT), ""))
    quoted = [_quoted(_whole(column), separator) for column in columns]
    quoted[-1] = pc.binary_join_element_wise(quoted[-1], pa.scalar("", TEXT), pa.scalar(END, TEXT))
    lines = pc.binary_join_element_wise(*quoted, pa.scalar(separator, TEXT))
    first, last = np.frombuffer(lines.buffers()[1], np.int64)[[0, len(lines)]]
    return memoryview(lines.buffers()[2])[first:last].tobytes()


def _writer(name: str, cells: AnswerCells, values: Any) -> Callable[[Any], str] | None:
    """Return what writes a column of answers; None of one that is text."""
    if name in NUMBERS:
        return cells.chance
    if name == "abstains":
        return cells.flag
    if name == WHY:
        return spreadsheet.text_cell
    if isinstance(values, np.ndarray):
        return cells.value
    return str if name == cells.target else None


def _listed(values: Any) -> Sequence[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else values


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _quoted(texts: pa.Array, separator: str) -> pa.Array:
    """Quote the cells of text that need it, as Python's writer does."""
    is_odd = pc.match_substring_regex(texts, f'[{re.escape(separator)}"\n\r]')
    if not pc.any(is_odd).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    quote = pa.scalar('"', TEXT)
    return pc.if_else(
        is_odd, pc.binary_join_element_wise(quote, doubled, quote, pa.scalar("", TEXT)), texts
    )
