"""What changes outside of a worker reaches it at its next look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.auth import closure, keys
from app.auth.guard import Guard
from app.background import watcher as watcher_module
from app.background.watcher import Watcher
from app.registry import store as version_store
from app.registry.registry import Registry as RealRegistry
from app.store.tables import Key, Migration
from src.support.errors import UserError
from tests.app.service import Service, assert_refused


class Registry:
    """Count the looks, and fail as it is told."""

    def __init__(self) -> None:
        self.looks = 0
        self.error: Exception | None = None

    def refresh(self) -> None:
        self.looks += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def watcher(database: peewee.Database, registry: Registry, tmp_path: Path) -> Watcher:
    guard = Guard(proxies=0, origins=(), secret=b"s")
    return Watcher(database, database, registry, guard, tmp_path, 0.01)  # type: ignore[arg-type]


def test_a_new_key_locks_the_service_and_a_revoked_one_is_refused(service: Service) -> None:
    assert service.predict().status_code == 200
    key = keys.create(service.database, "web", ["predict"])
    headers = {"Authorization": f"Bearer {key}"}
    assert service.predict().status_code == 200, "not yet"
    service.look()
    assert_refused(service.predict(), 401)
    assert service.predict(headers=headers).status_code == 200
    keys.create(service.database, "other", ["predict"])
    keys.revoke(service.database, "web")
    service.look()
    assert_refused(service.predict(headers=headers), 401, "revoked")
    callers = [row["caller"] for row in service.rows()]
    assert callers == ["(this machine)", "(this machine)", None, "web", None]


def test_a_look_stores_which_keys_were_used(service: Service) -> None:
    headers = {"X-API-Key": keys.create(service.database, "web", ["predict"])}
    keys.create(service.database, "idle", ["predict"])
    service.look()
    assert service.predict(headers=headers).status_code == 200
    assert [row["used"] for row in keys.listed(service.database)] == [None, None], "not by itself"
    service.look()
    used, idle = (row["used"] for row in keys.listed(service.database))
    assert used is not None
    assert idle is None


def test_a_lost_database_does_not_open_the_service(
    make_service: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service()
    keys.create(service.database, "web", ["predict"])
    service.look()
    Key.delete().execute(service.database)
    for after in (service, make_service()):
        after.look()
        problem = assert_refused(after.ask("/v1/datasets"), 503, "keys open", "keys create")
        assert problem["code"] == "api_keys_lost"
        assert_refused(after.ask("/docs"), 503)
        assert after.ask("/healthz").status_code == 200
    service.look()
    told = [record for record in caplog.records if "has none that is left" in record.message]
    assert len(told) == 2, "once by each"
    headers = {"X-API-Key": keys.create(service.database, "new", ["predict"])}
    service.look()
    assert service.ask("/v1/datasets", headers=headers).status_code == 200


def test_where_it_cannot_be_remembered_keys_are_valid_all_the_same(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: Path) -> None:
        raise UserError("No space is left.")

    monkeypatch.setattr(closure, "close", refuse)
    headers = {"X-API-Key": keys.create(service.database, "web", ["predict"])}
    service.look()
    assert "No space is left" in caplog.text
    assert service.ask("/v1/datasets").status_code == 401
    assert service.ask("/v1/datasets", headers=headers).status_code == 200


def test_what_cannot_be_stored_keeps_nothing_from_being_followed(
    database: peewee.Database,
    registry: Registry,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: peewee.Database) -> None:
        raise peewee.OperationalError("read-only")

    guard = Guard(proxies=0, origins=(), secret=b"s")
    words: Any = (database, database, registry, guard, tmp_path, 0.01, [refuse])
    watcher = Watcher(*words)
    for looks in (1, 2):
        watcher.look()
        assert registry.looks == looks
    assert [record.message for record in caplog.records] == [
        "what was counted cannot be stored: read-only"
    ]


def test_a_promotion_serves_at_the_next_look(service: Service) -> None:
    second = version_store.get(service.database, "stones", 2)
    version_store.promote(service.database, second, kind="promote", by="me", why="")
    assert service.predict().json["model"]["version"] == 1
    service.look()
    assert service.predict().json["model"]["version"] == 2


def test_no_request_fails_while_the_champion_changes(service: Service) -> None:
    statuses: list[int] = []
    seen: set[int] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answer = service.predict()
            statuses.append(answer.status_code)
            seen.add(answer.json["model"]["version"])

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in (2, 1, 2, 1, 2):
        version = version_store.get(service.database, "stones", number)
        version_store.promote(service.database, version, kind="promote", by="me", why="")
        service.look()
        asked = len(statuses)
        while len(statuses) < asked + 4 and any(thread.is_alive() for thread in threads):
            time.sleep(0.001)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert seen == {1, 2}
    assert {row["status"] for row in service.rows()} == {200}
    assert len(service.rows()) == len(statuses)


def test_a_database_that_is_away_is_told_once_and_looked_for_again(
    watcher: Watcher, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    registry.error = peewee.OperationalError("gone")
    for _ in range(3):
        watcher.look()
    assert len(caplog.records) == 1
    assert "gone" in caplog.text
    registry.error = None
    watcher.look()
    registry.error = peewee.OperationalError("gone")
    watcher.look()
    assert len(caplog.records) == 2, "told again, as it was well in between"


def test_a_newer_schema_keeps_it_from_starting(
    make_service: Callable[..., Service], database: peewee.Database
) -> None:
    Migration.insert(number=99, about="from the future", at="").execute(database)
    database.close()
    with pytest.raises(UserError, match="newer version"):
        make_service()


def test_it_starts_though_the_database_is_away(
    make_service: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service(database_url="postgresql://me:x@127.0.0.1:1/none", wait=0.05)
    assert_refused(service.predict(), 503)
    ready = service.ask("/readyz")
    assert ready.status_code == 503
    assert not ready.json["database"]["ok"]
    assert service.ask("/healthz").status_code == 200
    assert "the database cannot be read" in caplog.text


def test_nobody_is_told_that_a_dataset_is_absent_before_datasets_are_loaded(
    make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away at the start; it comes back, and loading takes its time."""

    def fail(_: object) -> None:
        raise peewee.OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(watcher_module, "migrate", fail)
        service = make_service()
    assert_refused(service.predict(), 503)
    answers = []
    adopt = RealRegistry._adopt

    def slow(registry: RealRegistry) -> None:
        answers.extend([service.predict(), service.ask("/v1/datasets")])
        adopt(registry)

    monkeypatch.setattr(RealRegistry, "_adopt", slow)
    service.look()
    for answer in answers:
        assert_refused(answer, 503, "the database has not answered")
        assert answer.headers["retry-after"] == "1"
    assert len(answers) == 2
    assert service.predict().status_code == 200


def test_a_key_that_was_revoked_is_refused_though_models_cannot_be_looked_for(
    watcher: Watcher, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[object] = []
    monkeypatch.setattr(Guard, "learn", lambda *words, **_: learnt.append(words))
    registry.error = peewee.OperationalError("gone")
    watcher.look()
    assert len(learnt) == 0
    registry.error = None
    watcher.look()
    registry.error = peewee.OperationalError("gone")
    watcher.look()
    assert len(learnt) == 2


@pytest.mark.parametrize("error", [None, UserError("No."), ZeroDivisionError()])
def test_it_goes_on_looking_whatever_happens(
    watcher: Watcher, registry: Registry, error: Exception | None
) -> None:
    before = threading.active_count()
    watcher.start(is_watching=True)
    registry.error = error
    looks = registry.looks
    until = time.monotonic() + 10
    while registry.looks < looks + 3 and time.monotonic() < until:
        time.sleep(0.005)
    watcher.stop()
    assert registry.looks >= looks + 3
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.005)
    assert threading.active_count() == before


def test_without_watching_it_looks_once(watcher: Watcher, registry: Registry) -> None:
    before = threading.active_count()
    watcher.start(is_watching=False)
    assert registry.looks == 1
    assert threading.active_count() == before
