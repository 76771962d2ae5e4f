from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import peewee
import pytest

from app.request_log import retention
from app.store import clock, ids
from app.store import database as databases
from app.store.migrations import migrate
from app.store.tables import BatchPrediction, Request, UnloggedRequests

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAUSE", 0.0)
    monkeypatch.setattr(retention, "CHUNK", 7)


def add(database: peewee.Database, days: float, count: int = 1, size: int = 10) -> list[str]:
    """Store requests of so many days ago, each with two predictions; return their ids."""
    moment = clock.now() - days * DAY
    shared = {"at": clock.text(moment), "version": 1, "dataset": "d"}
    asked = {"method": "POST", "path": "/", "query": "", "status": 200, "milliseconds": 1.0}
    bodies = {"request_body": b"x" * size, "response_body": b"y" * size, "is_prediction": 0}
    first = ids.at(moment.timestamp())[:-12]
    numbers = [f"{first}{16 * at:012x}" for at in range(count)]
    with databases.exclusive(database):
        for at, number in enumerate(numbers):
            Request.insert(id=number, **shared, **asked, **bodies).execute(database)
            for place in range(2):  # the first one has its request's id
                made = {"id": f"{first}{16 * at + place:012x}", "request": number, **shared}
                BatchPrediction.insert(**made, record=b"r", answer=b"a").execute(database)
    return numbers


def kept(database: peewee.Database) -> list[str]:
    """Return the ids of the requests; their predictions are those of them and no others."""
    requests = [row.id for row in Request.select().order_by(Request.id).execute(database)]
    of = {row.request for row in BatchPrediction.select().execute(database)}
    assert of == set(requests)
    assert BatchPrediction.select().count(database) == 2 * len(requests)
    return requests


def test_what_is_older_goes_and_its_predictions_with_it(database: peewee.Database) -> None:
    add(database, days=3, count=20)
    young = add(database, days=1, count=3)
    assert retention.trim(database, before=clock.now() - 2 * DAY, megabytes=None) == 20
    assert kept(database) == young
    assert retention.trim(database, before=clock.now() - 2 * DAY, megabytes=None) == 0


def test_counts_of_what_was_not_logged_go_with_their_day(database: peewee.Database) -> None:
    for days in (1, 3):
        minute = clock.text(clock.now() - days * DAY)[:16]
        UnloggedRequests.insert(minute=minute, status=401, number=days).execute(database)
    retention.trim(database, before=clock.now() - 2 * DAY, megabytes=None)
    assert [row.number for row in UnloggedRequests.select().execute(database)] == [1]


def test_nothing_goes_unless_it_is_asked(database: peewee.Database) -> None:
    all_of_them = add(database, days=1000, count=3)
    assert retention.trim(database, before=None, megabytes=None) == 0
    assert retention.trim(database, before=clock.now() - 2000 * DAY, megabytes=1000) == 0
    assert kept(database) == all_of_them


def test_above_a_size_the_oldest_go(database: peewee.Database) -> None:
    add(database, days=2, count=50, size=20_000)
    young = add(database, days=1, count=8, size=20_000)
    retention.trim(database, before=None, megabytes=0.8)
    left = kept(database)
    assert retention.size(database) <= 0.8e6
    assert 8 < len(left) < 25
    assert left[-8:] == young, "the oldest went"


def test_a_size_that_nothing_fits_ends(database: peewee.Database) -> None:
    add(database, days=1, count=10)
    assert retention.trim(database, before=None, megabytes=1e-6) == 10
    assert kept(database) == []


def test_the_size_counts_what_is_stored(database: peewee.Database) -> None:
    before = retention.size(database)
    add(database, days=1, count=20, size=50_000)
    grown = retention.size(database) - before
    assert 2e6 < grown < 2.5e6


def test_others_write_meanwhile(database: peewee.Database, database_url: str) -> None:
    add(database, days=3, count=100)
    other = databases.connect(database_url, "process", 5.0)
    young: list[str] = []

    def write() -> None:
        with closing(other):
            for at in range(10):
                young.extend(add(other, days=1 - at / 100))

    thread = threading.Thread(target=write)
    thread.start()
    assert retention.trim(database, before=clock.now() - 2 * DAY, megabytes=None) == 100
    thread.join()
    assert kept(database) == young


class TestFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "lapidary.db"

    @pytest.fixture
    def database(self, file: Path) -> Iterator[peewee.Database]:
        with closing(databases.connect(f"sqlite:///{file}", "process", 1.0)) as database:
            migrate(database)
            yield database

    def test_the_file_becomes_smaller(self, database: peewee.Database, file: Path) -> None:
        add(database, days=3, count=100, size=50_000)
        database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = file.stat().st_size
        retention.trim(database, before=clock.now() - 2 * DAY, megabytes=None)
        database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert before > 10e6
        assert file.stat().st_size < 0.1 * before
        assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]

    def test_a_file_that_cannot_shrink_is_left_as_it_is(self, tmp_path: Path) -> None:
        """An older file may have been made without the setting that lets it give pages back."""
        with closing(databases.connect(f"sqlite:///{tmp_path}/x.db", "process", 1.0)) as database:
            database._pragmas = [("auto_vacuum", "none")]
            migrate(database)
            add(database, days=3, count=50, size=5000)
            assert retention.trim(database, before=clock.now() - 2 * DAY, megabytes=None) == 50
            assert database.pragma("freelist_count") > 0
