from __future__ import annotations

import sqlite3
import urllib.parse
from pathlib import Path

import pytest

from src.data import sources
from src.data.sources import databases
from src.support.errors import UserError
from tests.app.postgres import postgres, postgres_url  # noqa: F401 - pytest finds them here


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside a database with a table of two rows."""
    monkeypatch.chdir(tmp_path)
    connection = sqlite3.connect("homes.db")
    connection.execute('CREATE TABLE "old homes" (area REAL, town TEXT, photo BLOB)')
    rows = [(70.0, "Łódź", b"\xff"), (81.5, None, None)]
    connection.executemany('INSERT INTO "old homes" VALUES (?, ?, ?)', rows)
    connection.commit()
    connection.close()
    return tmp_path / "homes.db"


def read(source: str, columns: str = "area town", **options: str) -> sources.Raw:
    return sources.read(source, columns=columns.split(), **options)


def refused(source: str, **options: str) -> UserError:
    with pytest.raises(UserError) as caught:
        read(source, **options)
    return caught.value


ROWS = [["70", "Łódź"], ["81.5", ""]]


@pytest.mark.filterwarnings("ignore:.*ignoring the extra column")
def test_a_table_is_read_by_either_way_to_name_it(base: Path) -> None:
    for source, options in (
        ("sqlite:///homes.db?table=old%20homes", {}),
        ("sqlite:///homes.db?table=old+homes", {}),
        (f"sqlite:///{base}", {"table": "old homes"}),
        (f"SQLite:///{base}", {"table": "old homes"}),
    ):
        raw = read(source, **options)
        assert raw.frame.to_numpy().tolist() == ROWS
        assert list(raw.frame.index) == [1, 2]


def test_a_query_is_read(base: Path) -> None:
    query = 'select area * 2 as area, town from "old homes" order by area desc'
    assert read("sqlite:///homes.db", query=query).frame["area"].tolist() == ["163", "140"]


def test_the_md5_is_that_of_the_rows(base: Path) -> None:
    query = 'SELECT area, town FROM "old homes" ORDER BY area'
    first = read("sqlite:///homes.db", query=query).md5
    assert read("sqlite:///homes.db", query=f"{query} ASC").md5 == first
    assert read("sqlite:///homes.db", query=f"{query} DESC").md5 != first


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ('DROP TABLE "old homes"', "The query reads nothing"),
        ('WITH a AS (SELECT 1) DELETE FROM "old homes"', "cannot be read"),
        ('SELECT 1; DROP TABLE "old homes"', "cannot be read"),
        ("SELECT nothing", "cannot be read"),
    ],
)
def test_nothing_is_written(base: Path, query: str, what: str) -> None:
    before = base.read_bytes()
    assert what in refused("sqlite:///homes.db", query=query).what
    assert base.read_bytes() == before


def test_what_is_not_there_is_told(base: Path) -> None:
    assert refused("sqlite:///home.db?table=a").what == "The database does not exist."
    assert refused("sqlite:///homes.db?table=new homes").choices == ["old homes"]
    (base.parent / "text.db").write_text("no database " * 100)
    assert "cannot be read" in refused("sqlite:///text.db?table=a").what


def test_exactly_one_of_table_and_query_is_needed(base: Path) -> None:
    assert "exactly one of the two" in refused("sqlite:///homes.db").what
    assert "exactly one" in refused("sqlite:///homes.db?table=a", query="SELECT 1").what


@pytest.mark.parametrize(
    "source",
    ["postgresql://me:hush@host/base?table=a", "postgresql://host/base?password=hush&table=a"],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(source: str) -> None:
    error = refused(source)
    assert "A password has no place" in error.what
    assert "hush" not in str(error)
    assert "~/.pgpass" in str(error.fix)


def test_a_file_that_is_a_database_is_told_how_to_be_read(base: Path) -> None:
    assert "sqlite:///" in str(refused(str(base)).fix)


def test_an_unreachable_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "PATIENCE", 2)
    assert "cannot be read" in refused("postgresql://127.0.0.1:1/base?table=a").what


@pytest.fixture
def server(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    """Fill a database; return its address without the password, which the environment has."""
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE SCHEMA old")
        connection.execute(
            "CREATE TABLE old.homes"
            " (area numeric, town text, sold timestamptz, new bool, more json)"
        )
        connection.execute(
            "INSERT INTO old.homes VALUES (70.50, 'Łódź', '2026-03-01 12:00+02', true, '[1]'),"
            " (81, NULL, NULL, NULL, NULL)"
        )
    address = urllib.parse.urlsplit(postgres_url)
    monkeypatch.setenv("PGPASSWORD", address.password or "")
    return postgres_url.replace(f":{address.password}@", "@")


def test_postgresql_is_read(server: str) -> None:
    raw = read(f"{server}?table=old.homes", columns="area town sold new more")
    assert raw.frame.to_numpy().tolist() == [
        ["70.50", "Łódź", "2026-03-01T10:00:00Z", "true", "[1]"],
        ["81", "", "", "", ""],
    ]
    query = "SELECT area, town FROM old.homes WHERE area > 75 -- 100%"
    assert read(server, query=query).frame.to_numpy().tolist() == [["81", ""]]


def test_postgresql_is_not_written(server: str) -> None:
    query = "WITH gone AS (DELETE FROM old.homes RETURNING *) SELECT * FROM gone"
    assert "cannot be read" in refused(server, query=query).what
    assert "old.house" in str(refused(server, table="old.house").given)
    assert len(read(server, query="SELECT area, town FROM old.homes").frame) == 2
