"""What the store relies on when the database is PostgreSQL: peewee on psycopg 3."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import peewee
import pytest

if TYPE_CHECKING:
    from tests.app.postgres import Server

Open = Callable[..., peewee.PostgresqlDatabase]
INSERT = "INSERT INTO note (number, body) VALUES (%s, %s)"


@pytest.fixture
def connect(postgres_url: str) -> Iterator[Open]:
    opened = []

    def open_one(**words: Any) -> peewee.PostgresqlDatabase:
        database = peewee.PostgresqlDatabase(postgres_url, prefer_psycopg3=True, **words)
        database.connect()
        opened.append(database)
        return database

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def database(connect: Open) -> peewee.PostgresqlDatabase:
    database = connect()
    database.execute_sql("CREATE TABLE note (number INT UNIQUE, body BYTEA NOT NULL)")
    return database


def count(database: peewee.Database) -> int:
    return database.execute_sql("SELECT count(*) FROM note").fetchone()[0]


def end_connection(database: peewee.Database, postgres: Server) -> None:
    process = database.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
    postgres.execute(f"SELECT pg_terminate_backend({process}, 5000)")


def test_bytes_come_back_as_they_were(database: peewee.Database) -> None:
    body = bytes(range(256))
    database.execute_sql(INSERT, (1, body))
    assert database.execute_sql("SELECT body FROM note").fetchone() == (body,)


def test_many_rows_are_kept_or_none(database: peewee.Database) -> None:
    import psycopg

    with database.atomic():
        database.cursor().executemany(INSERT, [(number, b"\0") for number in range(100)])
    with pytest.raises(psycopg.errors.UniqueViolation):  # peewee knows nothing of this call
        database.cursor().executemany(INSERT, [(100, b""), (1, b"")])
    assert count(database) == 100


def test_another_connection_sees_what_is_committed(
    database: peewee.Database, connect: Open
) -> None:
    other = connect()
    with database.atomic():
        database.execute_sql(INSERT, (1, b""))
        assert count(other) == 0
    assert count(other) == 1


def test_each_thread_has_a_connection_of_its_own(database: peewee.Database) -> None:
    states = []
    thread = threading.Thread(target=lambda: states.append(database.is_closed()))
    thread.start()
    thread.join()
    assert states == [True]
    assert not database.is_closed()


def test_a_lost_connection_is_an_operational_error_until_closed_and_opened(
    database: peewee.Database, postgres: Server
) -> None:
    end_connection(database, postgres)
    for _ in range(2):
        with pytest.raises(peewee.OperationalError):
            count(database)
        assert not database.connect(reuse_if_open=True)  # it takes the lost one for an open one
    assert not database.is_connection_usable()
    database.close()
    assert count(database) == 0


def test_a_connection_lost_in_a_transaction_leaves_nothing_of_it(
    database: peewee.Database, postgres: Server
) -> None:
    transaction = database.atomic()
    transaction.__enter__()
    database.execute_sql(INSERT, (1, b""))
    end_connection(database, postgres)
    with pytest.raises(peewee.OperationalError):
        transaction.__exit__(None, None, None)
    database.close()
    assert count(database) == 0


def test_an_error_that_is_swallowed_loses_the_transaction_silently(
    database: peewee.Database,
) -> None:
    with database.atomic():
        database.execute_sql(INSERT, (1, b""))
        with pytest.raises(peewee.DataError):
            database.execute_sql("SELECT 1 / 0")
    assert count(database) == 0


def test_a_slow_statement_is_ended_and_its_connection_goes_on(connect: Open) -> None:
    database = connect(options="-c statement_timeout=100")
    with pytest.raises(peewee.OperationalError, match="statement timeout"):
        database.execute_sql("SELECT pg_sleep(60)")
    assert database.execute_sql("SELECT 1").fetchone() == (1,)


def test_a_server_that_is_away_is_an_operational_error_and_comes_back(
    database: peewee.Database, postgres: Server
) -> None:
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(peewee.OperationalError):
                count(database)
            database.close()
    finally:
        postgres.start()
    assert count(database) == 0


def test_every_test_has_an_empty_database(connect: Open) -> None:
    assert connect().get_tables() == []


def test_nobody_enters_without_the_password(postgres_url: str) -> None:
    wrong = postgres_url.replace(str(urlsplit(postgres_url).password), "guess")
    with pytest.raises(peewee.OperationalError, match="password authentication failed"):
        peewee.PostgresqlDatabase(wrong, prefer_psycopg3=True).connect()


def test_the_server_listens_at_one_address_alone(postgres: Server) -> None:
    socket.create_connection(("127.0.0.1", postgres.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):  # Linux answers at all of 127.0.0.0/8
        socket.create_connection(("127.0.0.2", postgres.port), timeout=5)
