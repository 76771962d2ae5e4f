"""The log: what is found in it, page by page, and one entry in full."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from app.auth import keys
from app.http import bodies
from app.store import clock, ids
from app.store.tables import Request
from tests.app import project
from tests.app.hands import Hands
from tests.app.service import Service, assert_refused

LOG = "/v1/requests"


def listed(service: Service, **params: Any) -> list[dict[str, Any]]:
    answer = service.ask(LOG, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["requests"]
    return found


def pages(service: Service, **params: Any) -> list[list[str]]:
    """Follow the cursor to the end."""
    found, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        document = service.ask(LOG, params={**params, **more}).json
        found.append([row["id"] for row in document["requests"]])
        cursor = document["next"]
        if cursor is None:
            return found
        assert len(found) < 100


def test_an_entry_tells_who_asked_what_and_how_it_ended(service: Service) -> None:
    answer = service.predict(headers={"X-Request-Id": "mine"}, params={"explain": "true"})
    (row,) = listed(service, request_id="mine")
    milliseconds = row.pop("milliseconds")
    assert milliseconds > 0
    assert row == {
        "id": answer.json["id"],
        "at": row["at"],
        "request_id": "mine",
        "method": "POST",
        "path": "/v1/stones/predictions",
        "query": "explain=true",
        "status": 200,
        "dataset": "stones",
        "version": 1,
        "client": "local",
        "caller": "(this machine)",
        "delivery": None,
    }


def test_pages_follow_each_other_without_loss_or_repetition(service: Service) -> None:
    for at in range(25):
        service.ask("/v1/stones" if at % 5 else "/v1/debts")
    expected = [row["id"] for row in reversed(service.rows())]
    found = pages(service, limit=10, method="GET", path="/v1/stones")
    assert [len(page) for page in found] == [10, 10]
    found = pages(service, limit=10, until=clock.text(datetime.now(UTC)))
    flat = [number for page in found for number in page]
    assert flat[-25:] == expected, "the newest first, those of the paging itself before them"
    assert len(set(flat)) == len(flat)


def test_what_is_asked_meanwhile_does_not_shift_the_pages(service: Service) -> None:
    for _ in range(25):
        service.ask("/v1/datasets")
    expected = [row["id"] for row in reversed(service.rows())]
    first = service.ask(LOG, params={"limit": 10, "path": "/v1/datasets"}).json
    for _ in range(5):
        service.ask("/v1/datasets")
    params = {"limit": 20, "path": "/v1/datasets", "cursor": first["next"]}
    second = service.ask(LOG, params=params).json
    assert [row["id"] for row in first["requests"] + second["requests"]] == expected
    assert second["next"] is None


def test_a_page_has_as_many_as_the_settings_say(service: Service) -> None:
    for _ in range(55):
        service.ask("/healthzz")
    assert len(listed(service)) == service.settings.page == 50
    assert len(listed(service, limit=1)) == 1


@pytest.fixture
def asked(service: Service) -> Service:
    service.predict()
    service.predict("debts")
    service.predict("debts", {})
    service.ask("/v1/nothing")
    service.ask("/v1/stones", "HEAD")
    return service


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 5),
        ({"dataset": "debts"}, 2),
        ({"status": "200"}, 3),
        ({"status": "422"}, 1),
        ({"status": "4xx"}, 2),
        ({"status": "5xx"}, 0),
        ({"dataset": "debts", "status": "4xx"}, 1),
        ({"method": "POST"}, 3),
        ({"method": "HEAD"}, 1),
        ({"path": "/v1/nothing"}, 1),
        ({"path": "/v1"}, 0),
        ({"request_id": "none"}, 0),
        ({"since": "2020-01-01"}, 5),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
        ({"since": "2100-01-01"}, 0),
        ({"cursor": "00000000-0000-0000-0000-000000000000"}, 0),
    ],
)
def test_the_log_is_searched(asked: Service, params: dict[str, str], count: int) -> None:
    assert len(listed(asked, **params)) == count


def test_a_moment_parts_what_was_before_from_what_came_after(
    service: Service, hands: Hands
) -> None:
    service.ask("/v1/stones")
    hands.move()
    moment = clock.text(clock.now())
    hands.move()
    service.ask("/v1/debts")
    assert [row["path"] for row in listed(service, until=moment)] == ["/v1/stones"]
    found = [row["path"] for row in listed(service, since=moment)]
    assert found == [LOG, "/v1/debts"]


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"sinse": "2020-01-01"}, "sinse"),
        ({"since": "yesterday"}, "since"),
        ({"until": ""}, "until"),
        ({"status": "2x"}, "status"),
        ({"status": "600"}, "status"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"method": "BREW"}, "method"),
        ({"cursor": "x"}, "cursor"),
        ({"path": "\x00"}, "path"),
        ({"dataset": "\U0001f600"}, "dataset"),
        ({"request_id": "x" * 201}, "request_id"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    reader: Service, params: dict[str, str], word: str
) -> None:
    assert_refused(reader.ask(LOG, params=params), 400, word)


@pytest.mark.parametrize("year", ["0001-01-02", "1969-12-31", "9999-12-31"])
def test_any_year_can_be_asked_for(reader: Service, year: str) -> None:
    reader.ask("/v1/stones")
    assert len(listed(reader, since=year)) + len(listed(reader, until=year, limit=1)) == 1


def test_an_entry_in_full_has_both_bodies_and_its_predictions(service: Service) -> None:
    answer = service.predict(record=[project.STONE, project.STONE])
    numbers = [one["id"] for one in answer.json]
    document = service.ask(f"{LOG}/{numbers[0]}").json
    assert document["request_body"] == [project.STONE, project.STONE]
    assert document["response_body"] == answer.json
    assert sorted(document["predictions"]) == sorted(numbers)
    assert document["status"] == 200


def test_an_entry_is_found_by_the_clients_own_id(service: Service) -> None:
    number = service.predict(headers={"X-Request-Id": "order 7"}).json["id"]
    document = service.ask(f"{LOG}/order%207").json
    assert document["id"] == number
    assert document["predictions"] == [number]


@pytest.mark.parametrize("body", [b"\xff\x00", b"{", b"[" * 5000])
def test_a_body_that_is_no_json_is_shown_as_text(service: Service, body: bytes) -> None:
    service.predict(record=body, headers={"X-Request-Id": "odd"})
    document = service.ask(f"{LOG}/odd").json
    assert document["request_body"] == body.decode("utf-8", "replace")
    assert document["response_body"]["status"] == 400


@pytest.mark.parametrize("number", ["nothing", ids.at(0), "a%00b", "%F0%9F%98%80", "%FF", "%0A"])
def test_an_entry_that_is_not_there(reader: Service, number: str) -> None:
    assert_refused(reader.ask(f"{LOG}/{number}"), 404, "no such request")


def test_the_log_does_not_swallow_itself(service: Service) -> None:
    service.ask(LOG)
    service.ask(f"{LOG}/{service.rows(Request)[0]['id']}")
    refusal = service.ask(f"{LOG}/nothing")
    stored = [row["response_body"] for row in service.rows(Request)]
    assert stored == [None, None, refusal.content]


def exported(service: Service, **params: Any) -> list[dict[str, str]]:
    answer = service.ask(LOG, params={**params, "format": "csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert "requests.csv" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_the_log_is_a_file_too_the_oldest_first(
    asked: Service, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "FIRST", page)
    monkeypatch.setattr(bodies, "MOST", page)
    numbers = [row["id"] for row in asked.rows()]
    rows = exported(asked)
    assert [row["id"] for row in rows] == numbers
    assert (rows[0]["status"], rows[0]["dataset"]) == ("200", "stones")
    assert "request_body" not in rows[0]
    assert {row["delivery"] for row in rows} == {""}
    (file,) = listed(asked, delivery="complete")
    assert (file["path"], file["query"], file["delivery"]) == (LOG, "format=csv", "complete")
    assert listed(asked, delivery="cut") == []
    assert [row["path"] for row in exported(asked, status="404")] == ["/v1/nothing"]
    assert exported(asked, dataset="nothing") == []


def test_no_cell_of_the_file_is_a_formula(service: Service) -> None:
    service.ask("/v1/stones", headers={"X-Request-Id": "=1+1"}, query_string="@a")
    (row,) = exported(service)
    assert (row["request_id"], row["query"]) == ("'=1+1", "'@a")
    assert float(row["milliseconds"]) > 0


def test_a_file_of_the_log_needs_its_scope(service: Service) -> None:
    with service.database:
        key = keys.create(service.database, "me", ["predict", "label", "train"])
    service.look()
    answer = service.ask(LOG, params={"format": "csv"}, headers={"X-API-Key": key})
    assert_refused(answer, 403, "admin")
