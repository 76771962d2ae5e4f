"""A bit that turned over in a row of the log is noticed, where SQLite's own check sees nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import peewee
import pytest

from app.request_log.delivery import Deliveries
from app.request_log.journal import Entry, Journal
from app.store import database as databases
from app.store import ids, integrity, row_checksums
from app.store.migrations import migrate
from app.store.tables import BatchPrediction, Request

ROW = ("2026-01-31T12:00:00.000Z", "mine", "GET", "/", "", 200, "d", 1, "here", "me", 0.1, 1)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a database with a few requests and predictions, read two at a time."""
    monkeypatch.setattr(row_checksums, "CHUNK", 2)
    url = f"sqlite:///{tmp_path / 'log.db'}"
    with closing(databases.connect(url, "process", 1.0)) as database:
        migrate(database)
    with closing(Journal(databases.connect(url, "process", 0, is_shared=True), 1.0)) as journal:
        for at in range(5):
            number = ids.new()
            body = f"the body {at} of one".encode()
            made = [(f"{number}-1", "t", number, "d", 1, b"a record %d" % at, b"it says", "ref")]
            entry = Entry((number, *ROW, body, None, None, None), made if at % 2 else [])
            journal.write(entry)
            assert entry.error is None
    return tmp_path / "log.db"


@pytest.fixture
def database(file: Path) -> Iterator[peewee.Database]:
    with closing(databases.connect(f"sqlite:///{file}", "process", 1.0, is_made=False)) as made:
        yield made


def test_rows_as_they_were_stored_are_sound(database: peewee.Database) -> None:
    assert Request.select().where(Request.checksum.is_null()).count(database) == 0
    assert BatchPrediction.select().where(BatchPrediction.checksum.is_null()).count(database) == 0
    assert integrity.examine(database).errors == []


@pytest.mark.parametrize(
    ("what", "table"),
    [
        (b"body 0", "request"),
        (b"body 4", "request"),
        (b"record 3", "batch_prediction"),
        (b"it says", "batch_prediction"),
    ],
)
def test_a_bit_in_a_row_is_noticed(
    database: peewee.Database, file: Path, what: bytes, table: str
) -> None:
    content = file.read_bytes()
    at = content.index(what)
    file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    report = integrity.examine(database)
    assert (report.is_sound, report.errors, report.damaged_rows) == (True, [], 1)
    assert f"of {table} is not what was stored" in report.rows[0]
    assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_text_that_is_none_any_more_is_damage(database: peewee.Database, file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content.replace(b"hereme", b"here\xff\xfe"))
    assert not integrity.examine(database).is_sound


def test_how_an_answer_ended_is_no_damage(database: peewee.Database) -> None:
    first = Request.select(Request.id).order_by(Request.id).tuples().get(database)[0]
    Deliveries(database).end(first, "complete")
    assert integrity.examine(database).is_sound


def test_rows_from_before_are_passed_over(database: peewee.Database) -> None:
    Request.update(path="/other").execute(database)
    report = integrity.examine(database)
    assert len(report.rows) == report.damaged_rows == 5
    Request.update(checksum=None).execute(database)
    assert integrity.examine(database).damaged_rows == 0


def test_a_log_from_before_checksums_is_checked_without(database: peewee.Database) -> None:
    for table in ("request", "batch_prediction"):
        database.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "checksum"')
    assert integrity.examine(database).is_sound
