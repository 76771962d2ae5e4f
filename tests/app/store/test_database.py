from __future__ import annotations

import sys
import threading
import time
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import cysqlite
import peewee
import pytest

from app.store import database as databases
from app.store.tables import Key
from src.support.errors import UserError


@pytest.mark.parametrize(
    ("version", "is_sound"),
    [
        ((3, 54, 0), True),
        ((3, 51, 3), True),
        ((3, 51, 2), False),
        ((3, 50, 7), True),
        ((3, 50, 6), False),
        ((3, 49, 1), False),
        ((3, 44, 6), True),
        ((3, 44, 5), False),
        ((3, 40, 1), False),
        ((3, 7, 0), False),
        ((4, 0, 0), True),
    ],
)
def test_versions_that_can_corrupt_a_database_are_known(
    version: tuple[int, ...], is_sound: bool
) -> None:
    assert databases.is_sound(version) is is_sound


def test_a_sqlite_that_can_corrupt_a_database_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cysqlite, "sqlite_version_info", (3, 51, 2))
    monkeypatch.setattr(cysqlite, "sqlite_version", "3.51.2")
    with pytest.raises(UserError, match="can corrupt") as caught:
        databases.connect(f"sqlite:///{tmp_path}/new/x.db", "process", 1.0)
    assert caught.value.given == "SQLite 3.51.2"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "url", ["", "x.db", "mysql://u:hunter2@h/n", "sqlite://", "sqlite://x.db", "sqlite:///"]
)
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(UserError) as caught:
        databases.connect(url, "process", 1.0)
    assert caught.value.choices is not None
    assert "hunter2" not in str(caught.value), "a password is not for the terminal"


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match="driver") as caught:
        databases.connect("postgresql://u:hunter2@h/n", "process", 1.0)
    assert "postgres]" in str(caught.value.fix)
    assert "hunter2" not in str(caught.value)


def test_a_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    with closing(databases.connect(f"sqlite:///{tmp_path}/a%20b/x.db", "process", 1.0)) as made:
        made.execute_sql("CREATE TABLE t (x)")
        found = databases.path(made)
        assert found is not None
        assert found.samefile(tmp_path / "a b" / "x.db")
    assert (tmp_path / "a b").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        databases.connect(f"sqlite:///{tmp_path}/file/x.db", "process", 1.0)


@pytest.mark.parametrize(("durability", "level"), [("process", 1), ("power", 2)])
def test_a_file_is_set_up_as_its_durability_asks(
    tmp_path: Path, durability: Any, level: int
) -> None:
    with closing(databases.connect(f"sqlite:///{tmp_path}/x.db", durability, 1.5)) as made:
        assert made.pragma("synchronous") == level
        assert made.pragma("journal_mode") == "wal"
        assert made.pragma("auto_vacuum") == 2
        assert made.pragma("busy_timeout") == 1500


def test_a_server_is_asked_for_durability_at_power_loss(postgres_url: str) -> None:
    with closing(databases.connect(postgres_url, "process", 1.5)) as made:
        made.execute_sql("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
        try:
            with closing(databases.connect(postgres_url, "process", 1.5)) as usual:
                assert shown(usual, "synchronous_commit") == "off"
                assert shown(usual, "lock_timeout") == "1500ms"
                assert shown(usual, "statement_timeout") == "10s"
            with closing(databases.connect(postgres_url, "power", 1.5)) as safe:
                assert shown(safe, "synchronous_commit") == "on"
        finally:
            made.execute_sql("ALTER ROLE CURRENT_USER RESET synchronous_commit")


def shown(database: peewee.Database, name: str) -> str:
    return str(database.execute_sql(f"SHOW {name}").fetchone()[0])


def test_the_older_name_of_a_server_is_taken_too(postgres_url: str) -> None:
    older = postgres_url.replace("postgresql://", "postgres://")
    with closing(databases.connect(older, "process", 1.0)) as made:
        assert made.execute_sql("SELECT 1").fetchone() == (1,)
        assert databases.path(made) is None


def insert(database: peewee.Database, name: str) -> None:
    Key.insert(name=name, prefix=name, hash="", scopes="", at="").execute(database)


def names(database: peewee.Database) -> list[str]:
    return [row.name for row in Key.select().order_by(Key.name).execute(database)]


def test_what_is_exclusive_is_committed_or_rolled_back(database: peewee.Database) -> None:
    with databases.exclusive(database):
        insert(database, "kept")

    def fail() -> None:
        with databases.exclusive(database):
            insert(database, "lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(database) == ["kept"]


def test_what_is_exclusive_is_done_one_after_the_other(
    database: peewee.Database, database_url: str
) -> None:
    other = databases.connect(database_url, "process", 5.0)
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.wait()
        with closing(other), databases.exclusive(other):
            order.append(f"second sees {names(other)}")

    thread = threading.Thread(target=second)
    thread.start()
    with databases.exclusive(database):
        begun.set()
        insert(database, "a")
        thread.join(0.1)
        order.append("first ends")
    thread.join()
    assert order == ["first ends", "second sees ['a']"]


def test_what_is_busy_for_too_long_is_refused(database: peewee.Database, database_url: str) -> None:
    other = databases.connect(database_url, "process", 0.05)
    with closing(other):
        with (
            databases.exclusive(database),
            pytest.raises(databases.REFUSALS),
            databases.exclusive(other),
        ):
            pass
        with databases.exclusive(other):
            insert(other, "a")


def test_a_server_that_is_away_is_refused() -> None:
    away = databases.connect("postgresql://me:x@127.0.0.1:1/none", "process", 1.0)
    with pytest.raises(databases.REFUSALS):
        away.connect()


@pytest.mark.parametrize("is_shared", [False, True])
def test_threads_share_a_connection_or_have_their_own(database_url: str, is_shared: bool) -> None:
    states: list[bool] = []
    with closing(databases.connect(database_url, "process", 1.0, is_shared=is_shared)) as made:
        made.connect()
        thread = threading.Thread(target=lambda: states.append(made.is_closed()))
        thread.start()
        thread.join()
    assert states == [not is_shared]


def test_a_read_without_an_end_is_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    with closing(databases.connect(url, "process", 1, slowest=0.2)) as database:
        with pytest.raises(peewee.OperationalError, match="interrupt"):
            database.execute_sql(endless).fetchall()
        database.close()
        assert database.execute_sql("SELECT 1").fetchall() == [(1,)]


def test_what_writes_is_committed_or_rolled_back(database: peewee.Database) -> None:
    with databases.writing(database):
        insert(database, "kept")

    def fail() -> None:
        with databases.writing(database):
            insert(database, "lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(database) == ["kept"]


def test_who_writes_what_is_theirs_waits_only_where_one_writes_at_a_time(
    database: peewee.Database, database_url: str
) -> None:
    other = databases.connect(database_url, "process", 0.05)
    is_server = databases.path(database) is None
    with closing(other), databases.exclusive(database):
        insert(database, "a")
        expected = nullcontext() if is_server else pytest.raises(databases.REFUSALS)
        with expected, databases.writing(other):
            insert(other, "b")
    assert names(database) == (["a", "b"] if is_server else ["a"])


def test_who_writes_can_begin_by_reading(database: peewee.Database, database_url: str) -> None:
    """SQLite would refuse at once to let a read become a write while another writes."""
    other = databases.connect(database_url, "process", 5.0)
    begun = threading.Event()

    def second() -> None:
        begun.wait()
        with closing(other), databases.writing(other):
            insert(other, f"b{len(names(other))}")

    thread = threading.Thread(target=second)
    thread.start()
    with databases.writing(database):
        names(database)
        begun.set()
        thread.join(0.1)
        insert(database, "a")
    thread.join()
    assert len(names(database)) == 2


def test_a_connection_that_is_renewed_has_its_time_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lapidary.db'}"
    database = databases.connect(url, "process", 1.0, slowest=0.2)
    long = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 300000) "
    with closing(database):
        database.execute_sql("SELECT 1")
        time.sleep(0.3)
        with pytest.raises(databases.ERRORS, match="interrupted"):
            database.execute_sql(f"{long} SELECT count(*) FROM n").fetchall()
        databases.renew(database)
        assert database.execute_sql(f"{long} SELECT count(*) FROM n").fetchall() == [(300_000,)]
        database.close()
        databases.renew(database)  # there is nothing to renew


def test_only_who_makes_a_file_writes_by_connecting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lapidary.db'}"
    with closing(databases.connect(url, "process", 1.0)) as maker:
        maker.execute_sql("CREATE TABLE stone (name TEXT)")
        assert maker.execute_sql("PRAGMA auto_vacuum").fetchone() == (2,)
        before = maker.execute_sql("PRAGMA data_version").fetchone()
        with closing(databases.connect(url, "process", 1.0, is_made=False)) as other:
            other.execute_sql("SELECT * FROM stone").fetchall()
            assert other.execute_sql("PRAGMA auto_vacuum").fetchone() == (2,)
        assert maker.execute_sql("PRAGMA data_version").fetchone() == before
