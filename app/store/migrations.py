"""Migrate a database to the schema of this version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee
from peewee import SchemaManager

from app.store import clock
from app.store import database as databases
from app.store.tables import (
    VIEW,
    BatchPrediction,
    EndedSession,
    Event,
    FormerSecret,
    Key,
    Label,
    Migration,
    Request,
    RequestCount,
    Training,
    Uncounted,
    UnloggedRequests,
    Upload,
    Usage,
    Version,
)
from src.support.errors import UserError


def _nothing(database: peewee.Database) -> None:
    """Do nothing, since tables.py creates the first schema."""
    del database


def _learning_loop(database: peewee.Database) -> None:
    for table in (Label, Upload, Training):
        _create(table, database)


def _reviews(database: peewee.Database) -> None:
    _add(Label.review, "BLOB" if databases.path(database) is not None else "BYTEA", database)


def _references(database: peewee.Database) -> None:
    database.execute_sql("DROP VIEW IF EXISTS prediction")
    for column in (Request.reference, BatchPrediction.reference):
        _add(column, "TEXT", database)
    database.execute_sql(VIEW)


def _ended_sessions(database: peewee.Database) -> None:
    _create(EndedSession, database)


def _deliveries(database: peewee.Database) -> None:
    _add(Request.delivery, "TEXT", database)


def _checksums(database: peewee.Database) -> None:
    for column in (Request.checksum, BatchPrediction.checksum):
        _add(column, "BIGINT", database)


def _limited_keys(database: peewee.Database) -> None:
    for column in (Key.datasets, Key.expires, Key.used, Key.note):
        _add(column, "TEXT", database)
    _create(FormerSecret, database)


def _unlogged_requests(database: peewee.Database) -> None:
    _create(UnloggedRequests, database)


def _quotas(database: peewee.Database) -> None:
    _add(Key.quotas, "TEXT", database)
    _create(Usage, database)


def _counts(database: peewee.Database) -> None:
    """Make the tables; what was stored before is counted beside the answering."""
    for table in (RequestCount, Uncounted):
        _create(table, database)
    newest = Request.select(peewee.fn.MAX(Request.id)).scalar(database)
    if newest is not None:
        Uncounted.insert(until=newest).execute(database)


TABLES: list[type[peewee.Model]] = [
    Migration,
    Request,
    BatchPrediction,
    Version,
    Event,
    Key,
    Label,
    Upload,
    Training,
    EndedSession,
    FormerSecret,
    UnloggedRequests,
    Usage,
    RequestCount,
    Uncounted,
]
# A new database is created from tables.py; an older one runs the steps that it lacks, in
# order. A released step is never changed. playhouse.migrate writes steps for both databases.
STEPS: list[tuple[str, Callable[[peewee.Database], None]]] = [
    ("the first schema", _nothing),
    ("labels, uploads and trainings", _learning_loop),
    ("labels that wait for a person", _reviews),
    ("the caller's own references of predictions", _references),
    ("sessions that were signed out", _ended_sessions),
    ("how answers ended that were made while they were sent", _deliveries),
    ("checksums of the log's rows", _checksums),
    ("keys that are restricted, expire and are renewed", _limited_keys),
    ("requests that were counted and not logged", _unlogged_requests),
    ("quotas of keys", _quotas),
    ("requests counted by minute and hour", _counts),
]


def migrate(database: peewee.Database) -> None:
    """Create the tables, or run the missing migration steps, in one transaction.

    Raises UserError if the database is newer than this version.
    """
    with databases.exclusive(database), databases.unhurried(database):
        if not database.table_exists(Migration._meta.table_name):
            for table in TABLES:
                _create(table, database)
            database.execute_sql(VIEW)
            done = 0
        else:
            done = Migration.select(peewee.fn.MAX(Migration.number)).scalar(database) or 0
            for _, step in STEPS[done:]:
                step(database)
        if done > len(STEPS):
            raise UserError(
                "The database is from a newer version of the service.",
                given=f"schema {done}",
                choices=[f"schema {len(STEPS)} or older"],
                fix="update the service, or name another database",
            )
        for number, (about, _) in enumerate(STEPS[done:], done + 1):
            row = {"number": number, "about": about, "at": clock.text(clock.now())}
            Migration.insert(row).execute(database)


def _add(column: Any, kind: str, database: peewee.Database) -> None:
    """Add a column and its indexes, unless a step before has made the table as it is now."""
    table, name = column.model, column.column_name
    if name in {column.name for column in database.get_columns(table._meta.table_name)}:
        return
    database.execute_sql(f'ALTER TABLE "{table._meta.table_name}" ADD COLUMN "{name}" {kind}')
    SchemaManager(table, database).create_indexes(safe=True)


def _create(table: type[peewee.Model], database: peewee.Database) -> None:
    """Create a table and its indexes; WITHOUT ROWID is for SQLite only."""
    schema = SchemaManager(table, database)
    statement, parameters = schema._create_table(safe=False).query()  # type: ignore[attr-defined]
    if databases.path(database) is None:
        statement = statement.removesuffix(" WITHOUT ROWID")
    database.execute_sql(statement, parameters)
    schema.create_indexes(safe=False)
