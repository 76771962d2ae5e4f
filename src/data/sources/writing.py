"""Rows of text -> a file that is read back as them: a CSV in a dataset's dialect, or Parquet."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

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
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    data = io.BytesIO()
    parquet.write_table(table, data, compression="zstd")
    return data.getvalue()
