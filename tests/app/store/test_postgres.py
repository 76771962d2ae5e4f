from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import peewee
import pytest

from app.store import database as databases

if TYPE_CHECKING:
    from tests.app.postgres import Server


@pytest.fixture
def database(postgres_url: str) -> Iterator[peewee.Database]:
    with closing(databases.connect(postgres_url, "process", 0.2, slowest=0.3)) as made:
        yield made


def backend(database: peewee.Database) -> int:
    number: int = database.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
    return number


def test_a_server_that_says_nothing_is_given_up_and_comes_back(database: peewee.Database) -> None:
    frozen = backend(database)
    os.kill(frozen, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(peewee.OperationalError, match=r"did not answer within 1\.3 s"):
            database.execute_sql("SELECT 1")
        assert time.monotonic() - started > 1
        with pytest.raises(peewee.OperationalError, match="closed"):
            database.execute_sql("SELECT 1")  # what it would say now would be about the first one
        database.close()
        assert backend(database) != frozen
    finally:
        os.kill(frozen, signal.SIGCONT)


def test_a_transaction_in_which_it_falls_silent_is_an_error(database: peewee.Database) -> None:
    database.execute_sql("CREATE TABLE note (x INTEGER)")
    frozen = backend(database)

    def write() -> None:
        with databases.writing(database):
            database.execute_sql("INSERT INTO note VALUES (1)")
            os.kill(frozen, signal.SIGSTOP)
            database.execute_sql("INSERT INTO note VALUES (2)")

    try:
        with pytest.raises(peewee.OperationalError):
            write()
    finally:
        os.kill(frozen, signal.SIGCONT)
    database.close()
    assert database.execute_sql("SELECT count(*) FROM note").fetchone() == (0,)


def test_what_is_only_slow_the_server_ends_and_the_connection_stays(
    database: peewee.Database,
) -> None:
    first = backend(database)
    with pytest.raises(peewee.OperationalError, match="statement timeout"):
        database.execute_sql("SELECT pg_sleep(60)")
    assert backend(database) == first


def test_what_needs_its_time_is_given_it(database: peewee.Database) -> None:
    with database.atomic(), databases.unhurried(database):
        assert database.execute_sql("SELECT pg_sleep(1.5), 7").fetchone()[1] == 7
    with pytest.raises(peewee.OperationalError, match="statement timeout"):
        database.execute_sql("SELECT pg_sleep(60)")


def test_a_server_that_is_stopped_whole_lets_nobody_in_for_ever(
    database: peewee.Database, postgres: Server
) -> None:
    with postgres.frozen(), pytest.raises(peewee.OperationalError):
        database.connect()
    assert backend(database)
