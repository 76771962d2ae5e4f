from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest

from app import ids
from app.store import database as databases
from app.store.journal import Entry, Journal, Unavailable
from app.store.migrations import migrate
from app.store.tables import BatchPrediction, Request

WAIT = 0.3


def entry(number: str | None = None, predictions: int = 0, body: bytes = b"{}") -> Entry:
    made = number or ids.new()
    request = (made, "t", None, "POST", "/", "", 200, "d", 1, "here", None, 1.5, 0, body, body)
    rows = [(f"{made}-{at}", "t", made, "d", 1, b"r", b"a") for at in range(predictions)]
    return Entry(request, rows)


def open_journal(url: str, wait: float = WAIT) -> Journal:
    shared = databases.connect(url, "process", 0, is_shared=True, is_made=False)
    return Journal(shared, wait)


@pytest.fixture
def journal(database: peewee.Database, database_url: str) -> Iterator[Journal]:
    with closing(open_journal(database_url)) as made:
        yield made


def stored(database: peewee.Database, table: type[peewee.Model] = Request) -> set[str]:
    return {number for (number,) in table.select(table.id).tuples().execute(database)}


def test_an_entry_comes_back_byte_for_byte(journal: Journal, database: peewee.Database) -> None:
    body = bytes(range(256)) + "é😀".encode()
    journal.write(entry("1", predictions=2, body=body))
    row: dict[str, Any] = Request.select().dicts().get(database)
    assert (bytes(row["request_body"]), bytes(row["response_body"])) == (body, body)
    assert (row["client"], row["milliseconds"], row["caller"]) == ("here", 1.5, None)
    assert stored(database, BatchPrediction) == {"1-0", "1-1"}


def test_a_request_and_its_predictions_are_stored_together_or_not_at_all(
    journal: Journal, database: peewee.Database
) -> None:
    broken = entry("1", predictions=3)
    broken.predictions = [*broken.predictions, broken.predictions[0]]
    with pytest.raises(Unavailable):
        journal.write(broken)
    assert stored(database) == stored(database, BatchPrediction) == set()
    journal.write(entry("2", predictions=1))
    assert stored(database) == {"2"}, "the next one is not held up by it"


def test_the_same_id_is_not_stored_twice(journal: Journal, database: peewee.Database) -> None:
    journal.write(entry("1"))
    with pytest.raises(Unavailable):
        journal.write(entry("1"))
    journal.write(entry("2"))
    assert stored(database) == {"1", "2"}


def test_many_threads_write_at_once_and_every_row_is_there(
    database: peewee.Database, database_url: str
) -> None:
    written: list[str] = []
    failed: list[Exception] = []
    with (
        closing(open_journal(database_url, 10.0)) as one,
        closing(open_journal(database_url, 10.0)) as two,
    ):

        def write(journal: Journal) -> None:
            for at in range(50):
                made = entry(predictions=at % 3)
                try:
                    journal.write(made)
                except Unavailable as error:
                    failed.append(error)
                written.append(made.request[0])

        threads = [
            threading.Thread(target=write, args=(one if at % 2 else two,)) for at in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    assert len(written) == 400
    assert stored(database) == set(written)
    assert len(stored(database, BatchPrediction)) == 8 * sum(at % 3 for at in range(50))


def test_those_that_wait_together_share_a_commit(
    journal: Journal, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    insert = journal._insert
    monkeypatch.setattr(journal, "_insert", lambda es: (batches.append(len(es)), insert(es)))
    journal._lock.acquire()
    threads = [threading.Thread(target=journal.write, args=(entry(),)) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(journal._waiting) < 5:
        time.sleep(0.001)
    journal._lock.release()
    for thread in threads:
        thread.join()
    assert batches == [5]
    assert len(stored(database)) == 5


def test_a_busy_database_is_waited_for_then_refused_then_used_again(
    journal: Journal, database: peewee.Database
) -> None:
    lock_out(database)
    with pytest.raises(Unavailable, match="lock"):  # and not for as long as a read may take
        journal.write(entry("1"))
    with pytest.raises(Unavailable, match="lock"):
        journal.check()
    let_in(database)
    journal.check()
    journal.write(entry("2"))
    assert stored(database) == {"2"}


def test_a_database_that_is_busy_for_a_moment_is_waited_for(
    database: peewee.Database, database_url: str
) -> None:
    with closing(open_journal(database_url, 10.0)) as journal:
        lock_out(database)
        thread = threading.Thread(target=journal.write, args=(entry("1"),))
        thread.start()
        thread.join(0.1)
        assert thread.is_alive(), "it waits"
        let_in(database)
        thread.join()
    assert stored(database) == {"1"}


def lock_out(database: peewee.Database) -> None:
    """Keep everybody else from writing, as another process may."""
    if databases.path(database) is None:
        database.begin()
        database.execute_sql("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
    else:
        database.execute_sql("BEGIN IMMEDIATE")


def let_in(database: peewee.Database) -> None:
    if databases.path(database) is None:
        database.rollback()
    else:
        database.execute_sql("ROLLBACK")


def test_whether_it_is_quick_is_told_by_the_last_write(
    journal: Journal, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = journal._insert
    monkeypatch.setattr(journal, "_insert", lambda es: (time.sleep(0.01), insert(es)))
    journal.write(entry())
    assert not journal.is_quick
    monkeypatch.setattr(journal, "_insert", lambda es: None)
    journal.write(entry())
    assert journal.is_quick


def test_a_check_leaves_nothing_behind(journal: Journal, database: peewee.Database) -> None:
    journal.check()
    journal.check()
    assert stored(database) == set()
    journal.write(entry("1"))
    journal.check()
    assert stored(database) == {"1"}


def test_a_lost_connection_is_opened_again(
    postgres: Any, postgres_url: str, database: peewee.Database
) -> None:
    other = databases.connect(postgres_url, "process", 1.0)
    with closing(other), closing(open_journal(postgres_url)) as journal:
        migrate(other)
        journal.write(entry("1"))
        postgres.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            f"WHERE datname = '{postgres_url.rpartition('/')[2]}'"
        )
        with pytest.raises(Unavailable):
            journal.write(entry("2"))
        journal.write(entry("3"))
        other.close()
        assert stored(other) == {"1", "3"}


class TestFile:
    """What can happen to a file underneath its connection."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "lapidary.db"

    @pytest.fixture
    def url(self, file: Path) -> str:
        return f"sqlite:///{file}"

    @pytest.fixture
    def journal(self, url: str) -> Iterator[Journal]:
        with closing(databases.connect(url, "process", 1.0)) as database:
            migrate(database)
        with closing(open_journal(url)) as made:
            made.write(entry("before"))
            yield made

    def rows(self, url: str) -> set[str]:
        with closing(databases.connect(url, "process", 1.0)) as database:
            return stored(database)

    def test_a_file_that_was_moved_away_is_noticed_and_used_when_it_is_back(
        self, journal: Journal, file: Path, url: str
    ) -> None:
        away = file.with_suffix(".away")
        file.rename(away)
        for _ in range(2):
            with pytest.raises(Unavailable):
                journal.write(entry())
            with pytest.raises(Unavailable):
                journal.check()
        away.rename(file)
        journal.check()
        journal.write(entry("after"))
        assert self.rows(url) == {"before", "after"}

    def test_another_file_in_its_place_is_used_from_then_on(
        self, journal: Journal, file: Path, url: str, tmp_path: Path
    ) -> None:
        other = f"sqlite:///{tmp_path / 'other.db'}"
        with closing(databases.connect(other, "process", 1.0)) as database:
            migrate(database)
        for path in tmp_path.glob("lapidary.db*"):
            path.rename(path.with_name(f"old-{path.name}"))
        (tmp_path / "other.db").rename(file)
        with pytest.raises(Unavailable, match="moved or replaced"):
            journal.write(entry())
        journal.write(entry("new"))
        assert self.rows(url) == {"new"}

    def test_a_file_that_is_no_database_is_refused(
        self, journal: Journal, file: Path, url: str
    ) -> None:
        for path in file.parent.glob("lapidary.db*"):
            path.unlink()
        file.write_bytes(b"no database at all" * 100)
        for _ in range(2):
            with pytest.raises(Unavailable):
                journal.write(entry())

    def test_who_holds_the_queue_for_ever_holds_nobody_up(
        self, journal: Journal, file: Path, url: str
    ) -> None:
        with file.with_name(f"{file.name}-turn").open("ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            journal.write(entry("beside"))
        assert "beside" in self.rows(url)
