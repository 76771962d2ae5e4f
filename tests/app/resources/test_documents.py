from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from app.store.tables import Request
from src import paths
from tests.app import project
from tests.app.service import Service, assert_refused


def test_the_page_loads_only_what_is_served_here(service: Service) -> None:
    page = service.ask("/docs")
    assert page.headers["content-type"].startswith("text/html")
    found = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert found
    for path in found:
        if not path.startswith("data:"):
            answer = service.ask(path)
            assert answer.status_code == 200, path
            assert len(answer.content) > 50
            assert "max-age" in answer.headers["cache-control"]


def test_the_page_may_load_nothing_else(service: Service) -> None:
    policy = service.ask("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "name", ["nothing", "docs.html", "..%2Ffactory.py", "..", "%2Fetc%2Fpasswd", "docs.js%00"]
)
def test_no_other_file_is_served(service: Service, name: str) -> None:
    assert_refused(service.ask(f"/docs/{name}"), 404)


def test_the_description_has_every_dataset_and_its_examples_work(service: Service) -> None:
    document = service.ask("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for dataset in project.MODELS:
        body = document["paths"][f"/v1/{dataset}/predictions"]["post"]["requestBody"]
        for example in body["content"]["application/json"]["examples"].values():
            assert service.predict(dataset, example["value"]).status_code == 200
    assert "/v1/stones/similar" in document["paths"]
    assert "/v1/debts/similar" not in document["paths"]
    body = document["paths"]["/v1/stones/similar"]["post"]["requestBody"]
    (example,) = body["content"]["application/json"]["examples"].values()
    assert service.post("/v1/stones/similar", example["value"]).status_code == 200


def test_every_reference_leads_somewhere(service: Service) -> None:
    text = service.ask("/openapi.json").text
    document = json.loads(text)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names
    assert names <= set(document["components"]["schemas"])


def test_the_description_follows_the_champion(service: Service) -> None:
    before = service.ask("/openapi.json").text
    project.crown("stones", "xgboost")
    service.look()
    assert service.ask("/openapi.json").text != before


def test_without_champions_the_rest_is_described(make_service: Callable[..., Service]) -> None:
    paths.CHAMPIONS.unlink()
    document = make_service().ask("/openapi.json").json
    assert "/v1/requests" in document["paths"]
    assert "/v1/stones" not in document["paths"]


def test_documents_are_logged_without_their_text(service: Service) -> None:
    for path in ("/docs", "/docs/docs.js", "/openapi.json"):
        service.ask(path)
    assert [row["response_body"] for row in service.rows(Request)] == [None] * 3
