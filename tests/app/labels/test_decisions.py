"""Many decisions at once; those of one label are in test_review.py, with what makes it wait."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth import keys
from app.labels import store as label_store
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Service, assert_refused

LABELS = "/v1/stones/labels"
ACCEPT = f"{LABELS}/accept"
STRANGE = {**project.STONE, "price": 400}


def waiting(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.ask(LABELS, params={"state": "to_review"}).json["labels"]
    return found


@pytest.fixture
def posts(service: Service) -> list[str]:
    """Post strange labels twice, three and two; return the ids of the posts."""
    asked = [("shop", 3), ("app", 2)]
    return [
        service.post(LABELS, [STRANGE] * count, params={"source": source}).json["upload"]
        for source, count in asked
    ]


def test_all_that_wait_are_accepted_once_their_number_is_confirmed(
    service: Service, posts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_store, "AT_ONCE", 2)
    for params in ({}, {"confirm": 4}):
        refusal = assert_refused(service.ask(ACCEPT, "POST", params=params), 409, "5 labels")
        assert (refusal["code"], refusal["allowed"]) == ("not_confirmed", ["confirm=5"])
    assert len(waiting(service)) == 5
    told = service.post(ACCEPT, {"why": "prices fell"}, params={"confirm": 5})
    assert told.json == {"accepted": 5}
    assert waiting(service) == []
    accepted = service.ask(LABELS, params={"state": "accepted"}).json["labels"]
    assert len(accepted) == 5
    assert {one["review"]["decision"]["why"] for one in accepted} == {"prices fell"}
    assert service.ask(ACCEPT, "POST", params={"confirm": 0}).json == {"accepted": 0}


def test_those_of_a_post_or_a_source_are_accepted_alone(service: Service, posts: list[str]) -> None:
    upload = {"upload": posts[0], "confirm": 3}
    assert service.ask(ACCEPT, "POST", params=upload).json == {"accepted": 3}
    assert {one["source"] for one in waiting(service)} == {"app"}
    source = {"source": "app", "confirm": 2}
    assert service.ask(ACCEPT, "POST", params=source).json == {"accepted": 2}


def test_what_counts_or_was_deleted_is_left_alone(service: Service, posts: list[str]) -> None:
    service.post(LABELS, {**project.STONE, "price": 5800})
    first, *_ = waiting(service)
    service.ask(f"{LABELS}/{first['id']}/reject", "POST")
    assert service.ask(ACCEPT, "POST", params={"confirm": 4}).json == {"accepted": 4}
    deleted = service.ask(LABELS, params={"state": "deleted"}).json["labels"]
    assert [one["id"] for one in deleted] == [first["id"]]


def test_who_may_only_predict_accepts_nothing(make_service: MakeService) -> None:
    service = make_service()
    key = keys.create(service.database, "shop", ["predict"])
    service.look()
    assert_refused(service.ask(ACCEPT, "POST", headers={"X-API-Key": key}), 403)
