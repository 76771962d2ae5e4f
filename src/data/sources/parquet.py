"""Parquet -> a grid of text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from src.data.sources import spelling
from src.data.sources.compressed import check_size
from src.data.sources.grid import Grid, joined
from src.data.sources.headers import check_width
from src.data.sources.json_rows import DEEPEST
from src.data.sources.raw import LINE
from src.support.errors import UserError

MOST_RATIO = 5_000  # a column of few values is next to nothing
BATCH = 2**14  # rows


def read(file: BinaryIO, source: str) -> Grid:
    """Read a Parquet file; its rows are numbered from 1."""
    return next(batches(file, source, math.inf))


def batches(file: BinaryIO, source: str, rows: float) -> Iterator[Grid]:
    """Yield the table in parts, each of so many rows or a little more; one without rows is one."""
    packed = file.seek(0, 2)
    total = start = count = 0
    try:
        whole = parquet.ParquetFile(file)
        names = [str(name) for name in _flat(whole.schema_arrow.empty_table()).column_names]
        check_width(names, source)
        chunks: list[list[pa.Array]] = [[] for _ in names]
        for batch in whole.iter_batches(BATCH, use_threads=False):
            table = _flat(pa.Table.from_batches([batch]))
            for into, column in zip(chunks, table.columns, strict=True):
                texts = spelling.column(column).combine_chunks()
                into.append(texts)
                total += texts.nbytes
            count += len(batch)
            check_size(total, packed, source, MOST_RATIO)
            if count - start >= rows:
                yield Grid(names, joined(chunks), _places(start, count))
                start = count
    except (pa.ArrowException, OSError, MemoryError, UnicodeError) as error:
        reason = (str(error).splitlines() or ["it does not fit into memory"])[0]
        raise UserError(
            "The source is a broken Parquet file.",
            given=f"{source} ({reason[:200]})",
            fix="copy or download it again",
        ) from None
    if not start or count > start:
        yield Grid(names, joined(chunks), _places(start, count))


def _flat(table: pa.Table) -> pa.Table:
    """Return a table in which fields of structs are columns of their own, such as a.b."""
    for _ in range(DEEPEST - 1):
        if not any(pa.types.is_struct(field.type) for field in table.schema):
            break
        table = table.flatten()
    return table


def _places(start: int, stop: int) -> pd.RangeIndex:
    return pd.RangeIndex(start + 1, stop + 1, name=LINE)
