"""Truths of many predictions in one post, by their ids, on both databases."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from app.labels import store as label_store
from app.store import ids
from app.store.tables import BatchPrediction, Label, Upload
from src.config import configuration
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Result, Service, assert_refused

CSV, NDJSON = "text/csv", "application/x-ndjson"
KINDS = ["application/json", CSV, NDJSON]


def post(service: Service, body: Any, kind: str = CSV, dataset: str = "debts", **more: Any) -> Any:
    """Post labels; rows are written as the kind says."""
    headers = {"Content-Type": kind, **more.pop("headers", {})}
    text = body if isinstance(body, str) else written(body, kind)
    return service.ask(f"/v1/{dataset}/labels", "POST", body=text, headers=headers, **more)


def written(rows: list[dict[str, Any]], kind: str) -> str:
    if kind == CSV:
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
        return "\n".join([",".join(names), *lines])
    return json.dumps(rows) if kind == "application/json" else "\n".join(map(json.dumps, rows))


def predict(service: Service, count: int = 3, dataset: str = "debts") -> list[str]:
    """Predict a batch; return the predictions' ids."""
    field = {"debts": "amount", "stones": "carat"}[dataset]
    records = [{**project.RECORDS[dataset], field: 1.0 + at / 1000} for at in range(count)]
    return [answer["id"] for answer in service.predict(dataset, records).json]


def taken(answer: Result, *refused: tuple[int, str]) -> dict[str, Any]:
    """Check that a post was taken but for these lines, with these codes; return its answer."""
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json
    assert [(error["line"], error["code"]) for error in document["errors"]] == list(refused)
    assert document["refused"] == len(refused)
    return document


def put(service: Service, number: str, dataset: str = "debts", **truth: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    path = f"/v1/{dataset}/predictions/{number}/label"
    document: dict[str, Any] = service.ask(
        path, "PUT", body=json.dumps(truth), headers=headers
    ).json
    return document


def truth_of(service: Service, number: str, dataset: str = "debts") -> Result:
    return service.ask(f"/v1/{dataset}/predictions/{number}/label")


@pytest.mark.parametrize("kind", KINDS)
def test_truths_of_a_batch_are_posted_at_once_and_counted(service: Service, kind: str) -> None:
    numbers = predict(service, dataset="stones")
    rows = [{"prediction_id": number, "price": 5000 + at} for at, number in enumerate(numbers)]
    answer = taken(post(service, rows, kind, "stones", params={"source": "till"}))
    assert answer["stored"] == 3
    assert answer["ids"] == ids.following(answer["upload"], 3)
    (line,) = service.ask("/v1/stones/scoreboard").json["versions"]
    assert line["labels"] == 3
    for at, number in enumerate(numbers):
        document = truth_of(service, number, "stones").json
        assert document["id"] == answer["ids"][at]
        assert document["record"] == {**project.STONE, "carat": 1 + at / 1000}
        assert (document["price"], document["source"]) == (5000 + at, "till")
        assert document["prediction"]["id"] == number
    answers = [row["answer"] for row in service.rows(BatchPrediction)]
    assert [row["answer"] for row in service.rows(Label)] == answers


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes"])
def test_a_truth_in_bulk_is_the_label_that_one_alone_would_be(
    service: Service, dataset: str
) -> None:
    target, truth = project.TARGETS[dataset], {"stones": 5800, "debts": 1, "notes": "garden"}
    asked = {**project.RECORDS[dataset], target: "?"}
    numbers = [service.predict(dataset, asked).json["id"] for _ in range(2)]
    put(service, numbers[0], dataset, **{target: truth[dataset]})
    taken(post(service, [{"prediction_id": numbers[1], target: truth[dataset]}], CSV, dataset))
    alone, bulk = service.rows(Label)
    own = ("id", "at", "upload", "prediction", "predicted_at", "answer")
    assert bulk["prediction"] == numbers[1]
    assert {**alone, **dict.fromkeys(own)} == {**bulk, **dict.fromkeys(own)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_refused_for_itself(service: Service, kind: str) -> None:
    first, last = predict(service, 2)
    other = predict(service, 1, "stones")[0]
    absent = ids.new()
    rows: list[dict[str, Any]] = [
        {"prediction_id": first, "late": 1},
        {"prediction_id": absent, "late": 1},
        {"prediction_id": other, "late": 1},
        {"prediction_id": "seven", "late": 1},
        {"prediction_id": last, "late": 0},
    ]
    start = 2 if kind == CSV else 1
    code = "unknown_prediction"
    answer = taken(
        post(service, rows, kind), (start + 1, code), (start + 2, code), (start + 3, code)
    )
    assert answer["stored"] == 2
    told = answer["errors"]
    assert [error["given"] for error in told] == [absent, other, "seven"]
    assert {error["field"] for error in told} == {"prediction_id"}
    assert ["no such" in told[0]["detail"], "/v1/stones/labels" in told[1]["fix"]] == [True, True]
    expected = ids.following(answer["upload"], 5)
    assert answer["ids"] == [expected[0], expected[4]]
    assert [row["prediction"] for row in service.rows(Label)] == [first, last]


def test_a_row_with_another_fault_says_so_in_its_turn(service: Service) -> None:
    (number,) = predict(service, 1)
    text = f"late,prediction_id\n2,{number}\n1,{ids.new()}\n1\n1,\n0,{number}\n"
    told = post(service, text).json
    assert (told["stored"], told["refused"]) == (1, 4)
    assert [(error["line"], error.get("field")) for error in told["errors"]] == [
        (2, "late"),
        (3, "prediction_id"),
        (4, None),
        (5, "prediction_id"),
    ]
    rows = [{"prediction_id": number, "late": 1, "amount": 7}, {"prediction_id": number}]
    document = assert_refused(post(service, rows, NDJSON), 422, "no field 'amount'", "late is miss")
    assert document["errors"][0]["allowed"] == ["prediction_id", "late"]
    assert_refused(post(service, f"prediction_id\n{number}\n"), 422, "lacks a column: late")


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_that_was_not_stored_whole_is_refused(
    make_service: MakeService, kind: str
) -> None:
    hiding = make_service(redact=("owner",))
    (redacted,) = predict(hiding, 1)
    open_again = make_service()
    (whole,) = predict(open_again, 1)
    rows = [{"prediction_id": redacted, "late": 1}, {"prediction_id": whole, "late": 1}]
    start = 2 if kind == CSV else 1
    answer = taken(post(open_again, rows, kind), (start, "record_unusable"))
    assert answer["stored"] == 1
    assert "not stored whole" in answer["errors"][0]["detail"]
    assert [row["prediction"] for row in open_again.rows(Label)] == [whole]
    document = assert_refused(post(open_again, rows[:1], kind), 422, "not stored whole")
    assert document["code"] == "invalid_label"


def test_a_record_that_no_longer_fits_is_refused(service: Service) -> None:
    numbers = predict(service, 2)
    changed = {**project.DEBTS["features"], "amount": {"type": "number", "max": 1.0005}}
    path = configuration.CONF / "dataset" / "debts.yaml"
    project.dump(path, {**project.DEBTS, "features": changed})
    service.look()
    rows = [{"prediction_id": number, "late": 1} for number in numbers]
    answer = taken(post(service, rows), (3, "record_unusable"))
    assert "does not fit 'debts' as it is now: amount" in answer["errors"][0]["detail"]


@pytest.mark.parametrize("kind", ["application/json", NDJSON])
def test_labels_and_truths_may_stand_side_by_side(service: Service, kind: str) -> None:
    first, second = predict(service, 2)
    whole = {**project.DEBT, "late": 1}
    rows = [whole, {"prediction_id": second, "late": 0}, {**whole, "late": 2}]
    rows += [{"prediction_id": first, "late": 1}, {**whole, "owner": "south"}]
    answer = post(service, rows, kind).json
    assert (answer["stored"], answer["refused"]) == (4, 1)
    assert (answer["errors"][0]["line"], answer["errors"][0]["field"]) == (3, "late")
    labels = service.rows(Label)
    assert [row["prediction"] for row in labels] == [None, second, first, None]
    records = [json.loads(row["record"]) for row in labels]
    assert [record["amount"] for record in records] == [250, 1.001, 1.0, 250]
    assert [row["value"] for row in labels] == ["1", "0", "1", "1"]


def test_features_beside_an_id_in_a_csv_are_ignored(service: Service) -> None:
    (number,) = predict(service, 1)
    answer = taken(post(service, [{**project.DEBT, "prediction_id": number, "late": 1}]))
    assert answer["ignored"] == ["amount", "owner", "days"]
    assert truth_of(service, number).json["record"]["amount"] == 1.0


def test_of_two_truths_the_later_one_counts(service: Service) -> None:
    (number,) = predict(service, 1)
    put(service, number, late=1)
    rows = [{"prediction_id": number, "late": late} for late in (1, 0)]
    answer = taken(post(service, rows))
    assert answer["stored"] == 2
    assert truth_of(service, number).json["id"] == answer["ids"][1]
    with service.database:
        current = [row["id"] for row in label_store.current(service.database, "debts")]
    assert current == [answer["ids"][1]]


def test_all_or_none_and_a_post_that_comes_again(service: Service) -> None:
    numbers = predict(service, 2)
    rows = [{"prediction_id": number, "late": 1} for number in numbers]
    wrong = [*rows, {"prediction_id": ids.new(), "late": 1}]
    answer = post(service, wrong, params={"atomic": "true"})
    assert_refused(answer, 422, "1 of 3 labels are refused, so none is stored")
    assert service.rows(Label) == []
    again: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}, "params": {"atomic": "true"}}
    first = taken(post(service, rows, **again))
    assert taken(post(service, rows, **again)) == first
    assert [row["id"] for row in service.rows(Label)] == first["ids"]
    assert_refused(post(service, rows[:1], **again), 422, "another post")
    states = [(row["state"], row["stored"], row["refused"]) for row in service.rows(Upload)]
    assert states == [("refused", 0, 1), ("done", 2, 0)]


def test_a_truth_far_outside_waits_as_others_do(service: Service) -> None:
    numbers = predict(service, 2, "stones")
    rows = [{"prediction_id": numbers[0], "price": 4200}]
    rows.append({"prediction_id": numbers[1], "price": 9e6})
    answer = taken(post(service, rows, dataset="stones"))
    assert answer["to_review"]["count"] == 1
    assert answer["to_review"]["labels"][0]["id"] == answer["ids"][1]
    assert truth_of(service, numbers[1], "stones").json["review"]["state"] == "to_review"


def test_many_predictions_are_looked_up_by_few_queries(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = predict(service, 300)
    rows = [{"prediction_id": number, "late": 1} for number in numbers]
    with caplog.at_level(logging.DEBUG, "peewee"):
        assert taken(post(service, rows, "application/json"))["stored"] == 300
    asked = sum('FROM "prediction"' in one for one in caplog.messages)
    caplog.clear()  # which would be shown, with all ids
    assert asked == 1


def test_what_is_said_beside_a_truth_stays_said(service: Service) -> None:
    path = configuration.CONF / "dataset" / "debts.yaml"
    project.dump(path, {**project.DEBTS, "key": ["payer"], "weight": "sold"})
    service.look()
    first, second = predict(service, 2)
    put(service, first, late=1, payer="7", sold=2)
    text = f"prediction_id,sold,late,payer\n{first},,0,\n{second},3,1,8\n{second},,0,9\n"
    taken(post(service, text))
    records = [json.loads(row["record"]) for row in service.rows(Label)[1:]]
    said = [(record.get("payer"), record.get("sold")) for record in records]
    assert said == [("7", 2), ("8", 3), ("9", 3)]
    rows = [{"prediction_id": first, "late": 1, "sold": -1}]
    assert_refused(post(service, rows, NDJSON), 422, "sold is not at least 0")


@pytest.mark.parametrize("kind", KINDS)
def test_a_dataset_that_has_such_a_column_keeps_its_meaning(service: Service, kind: str) -> None:
    features = {"prediction_id": {"type": "category"}, **project.DEBTS["features"]}
    path = configuration.CONF / "dataset" / "ghosts.yaml"
    project.dump(path, {**project.GHOSTS, "features": features})
    service.look()
    label = {"prediction_id": "north-7", **project.DEBT, "late": 1}
    assert taken(post(service, [label], kind, "ghosts"))["stored"] == 1
    (row,) = service.rows(Label)
    assert json.loads(row["record"])["prediction_id"] == "north-7"
    assert row["prediction"] is None
