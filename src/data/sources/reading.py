"""A source of any kind -> rows of text with their places: what everybody else reads by."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from src.data.sources import (
    addresses,
    compressed,
    csv_table,
    databases,
    excel,
    headers,
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

BATCH = 2**18  # rows
Columns = Sequence[str] | Mapping[str, str]  # or by the name that is asked for: the source's own


def read(source: str, *, columns: Columns, **options: Any) -> Raw:
    """Read a source, every cell as text; `options` are those of `Options`.

    Returns the `columns` in their order, indexed by the line (row, element) on which a row begins.
    Raises UserError if the source cannot be read, is no table by these options, or lacks a column;
    warns about extra columns.
    """
    asked, told = _asked(columns), Options(**options)
    if addresses.scheme(source) in addresses.DATABASES:
        return _database(source, asked, told)
    paths = several.paths(source)
    if paths is not None:
        return several.joined([_file(path, asked, told) for path in paths], paths)
    return _file(source, asked, told)


class Stream:
    """The rows of a source a batch at a time, as `read` gives them at once.

    `rows` is about how many there are in a batch: CSV and Parquet are read so, and anything else is
    one. `md5` is there when the last batch is.
    """

    def __init__(
        self, source: str, *, columns: Columns, rows: float = BATCH, **options: Any
    ) -> None:
        self._source, self._rows = source, rows
        self._columns, self._options = _asked(columns), Options(**options)
        self.md5 = ""

    def __iter__(self) -> Iterator[Raw]:
        if addresses.scheme(self._source) in addresses.DATABASES:
            raw = _database(self._source, self._columns, self._options)
            self.md5 = raw.md5
            yield raw
            return
        paths = several.paths(self._source)
        yield from self._of_file(self._source) if paths is None else self._of_several(paths)

    def _of_file(self, path: str) -> Iterator[Raw]:
        with addresses.open_file(path) as file:
            for raw in _batches(file, path, self._columns, self._options, self._rows):
                self.md5 = raw.md5
                yield raw

    def _of_several(self, paths: Sequence[str]) -> Iterator[Raw]:
        columns: list[str] = []
        md5s: list[str] = []
        for path in paths:
            for raw in self._of_file(path):
                columns = columns or list(raw.whole.columns)
                several.check_columns(raw, path, columns, paths[0])
                yield several.named_by(raw, path, columns)
            md5s.append(self.md5)
        self.md5 = several.together(md5s)


def parse(data: bytes, source: str, *, columns: Columns, **options: Any) -> Raw:
    """Parse bytes as `read` does; `source` is their name in errors."""
    return _opened(io.BytesIO(data), source, _asked(columns), Options(**options))


def fetch(source: str) -> bytes:
    """Return the bytes at a path or an address."""
    with addresses.open_file(source) as file:
        return file.read()


def _database(source: str, columns: Mapping[str, str], options: Options) -> Raw:
    grid = databases.read(source, options)
    return raw_of(grid, addresses.shown(source), columns, options, md5=None, kind="database")


def _asked(columns: Columns) -> Mapping[str, str]:
    return columns if isinstance(columns, Mapping) else {name: name for name in columns}


def _file(source: str, columns: Mapping[str, str], options: Options) -> Raw:
    with addresses.open_file(source) as file:
        return _opened(file, source, columns, options)


def read_file(file: BinaryIO, source: str, *, columns: Columns, **options: Any) -> Raw:
    """Read an open file as `read` does; `source` is its name in errors."""
    return _opened(file, source, _asked(columns), Options(**options))


def _opened(file: BinaryIO, source: str, columns: Mapping[str, str], options: Options) -> Raw:
    return next(_batches(file, source, columns, options, math.inf))


def _batches(
    file: BinaryIO, source: str, columns: Mapping[str, str], options: Options, rows: float
) -> Iterator[Raw]:
    md5 = files.md5(file)
    matched = None
    with content(file, source) as (kind, inside, _):
        for grid in _grids(inside, kind, source, options, rows):
            matched = matched or headers.matched(grid, source, columns, options)
            yield raw_of(grid, source, columns, options, md5=md5, kind=kind, matched=matched)


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


def _grids(file: BinaryIO, kind: str, source: str, options: Options, rows: float) -> Iterator[Grid]:
    kinds.tell(kind, source)
    if kind == kinds.PARQUET:
        yield from parquet.batches(file, source, rows)
    elif kind == kinds.EXCEL:
        yield excel.read(file, source, options)
    elif kind == kinds.JSON:
        yield json_rows.read(file, source)
    else:
        yield from csv_table.batches(file, source, options, rows)
