from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.request_log import journal as journals
from app.request_log.journal import Entry, Journal, Unavailable, is_busy
from app.store import database as databases
from app.store import ids
from app.store.migrations import migrate
from app.store.tables import BatchPrediction, Request

WAIT = 0.3
PATIENCE = 20.0  # longer than anything takes

AT = "2026-03-01T12:00:00.000000Z"


def entry(number: str | None = None, predictions: int = 0, body: bytes = b"{}") -> Entry:
    made = number or ids.new()
    asked = (made, AT, None, "POST", "/", "", 200, "d", 1, "here", None, 1.5, 0)
    rows = [(f"{made}-{at}", AT, made, "d", 1, b"r", b"a", None) for at in range(predictions)]
    return Entry((*asked, body, body, None, None), rows)


def open_journal(url: str, wait: float = WAIT) -> Journal:
    shared = databases.connect(url, "process", 0, is_shared=True, is_made=False)
    return Journal(shared, wait)


@pytest.fixture
def journal(database: peewee.Database, database_url: str) -> Iterator[Journal]:
    with closing(open_journal(database_url)) as made:
        yield made


def stored(database: peewee.Database, table: type[peewee.Model] = Request) -> set[str]:
    return {number for (number,) in table.select(table.id).tuples().execute(database)}


def until(is_true: Callable[[], bool]) -> bool:
    """Wait for something; tell whether it came."""
    end = time.monotonic() + PATIENCE
    while not is_true() and time.monotonic() < end:
        time.sleep(0.001)
    return is_true()


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


def test_the_first_that_is_refused_tells_that_it_is_not_quick(
    database: peewee.Database, database_url: str
) -> None:
    with closing(open_journal(database_url, 10.0)) as journal:
        lock_out(database)
        thread = threading.Thread(target=journal.write, args=(entry("1"),))
        thread.start()
        waited = until(lambda: not journal.is_quick)
        assert thread.is_alive(), "the slow write has not ended"
        let_in(database)
        thread.join()
    assert waited


def test_who_gives_up_at_once_does_not_tell_that_it_is_quick(
    journal: Journal, database: peewee.Database
) -> None:
    lock_out(database)
    journal.write_all([entry("1")], wait=0)
    let_in(database)
    assert not journal.is_quick


def test_who_waits_for_less_ends_nobody_elses_time(
    database: peewee.Database, database_url: str
) -> None:
    short, long = entry("short"), entry("long")
    with closing(open_journal(database_url, 10.0)) as journal:
        lock_out(database)
        with journal._lock:  # until both wait, the one of little time before the other
            hasty = threading.Thread(target=journal.write_all, args=([short], 0.1))
            hasty.start()
            assert until(lambda: short in journal._waiting)
            patient = threading.Thread(target=journal.write, args=(long,))
            patient.start()
            assert until(lambda: long in journal._waiting)
        hasty.join()
        patient.join(0.2)
        assert patient.is_alive(), "it waits on"
        assert short.error is not None
        assert is_busy(short.error)
        let_in(database)
        patient.join()
    assert long.error is None
    assert stored(database) == {"long"}


def test_who_waits_for_less_is_not_held_up_by_who_waits_for_more(
    database: peewee.Database, database_url: str
) -> None:
    short = entry("short")
    with closing(open_journal(database_url, PATIENCE)) as journal:
        lock_out(database)
        patient = threading.Thread(target=journal.write, args=(entry("long"),))
        patient.start()
        assert until(lambda: not journal.is_quick)
        journal.write_all([short], wait=0.02)
        assert patient.is_alive(), "it waits still"
        let_in(database)
        patient.join()
    assert short.error is not None
    assert is_busy(short.error)
    assert stored(database) == {"long"}


def test_who_is_not_tried_in_time_is_refused_and_leaves_the_queue(
    database: peewee.Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another's commit may hang on its disk."""
    begun, go = threading.Event(), threading.Event()
    late = entry("late")
    with closing(open_journal(database_url)) as journal:
        insert = journal._insert
        slow = lambda es: (begun.set(), go.wait(PATIENCE), insert(es))  # noqa: E731
        monkeypatch.setattr(journal, "_insert", slow)
        thread = threading.Thread(target=journal.write, args=(entry("slow"),))
        thread.start()
        begun.wait()
        journal.write_all([late], wait=0.02)
        assert thread.is_alive(), "it is not waited for"
        go.set()
        thread.join()
        assert late.error is not None
        assert is_busy(late.error)
        journal.write(entry("next"))
    assert stored(database) == {"slow", "next"}


def test_who_is_being_committed_is_not_refused(
    database: peewee.Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    one, other = entry("one"), entry("other")
    with closing(open_journal(database_url)) as journal:
        insert, acquire = journal._insert, journal._acquire
        slow = lambda es: (begun.set(), go.wait(PATIENCE), insert(es))  # noqa: E731
        monkeypatch.setattr(journal, "_insert", slow)
        thread = threading.Thread(target=journal.write, args=(one,))

        def late(until: float) -> bool:
            """Let the thread take both; it is still committing when our time is over."""
            monkeypatch.setattr(journal, "_acquire", acquire)
            thread.start()
            begun.wait()
            threading.Timer(0.1, go.set).start()
            return False

        monkeypatch.setattr(journal, "_acquire", late)
        journal.write_all([other], wait=0.01)
        assert (other.is_done, other.error) == (True, None)  # and not when the thread is through
        thread.join()
    assert stored(database) == {"one", "other"}


def test_what_is_done_is_not_written_again(journal: Journal, database: peewee.Database) -> None:
    one, wrong, other = entry("1"), entry("1"), entry("2")
    journal.write_all([one, wrong])
    assert one.error is None
    assert wrong.error is not None
    refused = wrong.error
    journal.write_all([one, wrong, other])
    assert (one.error, wrong.error, other.error) == (None, refused, None)
    assert stored(database) == {"1", "2"}


def test_what_was_busy_can_be_written_later(journal: Journal, database: peewee.Database) -> None:
    one, other = entry("1"), entry("2", predictions=1)
    lock_out(database)
    journal.write_all([one, other], wait=0.01)
    assert [is_busy(made.error) for made in (one, other) if made.error] == [True, True]
    let_in(database)
    journal.write_all([one, other])
    assert (one.error, other.error) == (None, None)
    assert stored(database) == {"1", "2"}


def test_who_exits_in_the_middle_takes_nobody_along(
    database: peewee.Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_journal(database_url, 10.0)) as journal:
        insert = journal._insert

        def exit_once(entries: list[Entry]) -> None:
            monkeypatch.setattr(journal, "_insert", insert)
            raise SystemExit

        def write(number: str) -> None:
            with suppress(SystemExit):
                journal.write(entry(number))

        monkeypatch.setattr(journal, "_insert", exit_once)
        with journal._lock:
            threads = [threading.Thread(target=write, args=(number,)) for number in "ab"]
            for thread in threads:
                thread.start()
            assert until(lambda: len(journal._waiting) == 2)
        for thread in threads:
            thread.join()
    assert stored(database) == {"a", "b"}


def test_a_transaction_that_cannot_be_ended_takes_in_nothing_more(
    journal: Journal, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck:
        """Neither commit nor roll back."""

        def __init__(self, cursor: Any) -> None:
            self.cursor = cursor

        def execute(self, sql: str, *values: Any) -> None:
            if sql in ("COMMIT", "ROLLBACK"):
                raise peewee.OperationalError("database is locked")
            self.cursor.execute(sql, *values)

        def executemany(self, sql: str, values: Any) -> None:
            self.cursor.executemany(sql, values)

    cursor = journal._cursor
    monkeypatch.setattr(journal, "_cursor", lambda: Stuck(cursor()))
    journal.write_all([entry("1", predictions=1)], wait=0)
    monkeypatch.setattr(journal, "_cursor", cursor)
    gc.collect()  # the old connection ends with the last that knows it: SQLite's driver waits so
    journal.write(entry("2"))
    assert stored(database) == {"2"}


def test_a_check_does_not_wait_for_ever_for_who_writes(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "CHECK", 0.05)
    with journal._lock, pytest.raises(Unavailable, match="busy"):
        journal.check()
    journal.check()


def test_a_check_of_a_locked_database_holds_up_nobody(
    database: peewee.Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "CHECK", PATIENCE)
    with closing(open_journal(database_url)) as journal:
        lock_out(database)
        thread = threading.Thread(target=journal.check)
        thread.start()
        one = entry("1")
        journal.write_all([one], wait=WAIT)
        assert one.error is not None
        assert "lock" in str(one.error), "it was tried"
        assert thread.is_alive()
        let_in(database)
        thread.join()


def test_only_a_database_is_busy() -> None:
    assert is_busy(peewee.OperationalError("database is locked"))
    assert not is_busy(peewee.OperationalError("disk I/O error"))
    assert not is_busy(OSError("Device or resource busy"))


def test_a_check_leaves_nothing_behind(journal: Journal, database: peewee.Database) -> None:
    journal.check()
    journal.check()
    assert stored(database) == set()
    journal.write(entry("1"))
    journal.check()
    assert stored(database) == {"1"}


def test_after_a_write_that_failed_a_check_writes(
    journal: Journal, database: peewee.Database
) -> None:
    journal.write(entry("1"))
    database.execute_sql("ALTER TABLE migration RENAME TO away")
    journal.check()  # which a check does not look at while all is well
    with pytest.raises(Unavailable):
        journal.write(entry("1"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            journal.check()
    database.execute_sql("ALTER TABLE away RENAME TO migration")
    journal.check()
    database.execute_sql("ALTER TABLE migration RENAME TO away")
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
