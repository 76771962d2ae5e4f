from __future__ import annotations

import pytest

from app.predictions import store as prediction_store
from tests.app.service import Service

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@SQLITE
def test_a_browser_reads_a_page(service: Service) -> None:
    answer = service.ask("/nowhere<script>", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is nothing at this path." in answer.text
    assert "/nowhere&lt;script&gt;" in answer.text


@SQLITE
@pytest.mark.parametrize(
    ("path", "headers"), [("/nowhere", {}), ("/v1/nowhere/models", BROWSER), ("/v1/x", BROWSER)]
)
def test_all_others_read_a_document(service: Service, path: str, headers: dict[str, str]) -> None:
    answer = service.ask(path, headers=headers)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == 404


@SQLITE
def test_a_database_that_is_away_is_told_in_a_page(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise prediction_store.peewee.OperationalError("gone")

    monkeypatch.setattr(prediction_store, "page", away)
    answer = service.ask("/datasets/stones/predict", headers=BROWSER)
    assert answer.status_code == 503
    assert "The database cannot be read now" in answer.text
