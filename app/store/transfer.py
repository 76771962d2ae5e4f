"""Copy all rows into another, empty database: python -m app transfer <url>."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import peewee
from peewee import AutoField, CompositeKey

from app.settings import Settings
from app.store import database as databases
from app.store import opening
from app.store.database import REFUSALS
from app.store.migrations import TABLES, migrate
from app.store.opening import Parser
from app.store.tables import Migration
from src.support import text_tables
from src.support.errors import UserError
from src.support.progress import Bar

CHUNK = 500  # rows that are read and written at once
COPIED = [table for table in TABLES if table is not Migration]  # each database has its own


def add_arguments(parser: Parser) -> None:
    """Add the argument for the other database."""
    parser.add_argument(
        "url",
        help="of the other database, which must be empty; a password that is in no URL is taken "
        "from PGPASSWORD or ~/.pgpass",
    )
    parser.set_defaults(run=_run)


def _run(arguments: Namespace, settings: Settings) -> None:
    url = arguments.url
    with opening.opened(settings) as source, _other(url, settings, source) as target:
        counts = transfer(source, target)
    text_tables.show("copied", ["table", "rows"], [list(pair) for pair in counts.items()])
    print(
        "Every row is there. Start the service with DATABASE_URL set to the other database; "
        f"{settings.folder()} stays where it is, with the bundles."
    )


def transfer(source: peewee.Database, target: peewee.Database) -> dict[str, int]:
    """Copy every row of a database into an empty one, in one transaction; return the counts.

    Raises UserError where the other one is not empty, or does not take a row.
    """
    counts: dict[str, int] = {}
    with Bar("transfer") as bar, _snapshot(source), _all_or_nothing(target):
        _check_empty(target)
        for table in COPIED:
            name, total = table._meta.table_name, table.select().count(source)
            bar.stage(name, -(-total // CHUNK))
            for rows in _chunks(table, source):
                _insert(table, rows, target)
                bar.step()
            _renew_sequence(table, target)
            counts[name] = table.select().count(target)
            if counts[name] != total:
                what = f"Of the {total} rows of {name} {counts[name]} arrived."
                raise UserError(what, fix="nothing was kept there; try again")
    return counts


@contextmanager
def _other(url: str, settings: Settings, source: peewee.Database) -> Iterator[peewee.Database]:
    """Open the other database, and make its tables."""
    parts = urlsplit(url)
    shown = f"{parts.scheme}://...{parts.path}"
    target = databases.connect(url, settings.durability, settings.wait)
    with closing(target):
        file = databases.path(source)
        if url == settings.url() or (file is not None and databases.path(target) == file):
            raise UserError("This is the same database.", given=shown, fix="name another one")
        try:
            migrate(target)
            yield target
        except REFUSALS as error:
            raise UserError(
                "The other database cannot be used.",
                given=f"{shown}: {error}",
                fix="nothing was kept there; see its address, its rights and its disk",
            ) from None


@contextmanager
def _snapshot(source: peewee.Database) -> Iterator[None]:
    """See a database as it is at one moment."""
    with source.atomic():
        if databases.path(source) is None:
            source.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with databases.unhurried(source):
            yield


@contextmanager
def _all_or_nothing(target: peewee.Database) -> Iterator[None]:
    with databases.exclusive(target), databases.unhurried(target):
        yield


def _check_empty(target: peewee.Database) -> None:
    counts = {table._meta.table_name: table.select().count(target) for table in COPIED}
    used = [f"{count} of {name}" for name, count in counts.items() if count]
    if used:
        raise UserError(
            "The other database has rows already.",
            given=", ".join(used),
            choices=["an empty database"],
            fix="make a new one, or leave this one as it is and set DATABASE_URL to it",
        )


def _chunks(table: type[peewee.Model], source: peewee.Database) -> Iterator[list[dict[str, Any]]]:
    """Yield a table's rows in the order of its primary key."""
    key: Any = table._meta.primary_key
    names = key.field_names if isinstance(key, CompositeKey) else [key.name]
    columns = [getattr(table, name) for name in names]
    last: tuple[Any, ...] | None = None
    while True:
        query = table.select().order_by(*columns).limit(CHUNK)
        if last is not None:
            query = query.where(peewee.Tuple(*columns) > peewee.Tuple(*last))
        rows = list(query.dicts().execute(source))
        if not rows:
            return
        yield rows
        last = tuple(rows[-1][name] for name in names)


def _insert(table: type[peewee.Model], rows: list[dict[str, Any]], target: peewee.Database) -> None:
    try:
        with target.atomic():
            table.insert_many(rows).execute(target)
    except (peewee.DataError, peewee.IntegrityError, ValueError) as error:
        name = table._meta.table_name
        raise UserError(
            f"The other database does not take a row of {name}.",
            given=f"{error}".strip(),
            fix="nothing was kept there",
        ) from None


def _renew_sequence(table: type[peewee.Model], target: peewee.Database) -> None:
    """Let PostgreSQL number further rows after those that were copied."""
    key = table._meta.primary_key
    if databases.path(target) is not None or not isinstance(key, AutoField):
        return
    name = table._meta.table_name
    target.execute_sql(
        f"SELECT setval(pg_get_serial_sequence('{name}', '{key.column_name}'), "  # noqa: S608
        f'COALESCE(MAX("{key.column_name}"), 0) + 1, false) FROM "{name}"'
    )
