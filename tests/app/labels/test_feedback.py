"""The truth of a past prediction, on both databases."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from app.auth import keys
from app.labels import store as label_store
from app.store import ids
from app.store.tables import BatchPrediction, Label, Request
from src.config import configuration
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Result, Service, assert_refused

TRUTHS = {"stones": 5800, "debts": 1, "notes": "garden"}


def where(number: str, dataset: str = "debts") -> str:
    return f"/v1/{dataset}/predictions/{number}/label"


def put(service: Service, number: str, given: Any, dataset: str = "debts", **words: Any) -> Result:
    body = given if isinstance(given, str | bytes) else json.dumps(given)
    headers = {"Content-Type": "application/json", **words.pop("headers", {})}
    return service.ask(where(number, dataset), "PUT", body=body, headers=headers, **words)


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes"])
def test_a_truth_becomes_a_label_that_is_linked_to_its_prediction(
    service: Service, dataset: str
) -> None:
    prediction = service.predict(dataset)
    target, truth = project.TARGETS[dataset], TRUTHS[dataset]
    answer = put(service, prediction.json["id"], {target: truth}, dataset)
    assert answer.status_code == 200, answer.text
    document = answer.json
    (request, stated) = service.rows()
    assert document == {
        "id": document["id"],
        "at": document["at"],
        "source": "(this machine)",
        "record": project.RECORDS[dataset],
        target: truth,
        "upload": stated["id"],
        "prediction": {
            "id": prediction.json["id"],
            "at": request["at"],
            "version": prediction.json["model"]["version"],
        },
    }
    assert (stated["dataset"], stated["version"]) == (dataset, prediction.json["model"]["version"])
    (row,) = service.rows(Label)
    assert row["answer"] == prediction.content
    assert service.ask(where(prediction.json["id"], dataset)).json == document
    assert service.ask(f"/v1/{dataset}/labels/{document['id']}").json == document
    params = {"prediction": prediction.json["id"]}
    assert service.ask(f"/v1/{dataset}/labels", params=params).json["labels"] == [document]


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes"])
def test_the_truth_takes_the_place_of_a_target_that_was_asked_with(
    service: Service, dataset: str
) -> None:
    record, target = project.RECORDS[dataset], project.TARGETS[dataset]
    number = service.predict(dataset, {**record, target: "?"}).json["id"]
    document = put(service, number, {target: TRUTHS[dataset]}, dataset).json
    assert (document["record"], document[target]) == (record, TRUTHS[dataset])


def test_the_same_truth_again_changes_nothing_and_another_one_counts(service: Service) -> None:
    number = service.predict("debts").json["id"]
    first = put(service, number, {"late": 1}).json
    assert put(service, number, {"late": 1}).json == first
    assert put(service, number, {"late": 1.0}).json == first
    second = put(service, number, {"late": 0}).json
    assert second["id"] > first["id"]
    assert service.ask(where(number)).json == second
    assert len(service.rows(Label)) == 2, "both are kept"
    assert [row["id"] for row in label_store.current(service.database, "debts")] == [second["id"]]
    third = put(service, number, {"late": 1}).json
    assert third["id"] > second["id"]
    service.ask(f"/v1/debts/labels/{third['id']}", "DELETE")
    assert service.ask(where(number)).json == second, "the last one that is not deleted"


def test_the_last_truth_counts_though_another_process_made_a_greater_id(service: Service) -> None:
    number = service.predict("debts").json["id"]
    put(service, number, {"late": 1})
    of_a_fast_clock = ids.at(time.time() + 60)
    with service.database:
        Label.update(id=of_a_fast_clock).execute(service.database)
    second = put(service, number, {"late": 0}).json
    assert second["late"] == 0
    assert second["id"] > of_a_fast_clock
    assert service.ask(where(number)).json == second


def test_the_same_truth_from_many_at_once_is_one_label(make_service: MakeService) -> None:
    service = make_service(wait=30.0)
    number = service.predict("debts").json["id"]
    answers: list[Any] = []
    barrier = threading.Barrier(6)

    def send() -> None:
        barrier.wait()
        answers.append(put(service, number, {"late": 1}).json)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.rows(Label)) == 1
    assert all(answer == answers[0] for answer in answers)


def test_a_prediction_of_a_batch_has_its_own_truth(service: Service) -> None:
    given = [{**project.DEBT, "amount": amount} for amount in (1, 2)]
    _, second = (answer["id"] for answer in service.predict("debts", given).json)
    document = put(service, second, {"late": 0}).json
    assert document["record"]["amount"] == 2
    assert document["prediction"]["id"] == second
    stored = service.rows(BatchPrediction)[1]
    assert service.rows(Label)[0]["answer"] == stored["answer"]


def test_a_prediction_of_another_dataset_is_told_with_its_path(service: Service) -> None:
    number = service.predict("stones").json["id"]
    document = assert_refused(put(service, number, {"late": 1}), 404, "not one of 'debts'")
    assert where(number, "stones") in document["fix"]
    assert_refused(service.ask(where(number)), 404, "no label")


@pytest.mark.parametrize("number", ["x", "%00", "%F0%9F%98%80"])
def test_a_prediction_that_is_not_there(service: Service, number: str) -> None:
    for one in (number, ids.new()):
        assert_refused(put(service, one, {"late": 1}), 404, "no such prediction")
        assert_refused(service.ask(where(one)), 404, "no label")
    assert_refused(put(service, ids.new(), {"late": 1}, "dets"), 404, "did you mean 'debts'?")


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"late": 2}, 422, "one of 0, 1"),
        ({"late": None}, 422, "late is missing"),
        ({"late": "\0"}, 422, "late"),
        ({"late": [1]}, 422, "late"),
        ({}, 422, "target alone"),
        ({"lat": 1}, 422, "target alone"),
        ({"late": 1, "amount": 2}, 422, "target alone"),
        (b'{"late": 1, "late": 0}', 422, "target alone"),
        ([1], 422, "target alone"),
        ([1] * 50, 422, "more than the target"),
        (b'{"late": "\\ud800"}', 422, "unpaired surrogate"),
        (b'{"late": 1e999}', 422, "too large"),
        (b"{", 400, "not JSON"),
        (b"", 400, "not JSON"),
        (b"\xff", 400, "UTF-8"),
    ],
)
def test_a_truth_that_is_none(reader: Service, body: Any, status: int, word: str) -> None:
    number = reader.predict("debts").json["id"]
    assert_refused(put(reader, number, body), status, word)
    assert reader.rows(Label) == []


def test_what_is_asked_otherwise_is_refused(service: Service) -> None:
    number = service.predict("debts").json["id"]
    headers = {"Content-Type": "text/csv"}
    assert_refused(put(service, number, "late\n1\n", headers=headers), 415)
    assert_refused(put(service, number, {"late": 1}, params={"source": "a"}), 400, "source")
    web = {"X-API-Key": keys.create(service.database, "web", ["predict"])}
    service.look()
    assert_refused(put(service, number, {"late": 1}, headers=web), 403, "scope")
    assert_refused(service.ask(where(number), headers=web), 403, "scope")
    assert service.rows(Label) == []


@pytest.mark.parametrize("field", ["amount", "owner", "late"])
def test_what_is_never_stored_cannot_be_labelled(make_service: MakeService, field: str) -> None:
    hiding = make_service(redact=(field,))
    number = hiding.predict("debts").json["id"]
    assert_refused(put(hiding, number, {"late": 1}), 409, "LAPIDARY_REDACT")
    if field != "late":  # nor later, when it would be stored: that record is not whole
        open_again = make_service()
        document = assert_refused(put(open_again, number, {"late": 1}), 409)
        assert "/v1/debts/labels" in document["fix"]
    assert hiding.rows(Label) == []


def test_a_record_that_no_longer_fits_the_dataset(service: Service) -> None:
    number = service.predict("debts").json["id"]
    changed = {**project.DEBTS["features"], "amount": {"type": "number", "max": 100}}
    path = configuration.CONF / "dataset" / "debts.yaml"
    project.dump(path, {**project.DEBTS, "features": changed})
    service.look()
    document = assert_refused(put(service, number, {"late": 1}), 409, "does not fit", "amount")
    assert "/v1/debts/labels" in document["fix"]
    project.dump(path, project.DEBTS)
    service.look()
    assert put(service, number, {"late": 1}).status_code == 200


def test_a_label_outlives_its_prediction(service: Service) -> None:
    number = service.predict("debts").json["id"]
    label = put(service, number, {"late": 1}).json
    with service.database:
        Request.delete().execute(service.database)
    assert service.ask(where(number)).json == label
    assert_refused(put(service, number, {"late": 0}), 404, "no such prediction")


@pytest.fixture
def keyed(service: Service) -> Service:
    """Return a service whose debts have a key beside their record."""
    path = configuration.CONF / "dataset" / "debts.yaml"
    project.dump(path, {**project.DEBTS, "key": ["payer"], "weight": "sold"})
    service.look()
    return service


def test_a_truth_may_say_whose_the_record_is(keyed: Service) -> None:
    number = keyed.predict("debts").json["id"]
    said = {"payer": "7", "sold": 2.0}
    document = put(keyed, number, {"payer": 7, "late": 1, "sold": 2}).json
    assert (document["late"], document["record"]) == (1, {**project.DEBT, **said})
    assert put(keyed, number, {"late": 1}).json == document, "what is left out stays said"
    assert put(keyed, number, {"late": 1, "payer": "7"}).json == document
    other = put(keyed, number, {"late": 0}).json
    assert (other["late"], other["record"]) == (0, document["record"])
    moved = put(keyed, number, {"late": 0, "payer": 8}).json
    assert moved["record"] == {**project.DEBT, "payer": "8", "sold": 2.0}
    taken_back = put(keyed, number, {"late": 0, "payer": None}).json
    assert taken_back["record"] == {**project.DEBT, "sold": 2.0}
    assert len(keyed.rows(Label)) == 4


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"payer": 7}, "the target and, where it is known, payer, sold"),
        ({"late": 1, "amount": 7}, "the target and, where it is known, payer, sold"),
        (b'{"late": 1, "payer": 7, "payer": 8}', "the target and"),
        ([1] * 50, "more than the target and"),
        ({"late": 1, "sold": -1}, "sold is not at least 0"),
        ({"late": 1, "payer": [7]}, "payer is not text"),
        ({"late": 1, "payer": "\0"}, "payer has a NUL"),
    ],
)
def test_what_else_is_said_beside_a_truth_is_refused(keyed: Service, body: Any, word: str) -> None:
    number = keyed.predict("debts").json["id"]
    assert_refused(put(keyed, number, body), 422, word)
    assert keyed.rows(Label) == []
