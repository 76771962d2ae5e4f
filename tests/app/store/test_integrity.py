"""What is noticed of a database that is no longer as it was written, and where it is said."""

from __future__ import annotations

import json
import logging
import random
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import peewee
import pytest

from app.settings import Settings
from app.store import database as databases
from app.store import ids, integrity
from app.store.integrity import Report
from app.store.migrations import migrate
from app.store.tables import Request, Version
from src.inference import bundle
from src.support import files
from src.support.errors import UserError

PAGE = 4096
ROW = {"at": "t", "method": "GET", "path": "/", "query": "", "status": 500, "is_prediction": 0}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a SQLite database with some rows, which nobody has open."""
    settings = Settings(var=str(tmp_path / "var"))
    with closing(databases.connect(settings.url(), "process", 1.0)) as database:
        migrate(database)
        for _ in range(100):
            Request.insert(id=ids.new(), milliseconds=1.0, request_body=b"x" * 300, **ROW).execute(
                database
            )
    return settings


@pytest.fixture
def file(settings: Settings) -> Path:
    return settings.folder() / "lapidary.db"


def damage(file: Path, page: int = 0) -> None:
    """Overwrite the beginning of a page in the middle, or of one that is named."""
    data = bytearray(file.read_bytes())
    at = (page or len(data) // PAGE // 2) * PAGE
    data[at : at + 8] = b"\xff" * 8
    file.write_bytes(data)


def test_a_sound_file_is_said_to_be_sound(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    integrity.begin(settings)
    report = integrity.read(settings)
    assert report is not None
    assert (report.is_sound, report.check, report.errors) == (True, "integrity_check", [])
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_damaged_file_is_an_error_that_says_what_to_do(
    settings: Settings, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(file)
    integrity.begin(settings)
    report = integrity.read(settings)
    assert report is not None
    assert not report.is_sound
    assert report.errors
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert f"cp <backup> {file}" in record.getMessage()


@pytest.mark.parametrize("content", [b"SQLite format 4\0" + b"\0" * 8000, b"no database" * 1000])
def test_what_is_no_database_is_damaged(settings: Settings, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    integrity.begin(settings)
    report = integrity.read(settings)
    assert report is not None
    assert not report.is_sound


@pytest.mark.parametrize(("change", "is_damage"), [(b"0.25", True), (b"{25", True), (b"", False)])
def test_a_manifest_that_is_not_what_was_registered_is_damage(
    settings: Settings, change: bytes, is_damage: bool
) -> None:
    manifest = json.dumps(bundle.sealed({"format": bundle.FORMAT, "figure": 0.75})).encode()
    earlier = json.dumps({"format": bundle.EARLIER, "figure": 0.25}).encode()
    row = {"dataset": "stones", "model": "linear", "at": "t"}
    with closing(databases.connect(settings.url(), "process", 1.0)) as database:
        Version.insert(number=1, digest="1", manifest=earlier, **row).execute(database)
        told = manifest.replace(b"0.75", change) if change else manifest
        Version.insert(number=2, digest="2", manifest=told, **row).execute(database)
        errors = integrity.examine(database).errors
    expected = ["the manifest of version 2 of stones is not what was registered"]
    assert errors == (expected if is_damage else [])


def test_an_index_that_differs_from_its_rows_is_damage(settings: Settings, file: Path) -> None:
    with closing(databases.connect(settings.url(), "process", 1.0)) as database:
        row = {**ROW, "request_id": "needle"}
        Request.insert(id=ids.new(), milliseconds=1.0, **row).execute(database)
    content = file.read_bytes()
    assert content.count(b"needle") == 2
    file.write_bytes(content.replace(b"needle", b"noodle", 1))
    integrity.begin(settings)
    report = integrity.read(settings)
    assert report is not None
    assert not report.is_sound


def test_a_large_file_is_checked_beside_the_answering(
    settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrity.begin(settings)
    monkeypatch.setattr(integrity, "SMALL", 1000)
    damage(file)
    integrity.begin(settings)
    assert integrity.read(settings) is None, "it is being checked, whatever was said before"
    assert integrity.is_due(settings, datetime.now().astimezone())
    integrity.look(settings)
    report = integrity.read(settings)
    assert report is not None
    assert (report.is_sound, report.check) == (False, "quick_check")


def test_it_is_due_once_a_night(settings: Settings) -> None:
    night = datetime.now().astimezone().replace(hour=integrity.NIGHT, minute=0, second=0)
    report = Report((night - timedelta(hours=2)).isoformat(), "quick_check")
    files.write_json(settings.folder() / integrity.NAME, {"at": report.at, "check": report.check})
    assert not integrity.is_due(settings, night - timedelta(hours=1))
    assert integrity.is_due(settings, night + timedelta(minutes=1))


def test_a_database_that_is_busy_is_not_damaged(settings: Settings) -> None:
    def refuse(*_: object) -> None:
        raise peewee.OperationalError("database is locked")

    with closing(databases.connect(settings.url(), "process", 0.1)) as database:
        database.execute_sql = refuse
        with pytest.raises(peewee.OperationalError):
            integrity.examine(database)


def test_a_writer_is_not_held_up(settings: Settings) -> None:
    connect = databases.connect
    with (
        closing(connect(settings.url(), "process", 0.1)) as reader,
        closing(connect(settings.url(), "process", 0.1)) as writer,
    ):
        cursor = reader.execute_sql("PRAGMA quick_check")  # open: its read goes on
        Request.insert(id=ids.new(), milliseconds=1.0, **ROW).execute(writer)
        assert cursor.fetchall() == [("ok",)]


def test_a_full_disk_is_no_reason_not_to_say_it(
    settings: Settings,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object) -> None:
        raise UserError("The file could not be written.")

    damage(file)
    monkeypatch.setattr(files, "write", full)
    integrity.begin(settings)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


def test_of_a_server_it_is_said_whether_it_checks_its_pages(
    postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(var=str(tmp_path), database_url=postgres_url)
    integrity.begin(settings)
    assert integrity.read(settings) is None
    integrity.look(settings)
    report = integrity.read(settings)
    assert report is not None
    assert report.is_sound
    assert report.check in ("data_checksums=on", "data_checksums=off")
    assert ("does not notice damaged pages" in caplog.text) == report.check.endswith("off")


def test_most_of_what_breaks_the_tree_of_pages_is_noticed(settings: Settings, file: Path) -> None:
    """Each page's own head, bit by bit: what a page is, and where its cells are."""
    draw, whole, seen = random.Random(3), file.read_bytes(), 0
    for page in range(1, len(whole) // PAGE):
        data = bytearray(whole)
        data[page * PAGE] ^= 1 << draw.randrange(8)
        file.write_bytes(data)
        integrity.begin(settings)
        report = integrity.read(settings)
        assert report is not None
        seen += not report.is_sound
    assert seen == len(whole) // PAGE - 1
