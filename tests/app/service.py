"""The service in this process, and what a test wants to reach of it."""

from __future__ import annotations

import json
from typing import Any

import falcon
import falcon.testing
import peewee
import pytest

from app import factory
from app.background.watcher import Watcher
from app.settings import Settings
from app.store import database as databases
from app.store.tables import (
    BatchPrediction,
    EndedSession,
    Event,
    FormerSecret,
    Key,
    Label,
    Migration,
    Request,
    RequestCount,
    Training,
    Uncounted,
    UnloggedRequests,
    Upload,
    Usage,
    Version,
)
from tests.app import project

TABLES = (
    *(Migration, Request, BatchPrediction, Version, Event, Key, FormerSecret),
    *(EndedSession, Label, Upload, Training, UnloggedRequests, Usage),
    *(RequestCount, Uncounted),
)
LOG = (Request, BatchPrediction, RequestCount)
Result = falcon.testing.Result


class Service:
    """An api without threads of its own: it looks for changes when a test says so."""

    def __init__(self, settings: Settings) -> None:
        made: list[Watcher] = []

        def remember(*words: Any) -> Watcher:
            made.append(Watcher(*words))
            return made[0]

        self.settings = settings
        self.database = databases.connect(settings.url(), "process", 1.0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(factory, "Watcher", remember)
            self.api = factory.create_api(settings, is_watching=False)
        self.client = falcon.testing.TestClient(self.api, headers={"Host": "localhost"})
        self.look = made[0].look

    def close(self) -> None:
        self.database.close()
        self.api.close()

    def ask(self, path: str, method: str = "GET", **words: Any) -> Result:
        return self.client.simulate_request(method, path, **words)

    def post(self, path: str, document: Any, **words: Any) -> Result:
        """Post JSON; text or bytes go as they are, as JSON that may be none."""
        is_written = isinstance(document, str | bytes)
        body = document if is_written else json.dumps(document)
        headers = {"Content-Type": "application/json", **words.pop("headers", {})}
        return self.client.simulate_post(path, body=body, headers=headers, **words)

    def predict(self, dataset: str = "stones", record: Any = None, **words: Any) -> Result:
        given = project.RECORDS[dataset] if record is None else record
        return self.post(f"/v1/{dataset}/predictions", given, **words)

    def rows(self, table: type[peewee.Model] = Request) -> list[dict[str, Any]]:
        """Return a table's rows, the oldest first, with their bodies as bytes."""
        with self.database:
            found = table.select().order_by(*table._meta.get_primary_keys()).dicts()
            return [
                {
                    name: bytes(value) if isinstance(value, memoryview) else value
                    for name, value in row.items()
                }
                for row in found.execute(self.database)
            ]

    def empty_log(self) -> None:
        """Forget what was asked and answered."""
        with self.database:
            for table in LOG:
                table.delete().execute(self.database)

    def everything(self) -> bytes:
        """Return all that the database holds, to search for what it must not hold."""
        return repr([self.rows(table) for table in TABLES]).encode()


def assert_refused(answer: Result, status: int, *words: str) -> dict[str, Any]:
    """Check that an answer is a problem of this status that has the words; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json
    assert document["status"] == status
    assert document["request_id"] == answer.headers["x-request-id"]
    for word in words:
        assert word in answer.text
    return document
