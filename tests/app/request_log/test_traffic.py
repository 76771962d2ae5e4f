"""The log over time; on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.auth import keys
from app.request_log import counts, traffic
from app.store import clock, ids
from app.store.tables import Request, Uncounted
from tests.app.service import Service, assert_refused

PATH = "/v1/requests/series"
CLASSES = ("2xx", "3xx", "4xx", "5xx")
AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def store(service: Service, *rows: tuple[float, int, float], dataset: str = "debts") -> None:
    """Store requests of so many seconds after AT, with a status and a duration."""
    common = {"method": "GET", "path": f"/v1/{dataset}", "query": "", "is_prediction": 0}
    with service.database:
        for after, status, milliseconds in rows:
            moment = AT.timestamp() + after
            number = ids.at(moment)[:18] + ids.new()[18:]
            own = {"id": number, "at": "", "status": status, "milliseconds": milliseconds}
            Request.insert(own | common | {"dataset": dataset}).execute(service.database)


def asked(service: Service, **params: Any) -> dict[str, Any]:
    answer = service.ask(PATH, params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json
    return document


def hour(service: Service, **params: Any) -> dict[str, Any]:
    until = clock.text(AT + dt.timedelta(hours=1))
    return asked(service, since=clock.text(AT), until=until, **params)


def test_requests_are_counted_by_time_and_by_how_they_ended(service: Service) -> None:
    durations = [(at, 200, float(at)) for at in range(20)]
    store(service, *durations, (61, 303, 1), (62, 422, 3), (119, 503, 5), (3599, 404, 7))
    store(service, (-1, 200, 1), (3600, 200, 1))
    document = hour(service)
    assert (document["seconds"], document["looked_at"], document["all"]) == (60, 24, True)
    total = document["total"]
    assert [total[name] for name in CLASSES] == [20, 1, 2, 1]
    assert total["p50"] == 7.5
    first, second, *others, last = document["buckets"]
    assert len(others) == 57
    assert (first["at"], second["at"]) == (clock.text(AT), clock.text(AT + dt.timedelta(minutes=1)))
    assert {name: first[name] for name in CLASSES} == dict(zip(CLASSES, (20, 0, 0, 0), strict=True))
    assert (first["p50"], first["p95"]) == (9.5, 18.05)
    assert [second[name] for name in CLASSES] == [0, 1, 1, 1]
    assert (others[0]["2xx"], others[0]["p50"], others[0]["p95"]) == (0, None, None)
    assert last["4xx"] == 1


def test_it_can_be_asked_of_a_part(service: Service) -> None:
    store(service, (1, 200, 1), (2, 404, 1))
    store(service, (3, 200, 1), dataset="stones")
    assert hour(service)["looked_at"] == 3
    assert hour(service, dataset="stones")["looked_at"] == 1
    assert hour(service, path="/v1/debts")["looked_at"] == 2
    assert hour(service, status="4xx")["looked_at"] == 1


def test_of_very_many_the_newest_are_looked_at(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(service, *[(at, 200, 1.0) for at in range(0, 180, 60)])
    monkeypatch.setattr(traffic, "MOST", 3)
    assert hour(service)["all"]
    monkeypatch.setattr(traffic, "MOST", 2)
    document = hour(service)
    assert (document["looked_at"], document["all"]) == (2, False)
    assert [one["2xx"] for one in document["buckets"][:3]] == [0, 1, 1]


def test_unless_asked_otherwise_it_is_of_the_last_day(service: Service) -> None:
    service.ask("/v1/debts")
    store(service, (0, 200, 1))  # long ago
    document = asked(service)
    span = clock.parse(document["until"], "") - clock.parse(document["since"], "")
    assert span == dt.timedelta(days=1)
    assert document["seconds"] == 1200
    assert 70 < len(document["buckets"]) < 76
    assert document["looked_at"] <= 1  # of the same millisecond it may not be, yet


@pytest.mark.parametrize("span", [0.5, 60, 3600, 86_400, 7 * 86_400, 400 * 86_400, 8000 * 86_400])
def test_a_bucket_is_as_long_as_people_count(span: float) -> None:
    seconds = traffic.step(span)
    assert span / seconds <= traffic.BUCKETS
    assert span / seconds > 20 or seconds == 1
    assert len(traffic.buckets([], 1e9, 1e9 + span, seconds)) <= traffic.BUCKETS + 1


@pytest.mark.parametrize(
    "params",
    [
        {"since": "2026-03-01", "until": "2026-03-01"},
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"since": "2900-01-01"},
        {"until": "0001-01-01T00:00:00Z"},
    ],
)
def test_in_a_span_without_length_is_nothing(service: Service, params: dict[str, str]) -> None:
    store(service, (0, 200, 1))
    document = asked(service, **params)
    assert document["since"] == document["until"]
    assert (document["looked_at"], document["buckets"]) == (0, [])


@pytest.mark.parametrize("params", [{"since": "1960-01-01"}, {"until": "1970-01-01T12:00:00Z"}])
def test_no_span_begins_before_1970(service: Service, params: dict[str, str]) -> None:
    store(service, (0, 200, 1))
    document = asked(service, **params)
    assert document["since"] == "1970-01-01T00:00:00.000000Z"
    assert document["looked_at"] == ("since" in params)


@pytest.mark.parametrize("params", [{"since": "yesterday"}, {"limit": "3"}, {"status": "9"}])
def test_a_wrong_parameter_is_refused(service: Service, params: dict[str, str]) -> None:
    assert_refused(service.ask(PATH, params=params), 400, next(iter(params)))


def test_it_needs_the_scope_of_the_log(service: Service) -> None:
    with service.database:
        key = keys.create(service.database, "me", ["predict", "label", "train"])
    service.look()
    assert_refused(service.ask(PATH, headers={"X-API-Key": key}), 403, "admin")


def test_of_many_the_counts_are_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    store(service, *[(at, 200, 2.0) for at in range(0, 180, 60)])
    rows = [(clock.text(AT + dt.timedelta(seconds=at)), 404, 8.0) for at in (0, 1, 90)]
    with service.database:
        counts.add(service.database.execute_sql, service.database.param, rows)
    assert hour(service)["exact"], "they are few"
    monkeypatch.setattr(traffic, "EXACT", 2)
    document = hour(service)
    assert (document["exact"], document["all"], document["looked_at"]) == (False, True, 3)
    assert [one["4xx"] for one in document["buckets"][:3]] == [2, 1, 0]
    assert len(document["buckets"]) == 60
    assert document["total"]["2xx"] == 0
    assert 6 < document["total"]["p50"] < 11
    assert document["buckets"][2]["p50"] is None
    inner = asked(
        service,
        since=clock.text(AT + dt.timedelta(seconds=30)),
        until=clock.text(AT + dt.timedelta(seconds=4000)),
    )
    assert inner["since"] == clock.text(AT), "whole minutes"
    for params in ({"dataset": "debts"}, {"status": "2xx"}, {"path": "/v1/debts"}):
        assert hour(service, **params)["exact"], "the counts know nothing of it"
    short = asked(service, since=clock.text(AT), until=clock.text(AT + dt.timedelta(minutes=30)))
    assert short["exact"]
    with service.database:
        Uncounted.insert(until=ids.at(AT.timestamp() + 1)).execute(service.database)
    assert hour(service)["exact"], "some of them are not counted yet"
