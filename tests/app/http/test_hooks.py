from __future__ import annotations

from typing import Any

import pytest

from app.registry import store as version_store
from tests.app.service import Service, assert_refused


def test_a_database_that_cannot_be_read_is_said_and_stored(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with service.database:
        service.database.execute_sql("ALTER TABLE version RENAME TO away")
    answer = service.ask("/v1/stones/models")
    assert_refused(answer, 503, "cannot be read now")
    assert answer.headers["retry-after"] == "1"
    assert "/v1/stones/models" in caplog.text
    (row,) = service.rows()
    assert (row["status"], row["response_body"]) == (503, answer.content)
    with service.database:
        service.database.execute_sql("ALTER TABLE away RENAME TO version")
    assert service.ask("/v1/stones/models").status_code == 200


def test_a_failure_of_ours_is_told_stored_and_leaves_nothing_open(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    databases: list[Any] = []

    def fail(database: Any, dataset: str) -> None:
        database.execute_sql("SELECT 1")
        databases.append(database)
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(version_store, "models", fail)
    answer = service.ask("/v1/stones/models")
    assert_refused(answer, 500, "not the request's fault")
    assert "secret" not in answer.text
    assert "a secret detail" in caplog.text
    assert databases[0].is_closed()
    (row,) = service.rows()
    assert (row["status"], row["is_prediction"]) == (500, 0)


def test_a_path_that_is_not_there_is_given_back(service: Service) -> None:
    document = assert_refused(service.ask("/v2/stones"), 404, "nothing at this path")
    assert document["given"] == "/v2/stones"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_a_method_that_is_not_taken_gets_those_that_are(reader: Service, method: str) -> None:
    answer = reader.ask("/v1/stones", method)
    document = assert_refused(answer, 405)
    assert document["given"] == method
    assert "GET" in answer.headers["allow"]
    assert ", ".join(document["allowed"]) == answer.headers["allow"]
