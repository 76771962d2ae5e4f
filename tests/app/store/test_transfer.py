"""python -m app transfer, from either database into the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import peewee
import pytest
from peewee import AutoField, BlobField, FloatField, IntegerField

from app.auth import keys
from app.store import database as databases
from app.store import transfer
from app.store.migrations import migrate
from app.store.tables import Key, Label, Prediction, Version
from src.support.errors import UserError

Run = Callable[..., str]
ROWS = 10
ALL = {table._meta.table_name: ROWS for table in transfer.COPIED}


@pytest.fixture
def other_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database of the other kind."""
    if database_url.startswith("sqlite"):
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path}/other.db"


@pytest.fixture
def other(other_url: str) -> Iterator[peewee.Database]:
    with closing(databases.connect(other_url, "process", 5.0)) as made:
        migrate(made)
        yield made


@pytest.fixture
def full(database: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> peewee.Database:
    """Put rows into every table, with what each column may hold."""
    monkeypatch.setattr(transfer, "CHUNK", 3)
    for table in transfer.COPIED:
        for at in range(1, ROWS + 1):
            row = {field.name: value(field, at) for field in table._meta.sorted_fields}
            table.insert(row).execute(database)
    return database


def value(field: Any, at: int) -> Any:
    if isinstance(field, AutoField | IntegerField):
        return at
    if isinstance(field, FloatField):
        return at / 4  # PostgreSQL keeps milliseconds in four bytes
    if isinstance(field, BlobField):
        return bytes([0, 255, at])
    return f"\N{SNOWMAN} {field.name} {at:03d}"


def content(database: peewee.Database, table: type[peewee.Model]) -> list[tuple[Any, ...]]:
    rows = table.select().order_by(*table._meta.sorted_fields).tuples().execute(database)
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]


def test_every_row_of_every_table_arrives(full: peewee.Database, other: peewee.Database) -> None:
    assert transfer.transfer(full, other) == ALL
    for table in (*transfer.COPIED, Prediction):
        assert content(other, table) == content(full, table)
    assert Prediction.select().count(other) > ROWS


def test_what_comes_after_gets_numbers_of_its_own(
    full: peewee.Database, other: peewee.Database
) -> None:
    transfer.transfer(full, other)
    key = keys.create(other, "new", ["predict"])
    assert key.startswith("lpd_")
    assert {row.id for row in Key.select().execute(other)} == set(range(1, ROWS + 2))


def test_an_empty_database_may_be_copied(database: peewee.Database, other: peewee.Database) -> None:
    assert set(transfer.transfer(database, other).values()) == {0}
    keys.create(other, "first", ["predict"])
    assert [row.id for row in Key.select().execute(other)] == [1]


def test_a_database_with_rows_is_left_alone(full: peewee.Database, other: peewee.Database) -> None:
    keys.create(other, "here", ["predict"])
    with pytest.raises(UserError, match="has rows already") as caught:
        transfer.transfer(full, other)
    assert caught.value.given == "1 of key"
    assert Version.select().count(other) == 0


def test_where_one_row_is_not_taken_none_is(full: peewee.Database, other: peewee.Database) -> None:
    if databases.path(other) is not None:
        other.execute_sql('CREATE UNIQUE INDEX one ON "label" ("dataset") WHERE id = id')
        Label.update(dataset="twice").execute(full)
    else:
        row = {field.name: value(field, ROWS + 1) for field in Label._meta.sorted_fields}
        Label.insert({**row, "source": "a\0b"}).execute(full)  # which PostgreSQL's text cannot hold
    with pytest.raises(UserError, match="does not take a row of label"):
        transfer.transfer(full, other)
    assert {table.select().count(other) for table in transfer.COPIED} == {0}


def test_it_is_one_command(
    full: peewee.Database, database_url: str, other_url: str, run_command: Run
) -> None:
    run = partial(run_command, "transfer")
    said = run(other_url)
    assert f"label{ROWS:>9}".replace(" ", "") in said.replace(" ", "")
    assert "DATABASE_URL" in said
    for url, words in {
        other_url: "has rows already",
        database_url: "the same database",
        "mysql://u:hunter2@h/n": "unsupported database",
    }.items():
        with pytest.raises(UserError, match=words) as caught:
            run(url)
        assert "hunter2" not in str(caught.value)


def test_a_server_that_is_away_is_told_without_its_password(
    database: peewee.Database, run_command: Run
) -> None:
    with pytest.raises(UserError, match="cannot be used") as caught:
        run_command("transfer", "postgresql://me:hunter2@127.0.0.1:9/none")
    assert "postgresql://.../none" in str(caught.value)
    assert "hunter2" not in str(caught.value)
