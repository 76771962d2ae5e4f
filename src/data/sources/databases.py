"""A table or a query of SQLite or PostgreSQL -> a grid of text; nothing is ever written."""

from __future__ import annotations

import re
import sqlite3
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from src.data.sources import addresses
from src.data.sources.addresses import scheme
from src.data.sources.grid import Filling, Grid
from src.data.sources.headers import check_width
from src.data.sources.options import Options
from src.data.sources.spelling import cell
from src.support import extras
from src.support.errors import UserError, unknown

PATIENCE = 10  # seconds for a server to answer, or for a lock to go
BATCH = 2_000  # rows that are fetched at a time
_READS = re.compile(r"\s*(select|with|values|table)\b", re.IGNORECASE)

Answer = tuple[Sequence[str], Iterator[Sequence[Any]]]  # names of columns, and rows


def read(source: str, options: Options) -> Grid:
    """Read the rows of a table or a query, numbered from 1.

    Raises UserError where the address, the table or the query is wrong, where the database cannot
    be reached, and where a password stands in the address.
    """
    address, table = _without_table(source)
    table = options.table or table
    shown = addresses.shown(source)
    _check(address, table, options.query, shown)
    opened = _sqlite if scheme(source) == "sqlite" else _postgres
    with opened(address, table, options.query, shown) as (names, rows):
        check_width(names, shown)
        filling = Filling(len(names))
        for place, row in enumerate(rows, start=1):
            filling.add([cell(value) for value in row], place)
    return Grid(list(names), filling.columns(), filling.places())


def _without_table(source: str) -> tuple[str, str | None]:
    """Split an address and the table that is named after its question mark."""
    address, mark, query = source.partition("?")
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    table = next((value for key, value in pairs if key == "table"), None)
    rest = urllib.parse.urlencode([pair for pair in pairs if pair[0] != "table"])
    return f"{address}{mark}{rest}" if rest else address, table


def _check(address: str, table: str | None, query: str | None, shown: str) -> None:
    if addresses.shown(address) != address:
        raise UserError(
            "A password has no place in an address: it would stand in files and in logs.",
            given=shown,
            fix="take it out, and put it into ~/.pgpass or the environment variable PGPASSWORD",
        )
    if (table is None) == (query is None):
        raise UserError(
            "Of a database a table is read or a query, exactly one of the two.",
            given=f"{shown} with table: {table}, query: {query}",
            choices=["table: <name>", "query: SELECT ...", "?table=<name> in the address"],
        )
    if query is not None and not _READS.match(query):
        raise UserError(
            "The query reads nothing.", given=query[:200], choices=["SELECT ...", "WITH ..."]
        )


@contextmanager
def _sqlite(address: str, table: str | None, query: str | None, shown: str) -> Iterator[Answer]:
    path = Path(
        urllib.parse.unquote(address.partition("://")[2].partition("?")[0].removeprefix("/"))
    )
    if not path.is_file():
        raise UserError(
            "The database does not exist.",
            given=path,
            fix="sqlite:///<path from this folder>, or sqlite:////<path from the root>",
        )
    try:
        uri = f"file:{urllib.parse.quote(str(path.resolve()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as connection:
            connection.text_factory = lambda data: data.decode(errors="backslashreplace")
            if table is not None:
                _check_table(connection, table)
                quoted = table.replace('"', '""')
                query = f'SELECT * FROM "{quoted}"'  # noqa: S608 - quoted
            cursor = connection.execute(query or "")
            yield [one[0] for one in cursor.description], cursor
    except sqlite3.Error as error:
        raise _refused(shown, error) from None


def _check_table(connection: sqlite3.Connection, table: str) -> None:
    listing = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
    tables = [name for (name,) in connection.execute(listing)]
    if table not in tables:
        raise unknown("table", table, tables)


@contextmanager
def _postgres(address: str, table: str | None, query: str | None, shown: str) -> Iterator[Answer]:
    if not extras.has("psycopg"):
        raise extras.absent("psycopg", "The source is a PostgreSQL database.")
    import psycopg
    from psycopg import sql

    statement: sql.SQL | sql.Composed = sql.SQL(query or "")  # the owner's own, and read-only
    if table is not None:
        statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table.split(".")))
    try:
        with psycopg.connect(address, connect_timeout=PATIENCE) as connection:
            connection.read_only = True
            with connection.cursor("source") as cursor:
                cursor.itersize = BATCH
                cursor.execute(statement)
                yield [one.name for one in cursor.description or ()], iter(cursor)
    except psycopg.Error as error:
        raise _refused(shown, error) from None


def _refused(shown: str, error: Exception) -> UserError:
    return UserError(
        "The database cannot be read.",
        given=f"{shown} ({str(error).strip()[:300]})",
        fix="check the address, the table or the query, and who may read it; a password is taken "
        "from ~/.pgpass or PGPASSWORD",
    )
