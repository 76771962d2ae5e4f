"""python -m app backup, while others write."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import peewee
import pytest

from app.request_log.journal import Entry, Journal
from app.settings import Settings
from app.store import database as databases
from app.store import ids, integrity, opening
from app.store.integrity import Report
from app.store.tables import Request
from src.support.errors import UserError

Run = Callable[..., str]


@pytest.fixture
def run(run_command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command line in a folder of its own."""
    (tmp_path / "copies").mkdir()
    monkeypatch.chdir(tmp_path / "copies")
    return partial(run_command, "backup")


class Writer:
    """Write requests until it is stopped, and remember those that were acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: list[str] = []
        self.failed: list[Exception] = []
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        shared = databases.connect(self._url, "process", 0, is_shared=True)
        with closing(Journal(shared, 10.0)) as journal:
            while not self._stop.is_set():
                number = ids.new()
                body = b"x" * 500
                row = (
                    number,
                    "2026-03-01T12:00:00.000000Z",
                    None,
                    "GET",
                    "/",
                    "",
                    200,
                    None,
                    None,
                    "",
                    None,
                    1.0,
                    0,
                )
                try:
                    journal.write(Entry((*row, body, body, None, None), []))
                except Exception as error:
                    self.failed.append(error)
                    return
                self.acknowledged.append(number)

    def start(self, rows: int) -> None:
        self._thread.start()
        while len(self.acknowledged) < rows and self._thread.is_alive():
            self._thread.join(0.001)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def writer(database: peewee.Database, database_url: str) -> Iterator[Writer]:
    made = Writer(database_url)
    yield made
    made.stop()


def stored(url: str) -> set[str]:
    with closing(databases.connect(url, "process", 1.0)) as copy:
        if databases.path(copy) is not None:
            assert copy.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {number for (number,) in Request.select(Request.id).tuples().execute(copy)}


def test_a_copy_has_all_that_was_acknowledged_before_and_nobody_is_held_up(
    run: Run, writer: Writer, database_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if database_url.startswith("postgresql") and shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump here: apt-get install postgresql-client")
    writer.start(rows=200)
    before = set(writer.acknowledged)
    said = run("copy.db")
    copied_at = len(writer.acknowledged)
    writer.stop()
    assert writer.failed == []
    assert copied_at >= len(before)
    copy = tmp_path / "copies" / "copy.db"
    assert said.startswith("copy.db: ")
    assert copy.stat().st_mode & 0o077 == 0, "it is for this user alone"
    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"]
    assert before <= stored(restored(copy, database_url, request))


def restored(copy: Path, url: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a database that was made of the copy alone."""
    if url.startswith("sqlite"):
        return f"sqlite:///{copy}"
    base, _, name = url.rpartition("/")
    request.getfixturevalue("postgres").execute(f"CREATE DATABASE {name}_copy")
    subprocess.run(["pg_restore", f"--dbname={base}/{name}_copy", str(copy)], check=True)
    return f"{base}/{name}_copy"


def test_of_a_damaged_database_no_copy_is_made(
    run: Run, tmp_path: Path, database: peewee.Database
) -> None:
    file = databases.path(database)
    if file is None:
        return
    for _ in range(100):
        row = {"id": ids.new(), "at": "t", "method": "GET", "path": "/", "query": ""}
        more = {"status": 200, "milliseconds": 1.0, "is_prediction": 0, "request_body": b"x" * 500}
        Request.insert(**row, **more).execute(database)
    database.close()
    content = bytearray(file.read_bytes())
    page = len(content) // 4096 - 2
    content[page * 4096] ^= 0xFF  # what kind of a page it is
    file.write_bytes(content)
    with pytest.raises(UserError, match="damaged, and no copy was made") as refused:
        run("copy.db")
    assert "restore" in str(refused.value)
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_that_came_out_damaged_is_not_kept(
    run: Run, tmp_path: Path, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if databases.path(database) is None:
        return
    sound = integrity.examine(database)
    damaged = Report(sound.at, sound.check, is_sound=False, errors=["page 3"])
    reports = iter([sound, damaged])
    monkeypatch.setattr(integrity, "examine", lambda _: next(reports))
    with pytest.raises(UserError, match="The copy is damaged") as refused:
        run("copy.db")
    assert refused.value.given == "page 3"
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_file_that_is_there_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "copies" / "copy.db").write_text("precious")
    with pytest.raises(UserError, match="already exists"):
        run("copy.db")
    assert (tmp_path / "copies" / "copy.db").read_text() == "precious"


@pytest.mark.parametrize("words", [[], ["a.db", "b.db"]])
def test_one_file_is_asked_for(
    run: Run, capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert "allowed: python -m app backup [-h] file\n" in capsys.readouterr().err
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_folder_that_is_not_there_is_told(run: Run) -> None:
    with pytest.raises(UserError, match="no such folder"):
        run("nowhere/copy.db")


def test_without_pg_dump_it_says_what_to_install(
    run: Run,
    tmp_path: Path,
    database_url: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with opening.opened(settings, is_made=True):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    if database_url.startswith("sqlite"):
        run("copy.db")
        return
    with pytest.raises(UserError, match="pg_dump is not installed"):
        run("copy.db")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_password_is_no_word_of_another_program(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """Everybody on a machine may see the words of its programs."""
    if database_url.startswith("sqlite"):
        return
    fake = tmp_path / "pg_dump"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" $PGPASSWORD > words\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(UserError, match="pg_dump failed"):
        run("copy.db")
    password = database_url.split("@")[0].rpartition(":")[2]
    *words, given = (tmp_path / "copies" / "words").read_text().split()
    assert password not in " ".join(words)
    assert given == password
