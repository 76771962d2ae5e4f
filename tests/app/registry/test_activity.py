from __future__ import annotations

from typing import Any

from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Service

ACTIVITY = "/v1/activity"


def of(service: Service, dataset: str) -> Any:
    document = service.ask(ACTIVITY).json
    assert sorted(document["datasets"]) == ["debts", "ghosts", "notes", "stones"]
    return document["datasets"][dataset]


def test_requests_are_counted_by_hour(service: Service) -> None:
    for record in (project.STONE, project.STONE, {"carat": "heavy"}):
        service.predict(record=record)
    service.predict("debts")
    told = of(service, "stones")
    assert (sum(told["requests"]), sum(told["failed"])) == (3, 1)
    assert len(told["requests"]) == len(told["failed"]) == 24
    assert told["requests"][-1] in (3, 0), "they are of this hour, or of the one that just ended"
    assert of(service, "ghosts") == {"requests": [0] * 24, "failed": [0] * 24, "labels": 0}


def test_labels_that_count_are_counted(service: Service) -> None:
    labels = [{**project.DEBT, "late": 1}, {**project.DEBT, "late": 0}]
    ids = service.post("/v1/debts/labels", labels).json["ids"]
    service.ask(f"/v1/debts/labels/{ids[0]}", "DELETE")
    assert of(service, "debts")["labels"] == 1
    assert of(service, "stones")["labels"] == 0


def test_counts_are_kept_for_a_moment(service: Service) -> None:
    assert of(service, "debts")["labels"] == 0
    service.post("/v1/debts/labels", {**project.DEBT, "late": 1})
    assert of(service, "debts")["labels"] == 0


def test_who_may_predict_may_see_it(make_service: MakeService) -> None:
    service = make_service()
    assert service.ask(ACTIVITY).status_code == 200
    assert service.ask(ACTIVITY, query_string="x=1").status_code == 400
    assert service.rows()[0]["response_body"] is None
