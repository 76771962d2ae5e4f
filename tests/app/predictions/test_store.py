from __future__ import annotations

from typing import Any

import peewee
import pytest

from app.predictions import store as prediction_store
from app.predictions.store import Wanted
from app.store import database as databases
from app.store import ids
from app.store.tables import BatchPrediction, Prediction, Request

AT = "2026-11-21T08:00:00.000000Z"


def number(at: int) -> str:
    return ids.following(ids.at(1_800_000_000), 1, at)[0]


def request(at: int, dataset: str | None = "stones", **changes: Any) -> dict[str, Any]:
    row = {
        "id": number(at),
        "at": AT,
        "method": "POST",
        "path": "/",
        "query": "",
        "status": 200,
        "dataset": dataset,
        "version": 1,
        "milliseconds": 1.0,
        "is_prediction": 1,
        "request_body": b'{"at": %d}' % at,
        "response_body": b"{}",
    }
    return {**row, **changes}


def batch(at: int, dataset: str = "stones", version: int = 1) -> dict[str, Any]:
    row = {"id": number(at), "at": AT, "request": number(0), "dataset": dataset}
    return {**row, "version": version, "record": b'{"at": %d}' % at, "answer": b"{}"}


def store(
    database: peewee.Database, requests: list[dict[str, Any]], batches: list[dict[str, Any]]
) -> None:
    with databases.writing(database):
        for table, rows in ((Request, requests), (BatchPrediction, batches)):
            if rows:
                table.insert_many(rows).execute(database)


def places(page: prediction_store.Page) -> list[int]:
    return [int(bytes(row["record"])[7:-1]) for row in page.rows]


def test_the_newest_of_both_tables_come_first(database: peewee.Database) -> None:
    others = [request(3, "debts"), request(6, None, is_prediction=0, version=None)]
    failed = [request(8, is_prediction=0, status=422)]
    store(database, [request(1), request(5), *others, *failed], [batch(2), batch(4)])
    found = prediction_store.page(database, Wanted("stones"), 10)
    assert places(found) == [5, 4, 2, 1]
    assert (found.looked_at, found.next) == (7, None)
    assert places(prediction_store.page(database, Wanted("stones"), 1)) == [5], (
        "no place is lost to a refusal"
    )
    assert found.rows[0].keys() >= {"id", "at", "version", "record", "answer"}


def test_a_page_goes_on_where_the_one_before_ended(database: peewee.Database) -> None:
    store(database, [request(at) for at in range(0, 10, 2)], [batch(at) for at in range(1, 10, 2)])
    seen, before = [], None
    for size in (4, 4, 2):
        found = prediction_store.page(database, Wanted("stones"), 4, before)
        assert len(found.rows) == size
        seen += places(found)
        before = found.next
    assert seen == list(range(9, -1, -1))
    assert before is None


def test_those_of_a_version_are_told_apart(database: peewee.Database) -> None:
    store(database, [request(1, version=2), request(2)], [batch(3, version=2), batch(4)])
    assert places(prediction_store.page(database, Wanted("stones", version=2), 10)) == [3, 1]


def test_those_with_a_reference_are_found_by_it(database: peewee.Database) -> None:
    requests = [
        request(1, reference="a", caller="one"),
        request(2, reference="b"),
        request(3, "debts", reference="a"),
        request(0, is_prediction=0, caller="two"),
    ]
    store(database, requests, [{**batch(at), "reference": "a"} for at in (4, 5)])
    wanted = Wanted("stones", reference="a")
    first = prediction_store.page(database, wanted, 2)
    assert (places(first), first.looked_at, first.next) == ([5, 4], 3, number(4))
    assert places(prediction_store.page(database, wanted, 2, first.next)) == [1]
    for caller, expected in {"one": [1], "two": [5, 4], "three": []}.items():
        own = Wanted("stones", reference="a", caller=caller)
        assert places(prediction_store.page(database, own, 9)) == expected
    assert places(prediction_store.page(database, Wanted("stones", 2, "a"), 9)) == []


def test_references_are_found_by_their_indexes(database: peewee.Database) -> None:
    query = Prediction.select().where(Prediction.reference == "a", Prediction.dataset == "stones")
    sql, values = query.sql()
    if databases.path(database) is not None:
        plan = database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        used = " ".join(str(row[-1]) for row in plan)
        assert "SCAN" not in used.replace("SCAN t1", "")
        for table in ("request", "batch_prediction"):
            assert f"USING INDEX {table}_reference" in used.replace("COVERING ", "")


def test_no_more_rows_are_looked_at_than_allowed(
    database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_store, "LOOK", 6)
    monkeypatch.setattr(prediction_store, "PIECE", 2)
    store(database, [request(1), *(request(at, "debts") for at in range(2, 12))], [batch(12)])
    first = prediction_store.page(database, Wanted("stones"), 10)
    assert places(first) == [12]
    assert (first.looked_at, first.next) == (6, number(7))
    second = prediction_store.page(database, Wanted("stones"), 10, first.next)
    assert (places(second), second.looked_at, second.next) == ([1], 6, number(1))
    third = prediction_store.page(database, Wanted("stones"), 10, second.next)
    assert (places(third), third.looked_at, third.next) == ([], 0, None)


def test_nothing_is_found_in_an_empty_log(database: peewee.Database) -> None:
    assert prediction_store.page(database, Wanted("stones"), 10) == prediction_store.Page(
        [], 0, None
    )
