from __future__ import annotations

import pytest

from app.auth import keys
from tests.app.conftest import MakeService
from tests.app.service import Service

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def labeller(make_service: MakeService) -> tuple[Service, dict[str, str]]:
    """Start a service that needs a key; return it with headers of one that may only label."""
    service = make_service()
    key = keys.create(service.database, "labeller", ["label"])
    service.look()
    return service, {**BROWSER, "X-API-Key": key}


@SQLITE
def test_who_lacks_the_scope_reads_which_one_is_needed(
    labeller: tuple[Service, dict[str, str]],
) -> None:
    service, headers = labeller
    answer = service.ask("/datasets/stones/predict", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "This key does not have the scope that is needed here." in answer.text
    assert "predict, admin" in answer.text


@SQLITE
def test_after_signing_in_one_is_where_one_wanted_to_be(
    labeller: tuple[Service, dict[str, str]],
) -> None:
    answer = labeller[0].ask("/", headers=BROWSER, query_string="a=1&b=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=/%3Fa%3D1%26b%3D2"


@SQLITE
def test_any_key_opens_the_first_page_and_finds_there_what_it_may_do(
    labeller: tuple[Service, dict[str, str]],
) -> None:
    service, headers = labeller
    answer = service.ask("/", headers=headers)
    assert answer.status_code == 200
    for dataset in ("stones", "ghosts"):
        assert f'href="/datasets/{dataset}/labels"' in answer.text
        assert f'href="/datasets/{dataset}/predict"' not in answer.text
        assert f'href="/datasets/{dataset}/train"' not in answer.text
