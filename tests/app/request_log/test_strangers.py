from __future__ import annotations

from typing import Any

import peewee
import pytest

from app.auth import keys
from app.request_log import strangers
from app.request_log.strangers import EACH, IN_ALL, Strangers
from app.store import clock
from app.store.tables import UnloggedRequests
from tests.app.hands import Hands
from tests.app.service import Service

MINUTE = 60_000  # milliseconds


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "PAUSE", 0.0)


def test_the_first_few_of_an_address_are_logged_in_each_minute(hands: Hands) -> None:
    some = Strangers()
    for _ in range(2):
        assert [some.is_logged("10.0.0.1") for _ in range(EACH + 2)] == [True] * EACH + [False] * 2
        assert some.is_logged("10.0.0.2")
        hands.move(MINUTE)


def test_all_addresses_together_have_an_end_and_no_more_is_remembered(hands: Hands) -> None:
    some = Strangers()
    logged = [some.is_logged(f"10.0.{at // 256}.{at % 256}") for at in range(10 * IN_ALL)]
    assert logged == [True] * IN_ALL + [False] * 9 * IN_ALL
    assert len(some._logged) == IN_ALL


def test_one_network_of_ipv6_is_one_address(hands: Hands) -> None:
    some = Strangers()
    assert sum(some.is_logged(f"2001:db8::{at:x}") for at in range(50)) == EACH


def counts(database: peewee.Database) -> list[Any]:
    table = UnloggedRequests
    rows = table.select(table.status, table.number).order_by(table.minute, table.status)
    return list(rows.tuples().execute(database))


def test_counts_of_all_workers_are_added_by_minute_and_status(
    database: peewee.Database, hands: Hands
) -> None:
    workers = [Strangers(), Strangers()]
    for worker in workers:
        for status in (401, 401, 404):
            worker.count(status)
        worker.store(database)
        worker.store(database)
    hands.move(MINUTE)
    workers[0].count(401)
    workers[0].store(database)
    assert counts(database) == [(401, 4), (404, 2), (401, 1)]


def test_what_cannot_be_stored_is_stored_later(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = Strangers()
    some.count(401)

    def refuse(*_: Any) -> Any:
        raise peewee.OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(strangers, "_add", refuse)
        with pytest.raises(peewee.OperationalError):
            some.store(database)
    some.count(401)
    some.store(database)
    assert counts(database) == [(401, 2)]


def test_the_series_and_the_page_tell_how_many_were_not_logged(service: Service) -> None:
    headers = {"X-API-Key": keys.create(service.database, "web", ["admin"])}
    own = {"X-API-Key": keys.create(service.database, "own", ["admin"], datasets=["stones"])}
    service.look()
    for _ in range(EACH + 7):
        assert service.ask("/v1/datasets").status_code == 401
    for _ in range(EACH + 7):
        assert service.ask("/v1/nothing/at/all", headers=headers).status_code == 404
    service.look()
    assert len(service.rows()) == EACH + (EACH + 7), "all of who has a key"

    def series(given: dict[str, str] = headers, **params: str) -> Any:
        return service.ask("/v1/requests/series", headers=given, params=params).json

    document = series()
    assert document["unlogged"] == 7
    assert sum(bucket["unlogged"] for bucket in document["buckets"]) == 7
    assert series(status="4xx")["unlogged"] == 7
    assert series(status="404")["unlogged"] == 0
    assert series(until="2020-01-31")["unlogged"] == 0
    assert series(path="/v1/datasets")["unlogged"] is None
    assert series(own)["unlogged"] is None
    page = service.ask("/requests", headers=headers | {"Accept": "text/html"}).text
    assert "7 more requests without a valid key were counted" in page
    assert clock.stamp()[:4] in page
