"""Answers of the service that come back as labels, on both databases."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from app.store.tables import Label
from src.config import configuration
from tests.app import project
from tests.app.service import Result, Service, assert_refused

CSV, NDJSON = "text/csv", "application/x-ndjson"


def post(service: Service, body: str | bytes, kind: str, dataset: str = "stones") -> Result:
    headers = {"Content-Type": kind}
    return service.ask(f"/v1/{dataset}/labels", "POST", body=body, headers=headers)


def sheet(*records: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def refused(answer: Result) -> dict[str, Any]:
    document = assert_refused(answer, 422, "file of answers")
    assert document["code"] == "labels_are_predictions"
    return document


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes"])
def test_a_file_of_answers_is_refused_whole(service: Service, dataset: str) -> None:
    record, target = project.RECORDS[dataset], project.TARGETS[dataset]
    headers = {"Content-Type": CSV}
    where = f"/v1/{dataset}/predictions"
    answers = service.ask(where, "POST", body=sheet(record, record), headers=headers).text
    document = refused(post(service, answers, CSV, dataset))
    assert f"give the column {target} what was true" in document["fix"]
    assert service.rows(Label) == []


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes"])
def test_answers_as_json_are_refused_whole(service: Service, dataset: str) -> None:
    answer, record = service.predict(dataset).json, project.RECORDS[dataset]
    refused(service.post(f"/v1/{dataset}/labels", {**record, **answer}))
    lines = "\n".join(json.dumps({**record, **answer}) for _ in range(3))
    refused(post(service, lines, NDJSON, dataset))
    assert service.rows(Label) == []


@pytest.mark.parametrize("kind", ["json", CSV, NDJSON])
def test_a_column_of_what_was_predicted_is_refused(service: Service, kind: str) -> None:
    said = {**project.STONE, "price": 4500, "predicted_price": 4400}
    bodies = {"json": json.dumps([said]), CSV: sheet(said), NDJSON: json.dumps(said)}
    document = refused(post(service, bodies[kind], "application/json" if kind == "json" else kind))
    assert document["given"] == "predicted_price"
    del said["price"]
    bodies = {"json": json.dumps([said]), CSV: sheet(said), NDJSON: json.dumps(said)}
    refused(post(service, bodies[kind], "application/json" if kind == "json" else kind))
    assert service.rows(Label) == []


def test_columns_that_only_look_alike_are_ignored_as_others_are(service: Service) -> None:
    said = {**project.STONE, "price": 4500, "id": 7, "low": 1, "predicted_weight": 2}
    answer = post(service, sheet(said), CSV)
    assert (answer.status_code, answer.json["stored"]) == (200, 1), answer.text


def test_a_dataset_may_have_a_feature_of_such_a_name(service: Service) -> None:
    features = {**project.STONES["features"], "predicted_price": {"type": "number"}}
    path = configuration.CONF / "dataset" / "stones.yaml"
    project.dump(path, {**project.STONES, "features": features})
    service.look()
    said = {**project.STONE, "price": 4500, "predicted_price": 4400}
    assert post(service, sheet(said), CSV).json["stored"] == 1
    assert service.post("/v1/stones/labels", said).json["stored"] == 1
