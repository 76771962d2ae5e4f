"""A checksum of each row of the log: SQLite's check of its file looks at no cell's content."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import peewee

from app.store.tables import BatchPrediction, Request

Row = Sequence[Any]
CHUNK = 1000  # rows that are read at once: no read stays open for long
# What is written when an answer ends, what PostgreSQL rounds, and the checksum itself.
LEFT_OUT = ("delivery", "milliseconds", "checksum")
_encode = msgspec.msgpack.Encoder().encode


class RowChecksums:
    """Computes and checks the checksums of one table's rows."""

    def __init__(self, table: type[peewee.Model]) -> None:
        self._table = table
        names = [field.column_name for field in table._meta.sorted_fields]
        self._kept = [name for name in names if name not in LEFT_OUT]
        # Called for every request, and quicker than anything that is written out.
        self._values = itemgetter(*(names.index(name) for name in self._kept))

    def with_checksum(self, row: Row) -> tuple[Any, ...]:
        """Return a row, in the order of the table's columns, with its checksum after it."""
        return (*row, _checksum(self._values(row)))

    def damaged(self, database: peewee.Database) -> Iterator[str]:
        """Yield in words which rows of a SQLite database are not what was stored.

        Those that were stored before there were checksums are passed over.
        """
        name = self._table._meta.table_name
        columns = ", ".join(f'"{column}"' for column in ("id", "checksum", *self._kept))
        sql = f'SELECT {columns} FROM "{name}" WHERE id > ? ORDER BY id LIMIT {CHUNK}'  # noqa: S608
        last = ""
        while rows := database.execute_sql(sql, (last,)).fetchall():
            for number, checksum, *row in rows:
                if checksum is not None and _checksum(row) != checksum:
                    yield f"the row {number} of {name} is not what was stored"
            last = rows[-1][0]


def _checksum(row: Row) -> int:
    return zlib.crc32(_encode(row))


OF_REQUESTS, OF_PREDICTIONS = RowChecksums(Request), RowChecksums(BatchPrediction)
