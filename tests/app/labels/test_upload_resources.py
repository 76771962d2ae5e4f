"""What becomes of a post of labels, asked for afterwards."""

from __future__ import annotations

import pytest

from app.auth import keys
from app.labels import upload_store
from app.store import ids
from tests.app import project
from tests.app.service import Service, assert_refused

DEBT = {**project.DEBT, "late": 1}


def test_a_post_is_told_with_its_answer(service: Service) -> None:
    answer = service.post("/v1/debts/labels", [DEBT, {**DEBT, "late": 7}]).json
    document = service.ask(f"/v1/debts/uploads/{answer['upload']}").json
    assert document == {
        "id": answer["upload"],
        "at": document["at"],
        "touched": document["touched"],
        "key": None,
        "state": "done",
        "read": 2,
        "stored": 1,
        "refused": 1,
        "answer": answer,
    }
    assert document["at"] <= document["touched"]


def test_a_refusal_is_told_too(service: Service) -> None:
    refusal = assert_refused(service.post("/v1/debts/labels", {**DEBT, "late": 7}), 422)
    document = service.ask(f"/v1/debts/uploads/{refusal['upload']}").json
    assert (document["state"], document["stored"], document["refused"]) == ("refused", 0, 1)
    assert refusal.pop("request_id")
    assert document["answer"] == refusal


def test_a_post_that_is_on_its_way_has_no_answer_yet(service: Service) -> None:
    number = ids.new()
    upload_store.begin(service.database, number, "debts", "me", None)
    upload_store.update(service.database, number, read=30, stored=20, refused=10)
    document = service.ask(f"/v1/debts/uploads/{number}").json
    assert (document["state"], document["answer"]) == ("reading", None)
    assert (document["read"], document["stored"], document["refused"]) == (30, 20, 10)


@pytest.mark.parametrize("number", ["x", "%00", "%F0%9F%98%80"])
def test_a_post_that_is_not_there(service: Service, number: str) -> None:
    assert_refused(service.ask(f"/v1/debts/uploads/{number}"), 404, "no such upload")
    assert_refused(service.ask(f"/v1/debts/uploads/{ids.new()}"), 404, "no such upload")
    made = service.post("/v1/debts/labels", DEBT).json["upload"]
    assert_refused(service.ask(f"/v1/ghosts/uploads/{made}"), 404, "no such upload")
    assert_refused(service.ask(f"/v1/dets/uploads/{made}"), 404, "did you mean 'debts'?")


def test_it_needs_the_scope_of_labels(service: Service) -> None:
    made = service.post("/v1/debts/labels", DEBT).json["upload"]
    web = {"X-API-Key": keys.create(service.database, "web", ["predict"])}
    service.look()
    assert_refused(service.ask(f"/v1/debts/uploads/{made}", headers=web), 403, "scope")


def test_posts_are_listed_while_they_are_read(service: Service) -> None:
    service.post("/v1/debts/labels", DEBT)
    number = ids.new()
    upload_store.begin(service.database, number, "debts", "me", "mine")
    upload_store.update(service.database, number, read=30, stored=20, refused=10)
    found = service.ask("/v1/debts/uploads").json["uploads"]
    assert [(one["state"], one["read"], one["key"]) for one in found] == [
        ("reading", 30, "mine"),
        ("done", 1, None),
    ]
    assert len(service.ask("/v1/debts/uploads?limit=1").json["uploads"]) == 1
    (one,) = service.ask("/v1/debts/uploads?key=mine").json["uploads"]
    assert one["id"] == number
    assert service.ask("/v1/debts/uploads?key=other").json["uploads"] == []
    assert service.ask("/v1/notes/uploads").json["uploads"] == []
