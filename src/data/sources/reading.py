"""A source of any kind -> rows of text with their places: what everybody else reads by."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from src.data.sources import (
    addresses,
    compressed,
    csv_table,
    databases,
    excel,
    json_rows,
    kinds,
    parquet,
    several,
)
from src.data.sources.frames import raw_of
from src.data.sources.grid import Grid
from src.data.sources.options import Options
from src.data.sources.raw import Raw
from src.support import files
from src.support.errors import UserError

Columns = Sequence[str] | Mapping[str, str]  # or by the name that is asked for: the source's own


def read(source: str, *, columns: Columns, **options: Any) -> Raw:
    """Read a source, every cell as text; `options` are those of `Options`.

    Returns the `columns` in their order, indexed by the line (row, element) on which a row begins.
    Raises UserError if the source cannot be read, is no table by these options, or lacks a column;
    warns about extra columns.
    """
    asked, told = _asked(columns), Options(**options)
    if addresses.scheme(source) in addresses.DATABASES:
        grid = databases.read(source, told)
        shown = databases.masked(source)
        return raw_of(grid, shown, asked, told, md5=None, kind="database")
    paths = several.paths(source)
    if paths is not None:
        return several.joined([_file(path, asked, told) for path in paths], paths)
    return _file(source, asked, told)


def parse(data: bytes, source: str, *, columns: Columns, **options: Any) -> Raw:
    """Parse bytes as `read` does; `source` is their name in errors."""
    return _opened(io.BytesIO(data), source, _asked(columns), Options(**options))


def fetch(source: str) -> bytes:
    """Return the bytes at a path or an address."""
    with addresses.open_file(source) as file:
        return file.read()


def _asked(columns: Columns) -> Mapping[str, str]:
    return columns if isinstance(columns, Mapping) else {name: name for name in columns}


def _file(source: str, columns: Mapping[str, str], options: Options) -> Raw:
    with addresses.open_file(source) as file:
        return _opened(file, source, columns, options)


def read_file(file: BinaryIO, source: str, *, columns: Columns, **options: Any) -> Raw:
    """Read an open file as `read` does; `source` is its name in errors."""
    return _opened(file, source, _asked(columns), Options(**options))


def _opened(file: BinaryIO, source: str, columns: Mapping[str, str], options: Options) -> Raw:
    md5 = files.md5(file)
    with content(file, source) as (kind, inside, _):
        grid = _grid(inside, kind, source, options)
    return raw_of(grid, source, columns, options, md5=md5, kind=kind)


@contextmanager
def content(file: BinaryIO, source: str) -> Iterator[tuple[str, BinaryIO, bool]]:
    """Open what is packed: its kind, its content, and whether it was packed at all."""
    kind = kinds.recognised(file, source)
    if kind not in compressed.OPENERS:
        yield kind, file, False
        return
    with compressed.expand(file, kind, source) as inside:
        kind = kinds.recognised(inside, source)
        if kind in compressed.OPENERS:
            raise UserError("The source is packed twice.", given=source, fix="unpack it once")
        yield kind, inside, True


def _grid(file: BinaryIO, kind: str, source: str, options: Options) -> Grid:
    kinds.tell(kind, source)
    if kind == kinds.PARQUET:
        return parquet.read(file, source)
    if kind == kinds.EXCEL:
        return excel.read(file, source, options)
    if kind == kinds.JSON:
        return json_rows.read(file, source)
    return csv_table.read(file, source, options)
