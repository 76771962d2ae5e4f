"""Rows of text -> a file that is read back as them: a CSV in a dataset's dialect, or Parquet."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import parquet

from src.data.sources import spelling
from src.data.sources.headers import PREFIX, numbered
from src.data.sources.options import Options
from src.support import files


def csv_bytes(frame: pd.DataFrame, options: Options) -> bytes:
    """Return the rows as a complete CSV; lines that are skipped are empty."""
    if not options.header:
        frame = _placed(frame)
    header = [list(frame.columns)] if options.header else []
    text = "\n" * options.skip + csv_lines(header, options) + csv_lines(rows_of(frame), options)
    return text.encode(options.encoding)


def csv_lines(rows: list[list[str]], options: Options, end: str = "\n") -> str:
    """Return rows as lines of a CSV."""
    is_odd = any("\r" in cell for row in rows for cell in row)
    return files.csv_text(rows, options.separator, end, is_quoted=is_odd)


def rows_of(frame: pd.DataFrame) -> list[list[str]]:
    """Return the cells of a frame of text."""
    rows: list[list[str]] = frame.to_numpy().tolist()
    return rows


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Put columns where their numbers say, since no header will."""
    last = max(int(name.removeprefix(PREFIX)) for name in frame.columns)
    return frame.reindex(columns=numbered(last), fill_value="")


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Return the rows as Parquet, as the text that they are."""
    return _packed(pa.Table.from_pandas(frame, preserve_index=False))


def parquet_with(file: bytes, frame: pd.DataFrame, *, is_plain: bool) -> bytes:
    """Return a Parquet file with rows of text below its own, which have its columns in its order.

    A column keeps its type where all new cells are such values, else it becomes text. Where numbers
    are not written as programs write them (`is_plain`), cells have to be spelled as the type is.
    """
    had = parquet.read_table(io.BytesIO(file))
    more = pa.Table.from_pandas(frame, preserve_index=False)
    columns = [
        _below(above, below, is_plain=is_plain)
        for above, below in zip(had.columns, more.columns, strict=True)
    ]
    return _packed(pa.table(columns, names=had.column_names))


def _below(above: pa.ChunkedArray, below: pa.ChunkedArray, *, is_plain: bool) -> pa.ChunkedArray:
    """Return a column of any type with cells of text below it."""
    cells = below.cast(pa.string())
    typed = _typed(cells, above.type, is_plain=is_plain)
    if typed is None:
        above, typed = _spelled(above), cells
    return pa.chunked_array([*above.chunks, *typed.chunks], typed.type)


def _typed(cells: pa.ChunkedArray, kind: pa.DataType, *, is_plain: bool) -> pa.ChunkedArray | None:
    """Return cells of text as values of a type, an empty one as none; None where one is no such."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return cells.cast(kind)
    try:
        values = pc.if_else(pc.equal(cells, ""), None, cells).cast(kind)
        is_same = is_plain or _spelled(values).equals(cells)
    except (pa.ArrowException, NotImplementedError):
        return None
    return values if is_same else None


def _spelled(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(spelling.column(values).cast(pa.string()), "")


def _packed(table: pa.Table) -> bytes:
    table = table.replace_schema_metadata(None)
    data = io.BytesIO()
    parquet.write_table(table, data, compression="zstd")
    return data.getvalue()
