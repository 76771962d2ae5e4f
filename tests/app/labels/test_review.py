"""A truth far outside what is likely waits for a person, on both databases."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.labels import store as label_store
from app.labels.review import Reviewer
from app.registry import live_scores
from app.store import ids
from app.store.tables import Label
from app.trainings.rows import training_rows
from src.config import configuration
from src.data.schema import Dataset
from src.inference.interval import Interval
from src.support.structs import convert
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Result, Service, assert_refused

STONE = {**project.STONE, "price": 5800}
STRANGE = {**project.STONE, "price": 400}
LABELS = "/v1/stones/labels"
STONES = convert(project.STONES, Dataset)


def listed(service: Service, **params: Any) -> list[dict[str, Any]]:
    answer = service.ask(LABELS, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["labels"]
    return found


def upload(service: Service, *labels: dict[str, Any], kind: str, **params: str) -> Result:
    if kind == "text/csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(labels[0]))
        writer.writeheader()
        writer.writerows(labels)
        body = text.getvalue()
    elif kind == "application/json":
        body = json.dumps(labels)
    else:
        body = "\n".join(map(json.dumps, labels))
    return service.ask(LABELS, "POST", body=body, headers={"Content-Type": kind}, params=params)


def trained(service: Service) -> list[str]:
    """List the prices among the rows that a training of labels would get."""
    rows = training_rows.gather(service.database, STONES, "labels")
    return rows.frame["price"].tolist()


def rule(service: Service, **changes: Any) -> None:
    project.dump(
        Path(configuration.CONF) / "dataset" / "stones.yaml", {**project.STONES, **changes}
    )
    service.look()


@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/x-ndjson"])
@pytest.mark.parametrize("atomic", ["false", "true"])
def test_a_strange_truth_waits_and_counts_once_it_is_accepted(
    service: Service, kind: str, atomic: str
) -> None:
    told = upload(service, STONE, STRANGE, STONE, kind=kind, atomic=atomic).json
    assert (told["read"], told["stored"], told["refused"]) == (3, 3, 0)
    waiting = told["to_review"]
    (one,) = waiting["labels"]
    assert (waiting["count"], one["row"], one["id"]) == (1, 2, told["ids"][1])
    assert "price 400 lies far outside" in one["why"]
    assert "1 of 3 labels do not count yet" in waiting["note"]
    (queued,) = listed(service, state="to_review")
    review = queued["review"]
    assert (queued["id"], review["state"], review["code"]) == (
        one["id"],
        "to_review",
        "far_outside",
    )
    assert 400 < review["low"] < review["predicted"] < review["high"]
    assert "deleted" not in queued

    assert [row["price"] for row in listed(service)] == [5800, 5800]
    assert trained(service) == ["5800", "5800"]
    assert label_store.counts(service.database, "stones") == {"5800": 2}
    assert service.ask(f"{LABELS}/about").json["labels"] == 2
    assert service.ask(f"{LABELS}?format=ndjson").text.count("\n") == 2
    assert listed(service, state="deleted") == []

    accepted = service.post(f"{LABELS}/{one['id']}/accept", {"why": "it is cracked"}).json
    assert accepted["review"]["state"] == "accepted"
    decision = accepted["review"]["decision"]
    assert (decision["by"], decision["why"]) == ("(this machine)", "it is cracked")
    assert sorted(trained(service)) == ["400", "5800", "5800"]
    assert listed(service, state="to_review") == []
    assert [row["id"] for row in listed(service, state="accepted")] == [one["id"]]
    assert service.post(f"{LABELS}/{one['id']}/accept", {}).json == accepted, "once"


def test_what_is_rejected_is_deleted_and_can_be_put_back(service: Service) -> None:
    (number,) = service.post(LABELS, STRANGE).json["ids"]
    where = f"{LABELS}/{number}"
    rejected = service.post(f"{where}/reject", {"why": "a typo"}).json
    assert rejected["review"]["state"] == "rejected"
    assert rejected["deleted"]["by"] == "(this machine)"
    assert [row["id"] for row in listed(service, state="deleted")] == [number]
    assert_refused(service.post(f"{where}/accept", {}), 409, "does not wait")
    again = service.post(f"{where}/restore", {}).json
    assert (again["review"]["state"], again["review"]["decision"]) == ("to_review", None)
    assert service.ask(f"{where}/accept", "POST").status_code == 200, "without a body"
    back = service.post(f"{where}/restore", {}).json
    assert back["review"]["state"] == "to_review"
    assert listed(service) == []


def test_a_deleted_label_is_restored(service: Service) -> None:
    (number,) = service.post(LABELS, STONE).json["ids"]
    where = f"{LABELS}/{number}"
    service.ask(where, "DELETE")
    restored = service.post(f"{where}/restore", {}).json
    assert "deleted" not in restored
    assert listed(service) == [restored]
    assert_refused(service.post(f"{where}/accept", {}), 409, "does not wait", "in use")
    assert_refused(service.post(f"{LABELS}/{ids.new()}/reject", {}), 404)


def test_a_post_says_how_it_is_undone(service: Service) -> None:
    service.post(LABELS, STONE)
    told = upload(service, STONE, STRANGE, kind="text/csv").json
    method, where = told["undo"].split(" ")
    assert service.ask(where, method).json == {"deleted": 2}, "what waits goes, too"
    assert len(listed(service)) == 1
    assert listed(service, state="to_review") == []
    assert len(listed(service, upload=told["upload"], state="deleted")) == 2


@pytest.mark.parametrize(("changes", "waits"), [({"review": "never"}, 0), ({}, 1)])
def test_the_dataset_says_what_waits(service: Service, changes: Any, waits: int) -> None:
    rule(service, **changes)
    service.post(LABELS, STRANGE)
    assert len(listed(service, state="to_review")) == waits


def test_the_dataset_says_how_far_is_far(service: Service) -> None:
    rule(service, review={"beyond": 1000})
    service.post(LABELS, STRANGE)
    assert len(listed(service)) == 1
    rule(service, review={"beyond": 0.01})
    service.post(LABELS, {**STONE, "price": 6200})
    assert len(listed(service, state="to_review")) == 1


def test_the_truth_of_a_prediction_waits_and_no_score_counts_it(service: Service) -> None:
    number = service.predict("stones").json["id"]
    where = f"/v1/stones/predictions/{number}/label"
    headers = {"Content-Type": "application/json"}
    label = service.ask(where, "PUT", body='{"price": 400}', headers=headers).json
    assert label["review"]["state"] == "to_review"
    assert service.ask(where).json == label
    again = service.ask(where, "PUT", body='{"price": 400}', headers=headers).json
    assert again == label, "it waits once"
    assert live_scores.signatures(service.database, "stones") == {}
    assert service.ask("/v1/stones/uncertain").json["predictions"] == []
    service.post(f"{LABELS}/{label['id']}/accept", {})
    assert [one[0] for one in live_scores.signatures(service.database, "stones").values()] == [1]


def test_of_classes_and_where_nothing_serves_none_waits(service: Service) -> None:
    answer = service.post("/v1/debts/labels", {**project.DEBT, "late": 1})
    assert "to_review" not in answer.json
    rows = service.rows(Label)
    assert [row["review"] for row in rows] == [None]

    class Nobody:
        def serving(self, _: str) -> None:
            return None

    judge = Reviewer(Nobody()).judge  # type: ignore[arg-type]
    assert judge(STONES, [[1.0]], [400.0]) == {}


def test_a_champion_of_other_features_judges_what_it_can_read(make_service: MakeService) -> None:
    service = make_service()
    features = {**project.STONES["features"], "owner": {"type": "category"}}
    features["facets"] = {"type": "integer", "min": 0, "max": 500}
    rule(service, features=features)
    strange = {**STRANGE, "owner": "me"}
    told = service.post(LABELS, [strange, {**strange, "facets": 400}]).json
    assert [one["row"] for one in told["to_review"]["labels"]] == [1], "the other one is unheard of"
    del features["cut"]
    rule(service, features=features)
    del strange["cut"]
    assert "to_review" not in service.post(LABELS, strange).json


def test_what_waits_is_found_by_its_own_index(service: Service) -> None:
    service.post(LABELS, STONE)
    plan = label_store.waiting("stones")
    query = Label.select().where(*plan).order_by(Label.id.desc()).limit(1)
    if not service.settings.url().startswith("sqlite"):
        return
    sql, parameters = query.bind(service.database).sql()
    said = service.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    assert "label_review" in str(said)


@pytest.mark.parametrize(
    ("truth", "is_log", "expected"),
    [
        (150, False, 0),
        (100, False, 0),
        (250, False, 1),
        (0, False, 2),
        (400, True, 2),
        (0, True, 1e9),
    ],
)
def test_how_far_a_truth_lies_outside(truth: float, is_log: bool, expected: float) -> None:
    interval = Interval({"coverage": 0.9, "log": is_log})
    beyond = interval.beyond(truth, 100, 200)
    assert min(beyond, 1e9) == pytest.approx(expected)
    assert interval.beyond(5, 3, 3) == 0, "no width, no measure"
