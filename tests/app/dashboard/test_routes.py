"""What is true of every page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.auth import keys
from tests.app.conftest import MakeService
from tests.app.service import Service

BROWSER = {"Accept": "text/html"}
OF_A_DATASET = ("", "/predict", "/train", "/history", "/labels")
ABSENT = (
    *(f"/datasets/stones/{end}" for end in ("predictions/x", "train/x")),
    *(f"/datasets/stones/history/{end}" for end in ("9", "x", "1/9", "1/x")),
    "/requests/x",
)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EVIL = "<script>alert(1)</script>'\"&"


def page(service: Service, path: str, **headers: str) -> Any:
    target, _, query = path.partition("?")
    return service.ask(target, query_string=query, headers={**BROWSER, **headers})


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes", "ghosts"])
def test_every_dataset_has_every_page(service: Service, dataset: str) -> None:
    for end in OF_A_DATASET:
        answer = page(service, f"/datasets/{dataset}{end}")
        assert answer.status_code == 200, end
        assert answer.headers["content-type"].startswith("text/html")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.findall(r"\s(style|on[a-z]+)=\"", answer.text), "the policy forbids them"
        for form in re.findall(r"<form.*?</form>", answer.text, re.DOTALL):
            changes = "data-api" in form or 'method="post"' in form
            assert not changes or 'name="csrf"' in form, form[:200]


@SQLITE
def test_what_is_not_there_is_told(service: Service) -> None:
    for end in OF_A_DATASET:
        answer = page(service, f"/datasets/stone{end}")
        assert answer.status_code == 404
        assert "stones" in answer.text, "the nearest one"
    for path in ABSENT:
        answer = page(service, path)
        assert answer.status_code in (400, 404), path
        assert "<h1>" in answer.text, path


def test_a_query_that_is_odd_breaks_no_page(service: Service) -> None:
    for path in ("/datasets/stones/predict", "/requests", "/datasets/debts/labels"):
        for query in ("cursor=x", "limit=x", "since=x", "x=<script>", "version=<b>"):
            answer = page(service, f"{path}?{query}")
            assert answer.status_code in (200, 400, 404), (path, query)
            assert "<script>" not in answer.text, (path, query)


def test_a_text_of_markup_stays_a_text(service: Service) -> None:
    note = service.predict("notes", {"text": f"rose {EVIL}"}).json["id"]
    labels = [{"text": f"rose {EVIL}", "room": "garden"}]
    assert service.post("/v1/notes/labels", labels, params={"source": EVIL}).status_code == 200
    asked = {"model": "naive_bayes", "name": EVIL, "use": "file"}
    training = service.post("/v1/notes/trainings", asked).json["id"]
    request = service.rows()[0]["id"]
    paths = [
        *(f"/datasets/notes{end}" for end in OF_A_DATASET),
        f"/datasets/notes/predictions/{note}",
        f"/datasets/notes/train/{training}",
        f"/requests/{request}",
        "/requests",
        "/",
    ]
    told = 0
    for path in paths:
        answer = page(service, path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        told += "alert(1)" in answer.text
    assert told >= 5, "it was there to be seen"


ASKS = {"/train": "train", "/labels": "label"}


@SQLITE
def test_what_a_key_may_not_do_is_not_offered(make_service: MakeService) -> None:
    service = make_service()
    key = keys.create(service.database, "shop", ["predict"])
    service.look()
    given = {"X-API-Key": key}
    for end, scope in ASKS.items():
        answer = page(service, f"/datasets/stones{end}", **given)
        assert answer.status_code == 403
        assert scope in answer.text
        assert f"/datasets/stones{end}" not in page(service, "/datasets/stones", **given).text
    number = service.predict(headers=given).json["id"]
    prediction = page(service, f"/datasets/stones/predictions/{number}", **given)
    assert prediction.status_code == 200
    assert "/label" not in prediction.text
    assert page(service, "/requests", **given).status_code == 403
    assert "data-api" not in re.sub(
        r"<form class=\"who\".*?</form>",
        "",
        page(service, "/datasets/stones/history/2", **given).text,
        flags=re.DOTALL,
    )


@SQLITE
def test_pages_are_recorded_without_their_bodies(service: Service) -> None:
    page(service, "/datasets/stones")
    (row,) = service.rows()
    assert (row["path"], row["status"], row["response_body"]) == ("/datasets/stones", 200, None)
