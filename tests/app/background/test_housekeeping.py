from __future__ import annotations

import logging
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import peewee
import pytest

from app.background import housekeeping
from app.labels import store as label_store
from app.labels import upload_store
from app.request_log.age_limit import AgeLimit
from app.settings import Settings
from app.store import clock, ids, integrity
from app.store import database as databases
from app.store.migrations import migrate
from app.store.tables import Label, Request

# A worker that does nothing else; what it would remove it says instead.
WORKER = """
import sys, time
from app.background import housekeeping
from app.settings import Settings
housekeeping.EVERY, housekeeping.BETWEEN_TRIMS = 0.01, 0.0
fail = iter([True])
def trim(*_):
    if next(fail, False):
        raise ZeroDivisionError
    print("tidied", flush=True)
housekeeping._trim = trim
housekeeping.start(Settings(var=sys.argv[1], database_url=sys.argv[2]))
print("started", flush=True)
time.sleep(600)
"""
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def limit(tmp_path: Path) -> AgeLimit:
    return AgeLimit(tmp_path)


@pytest.fixture
def start(database_url: str, tmp_path: Path, root: Path) -> Iterator[Start]:
    words = [sys.executable, "-c", WORKER, str(tmp_path / "var"), database_url]
    with ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            process = stack.enter_context(
                subprocess.Popen(
                    words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
                )
            )
            stack.callback(process.kill)
            assert line(process) == "started"
            return process

        yield start


def line(process: subprocess.Popen[bytes], seconds: float = 30.0) -> str:
    """Return what it says next; nothing where it says nothing for so long."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], seconds)[0]:
        return ""
    return process.stdout.readline().decode().strip()


def test_one_worker_does_it_and_another_when_that_one_is_gone(
    start: Start, database: peewee.Database, tmp_path: Path
) -> None:
    first = start()
    assert line(first) == "tidied", "though it failed at first, and var/ was not there"
    second = start()
    assert line(second, seconds=0.3) == "", "one is enough"
    assert line(first) == "tidied"
    first.kill()
    assert line(second) == "tidied"


def add(database: peewee.Database, at: float) -> str:
    number = ids.at(at)
    row = {"at": "2020-01-01T00:00:00.000000Z", "method": "GET", "path": "/", "query": ""}
    more = {"status": 200, "milliseconds": 1.0, "is_prediction": 0}
    Request.insert(id=number, **row, **more).execute(database)
    return number


def test_what_is_older_than_is_kept_goes(
    database: peewee.Database,
    settings: Settings,
    limit: AgeLimit,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    add(database, at=1e9)
    housekeeping._trim(settings, database, limit)
    assert Request.select().count(database) == 1
    assert caplog.text == ""
    housekeeping._trim(Settings(keep_days=1.0), database, limit)
    assert Request.select().count(database) == 0
    assert "removed 1 request" in caplog.text


def test_what_was_given_up_goes(
    database: peewee.Database,
    settings: Settings,
    limit: AgeLimit,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    number = ids.new()
    upload_store.begin(database, number, "debts", "me", None)
    (first,) = ids.following(number, 1)
    about = {"source": "me", "upload": number, "is_complete": False}
    label_store.insert(database, label_store.rows("debts", [first], ["1"], [b"{}"], **about))
    upload_store.update(database, number, read=1)
    housekeeping._trim(settings, database, limit)
    assert (Label.select().count(database), caplog.text) == (1, "")
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    housekeeping._trim(settings, database, limit)
    assert Label.select().count(database) == 0
    assert "the labels of 1 post" in caplog.text


def test_damage_is_looked_for_though_the_database_fails_otherwise(
    database: peewee.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise peewee.DatabaseError("malformed")

    monkeypatch.setattr(housekeeping, "checkpoint", fail)
    duties = housekeeping.Housekeeping(settings)
    duties.look()
    first = integrity.read(settings)
    assert first is not None
    duties.look()
    assert integrity.read(settings) == first, "until the next night"


def test_what_was_written_moves_from_the_log_into_the_file(tmp_path: Path) -> None:
    file = tmp_path / "lapidary.db"
    with closing(databases.connect(f"sqlite:///{file}", "process", 1.0)) as database:
        migrate(database)
        add(database, at=1e9)
        before = file.stat().st_size
        housekeeping.checkpoint(database)
        assert file.stat().st_size > before


def test_a_server_needs_no_checkpoint(postgres_url: str) -> None:
    with closing(databases.connect(postgres_url, "process", 1.0)) as database:
        housekeeping.checkpoint(database)
        assert database.is_closed(), "it was not even asked"
