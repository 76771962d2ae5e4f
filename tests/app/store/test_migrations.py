from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.auth import keys
from app.auth.keys import StoredKey
from app.store import database as databases
from app.store import migrations
from app.store.tables import (
    BatchPrediction,
    Key,
    Migration,
    Prediction,
    Request,
    RequestCount,
    Uncounted,
)
from src.support.errors import UserError

COUNTS = ("request_count", "uncounted")
SINCE_KEYS_ARE_LIMITED = ("former_secret", "unlogged_requests", "usage", *COUNTS)
LATER = ("label", "upload", "training", "ended_session", *SINCE_KEYS_ARE_LIMITED)
MIGRATE = """
import sys
from app.store import database as databases
from app.store.migrations import migrate
database = databases.connect(sys.argv[1], "process", 10.0)
print("ready", flush=True)
sys.stdin.readline()
migrate(database)
database.close()
"""


def numbers(database: peewee.Database) -> list[int]:
    rows = Migration.select(Migration.number).order_by(Migration.number).tuples()
    return [number for (number,) in rows.execute(database)]


@pytest.fixture
def with_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def add(step: Any) -> None:
        monkeypatch.setattr(migrations, "STEPS", [*migrations.STEPS, ("one more", step)])

    return add


def test_a_new_database_has_every_table_and_the_view(database: peewee.Database) -> None:
    counts = {table: table.select().count(database) for table in (*migrations.TABLES, Prediction)}
    assert counts == {**dict.fromkeys(counts, 0), Migration: len(migrations.STEPS)}
    assert numbers(database) == list(range(1, len(migrations.STEPS) + 1))


def test_the_indexes_that_the_log_is_searched_by_are_there(database: peewee.Database) -> None:
    columns = {tuple(index.columns) for index in database.get_indexes("request")}
    assert {("request_id",), ("status", "id")} <= columns
    unique = {tuple(index.columns) for index in database.get_indexes("version") if index.unique}
    assert {("dataset", "number"), ("dataset", "digest")} <= unique


def test_migrating_twice_is_harmless(database: peewee.Database) -> None:
    Key.insert(name="a", prefix="a", hash="", scopes="", at="").execute(database)
    migrations.migrate(database)
    assert numbers(database) == list(range(1, len(migrations.STEPS) + 1))
    assert Key.select().count(database) == 1


def test_an_older_database_takes_the_steps_that_it_lacks(
    database: peewee.Database, with_step: Callable[[Any], None]
) -> None:
    taken: list[peewee.Database] = []

    def step(database: peewee.Database) -> None:
        taken.append(database)
        database.execute_sql("CREATE TABLE later (x INTEGER)")

    with_step(step)
    for _ in range(2):
        migrations.migrate(database)
    assert taken == [database], "once"
    assert database.table_exists("later")
    assert numbers(database)[-1] == len(migrations.STEPS)


def test_a_new_database_is_made_as_the_tables_stand(
    database_url: str, with_step: Callable[[Any], None]
) -> None:
    def step(database: peewee.Database) -> None:
        raise AssertionError("the tables have it already")

    with_step(step)
    with closing(databases.connect(database_url, "process", 1.0)) as fresh:
        migrations.migrate(fresh)
        assert numbers(fresh) == list(range(1, len(migrations.STEPS) + 1))


def test_a_step_that_fails_leaves_nothing_behind(
    database: peewee.Database, with_step: Callable[[Any], None]
) -> None:
    def step(database: peewee.Database) -> None:
        database.execute_sql("CREATE TABLE half (x INTEGER)")
        raise ZeroDivisionError

    before = numbers(database)
    with_step(step)
    with pytest.raises(ZeroDivisionError):
        migrations.migrate(database)
    assert not database.table_exists("half")
    assert numbers(database) == before


def test_a_newer_schema_is_refused_and_left_alone(database: peewee.Database) -> None:
    Migration.insert(number=99, about="from the future", at="").execute(database)
    with pytest.raises(UserError, match="newer version") as caught:
        migrations.migrate(database)
    assert caught.value.given == "schema 99"
    assert numbers(database)[-1] == 99


def test_two_processes_migrate_at_once(database_url: str, root: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, database_url],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [""] * len(processes)

    def go(at: int) -> None:
        said[at] = processes[at].communicate("go\n")[1]

    threads = [threading.Thread(target=go, args=(at,)) for at in range(len(processes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    with closing(databases.connect(database_url, "process", 1.0)) as database:
        assert numbers(database) == list(range(1, len(migrations.STEPS) + 1))


def test_the_view_tells_predictions_of_one_and_of_many(database: peewee.Database) -> None:
    common = {"at": "t", "method": "POST", "path": "/", "query": "", "status": 200}
    stored = {**common, "dataset": "d", "version": 1, "milliseconds": 1.0}
    one = {"id": "1", "is_prediction": 1, "request_body": b"r", "response_body": b"a"}
    many = {"id": "2", "is_prediction": 0, "request_body": b"[]", "response_body": b"[]"}
    for row in (one, many):
        Request.insert(**stored, **row).execute(database)
    batch = {"at": "t", "request": "2", "dataset": "d", "version": 1}
    BatchPrediction.insert(id="3", record=b"s", answer=b"b", reference="R", **batch).execute(
        database
    )
    found = Prediction.select().order_by(Prediction.id).tuples().execute(database)
    assert [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found] == [
        ("1", "t", "1", "d", 1, b"r", b"a", None),
        ("3", "t", "2", "d", 1, b"s", b"b", "R"),
    ]


def described(database: peewee.Database, table: str) -> tuple[Any, ...]:
    """Return a table's columns, its primary key and its indexes."""
    columns = [(one.name, one.null, one.primary_key) for one in database.get_columns(table)]
    indexes = sorted((tuple(one.columns), one.unique) for one in database.get_indexes(table))
    return columns, database.get_primary_keys(table), indexes


def test_the_first_schema_becomes_the_present_one(database: peewee.Database) -> None:
    made = {table: described(database, table) for table in LATER}
    for table in LATER:
        database.execute_sql(f"DROP TABLE {table}")
    Migration.delete().where(Migration.number > 1).execute(database)
    Key.insert(name="a", prefix="a", hash="", scopes="", at="").execute(database)
    migrations.migrate(database)
    assert numbers(database) == list(range(1, len(migrations.STEPS) + 1))
    assert {table: described(database, table) for table in made} == made
    assert Key.select().count(database) == 1


def test_a_log_from_before_references_takes_them(database: peewee.Database) -> None:
    tables = ("request", "batch_prediction")
    made = {table: described(database, table) for table in tables}
    database.execute_sql("DROP VIEW prediction")
    for table in ("ended_session", *SINCE_KEYS_ARE_LIMITED):
        database.execute_sql(f"DROP TABLE {table}")
    database.execute_sql('ALTER TABLE "request" DROP COLUMN "delivery"')
    for table in tables:
        database.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "checksum"')
        database.execute_sql(f'DROP INDEX "{_index_of_references(database, table)}"')
        database.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "reference"')
    Migration.delete().where(Migration.number > 3).execute(database)
    database.execute_sql(
        "INSERT INTO batch_prediction VALUES ('3', 't', '2', 'd', 1, 'r', 'a')"
        if databases.path(database) is None
        else "INSERT INTO batch_prediction VALUES ('3', 't', '2', 'd', 1, x'01', x'02')"
    )
    migrations.migrate(database)
    assert {table: described(database, table) for table in made} == made
    assert [row.reference for row in Prediction.select().execute(database)] == [None]


def _index_of_references(database: peewee.Database, table: str) -> str:
    (found,) = [one for one in database.get_indexes(table) if one.columns == ["reference"]]
    return str(found.name)


def test_a_log_from_before_deliveries_is_kept(database: peewee.Database) -> None:
    now = described(database, "request")
    database.execute_sql('ALTER TABLE "request" DROP COLUMN "delivery"')
    for table in ("request", "batch_prediction"):
        database.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "checksum"')
    for table in SINCE_KEYS_ARE_LIMITED:
        database.execute_sql(f"DROP TABLE {table}")
    Migration.delete().where(Migration.number > 5).execute(database)
    row = {"id": "1", "at": "t", "method": "GET", "path": "/", "query": "", "status": 200}
    more = {"milliseconds": 1.0, "is_prediction": 0}
    Request.insert(**row, **more).execute(database)
    migrations.migrate(database)
    assert described(database, "request") == now
    assert Request.select(Request.delivery, Request.checksum).tuples().get(database) == (None, None)


def test_keys_from_before_restrictions_go_on_unchanged(database: peewee.Database) -> None:
    tables = ("key", *SINCE_KEYS_ARE_LIMITED)
    made = {table: described(database, table) for table in tables}
    for table in SINCE_KEYS_ARE_LIMITED:
        database.execute_sql(f"DROP TABLE {table}")
    for column in ("datasets", "expires", "used", "note", "quotas"):
        database.execute_sql(f'ALTER TABLE "key" DROP COLUMN "{column}"')
    Migration.delete().where(Migration.number > 7).execute(database)
    row = ("web", "lpd_1", "a" * 64, "predict,label", "t")
    marks = ", ".join([database.param] * len(row))
    database.execute_sql(
        f'INSERT INTO "key" (name, prefix, hash, scopes, at) VALUES ({marks})', row
    )
    migrations.migrate(database)
    assert {table: described(database, table) for table in made} == made
    scopes = frozenset({"predict", "label"})
    assert keys.unrevoked(database) == {"lpd_1": StoredKey("web", "a" * 64, scopes)}


def test_what_was_stored_before_counts_is_left_to_be_counted(database: peewee.Database) -> None:
    for table in COUNTS:
        database.execute_sql(f"DROP TABLE {table}")
    Migration.delete().where(Migration.number > 10).execute(database)
    row = {"at": "t", "method": "GET", "path": "/", "query": "", "status": 200}
    for number in ("1", "2"):
        Request.insert(id=number, **row, milliseconds=1.0, is_prediction=0).execute(database)
    migrations.migrate(database)
    assert [one.until for one in Uncounted.select().execute(database)] == ["2"]
    assert RequestCount.select().count(database) == 0, "beside the answering, and not before it"


def test_labels_are_found_by_what_they_are_searched_by(database: peewee.Database) -> None:
    _, keys, indexes = described(database, "label")
    assert keys == ["dataset", "id"]
    found = [named for named, _ in indexes]
    assert {("source",), ("value",), ("prediction",)} <= set(found)
    assert (("caller", "key"), True) in described(database, "upload")[2]
