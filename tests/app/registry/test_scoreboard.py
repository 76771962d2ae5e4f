from __future__ import annotations

import pytest

from app.auth import keys
from app.registry import store as version_store
from app.store.tables import Label
from src.evaluation import measures
from src.evaluation.bootstrap import LEAST
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Result, Service, assert_refused


def tell(service: Service, answer: Result, price: float) -> str:
    path = f"/v1/stones/predictions/{answer.json['id']}/label"
    told = service.ask(path, "PUT", json={"price": price})
    assert told.status_code == 200, told.text
    return str(told.json["id"])


def board(service: Service, dataset: str = "stones") -> dict[str, object]:
    found: dict[str, object] = service.ask(f"/v1/{dataset}/scoreboard").json
    return found


def test_without_labels_there_are_no_lines(service: Service) -> None:
    assert board(service) == {
        "dataset": "stones",
        "metric": "mae",
        "champion": 1,
        "breach": None,
        "on_breach": "warn",
        "versions": [],
    }
    assert board(service, "ghosts")["champion"] is None


def test_predictions_that_were_told_their_truth_are_scored_by_version(service: Service) -> None:
    missed = [50.0, -20.0, 900.0]
    answers = [service.predict(record={**project.STONE, "carat": 1 + at}) for at in range(3)]
    for answer, miss in zip(answers, missed, strict=True):
        tell(service, answer, answer.json["price"] + miss)
    other = service.predict(params={"version": 2})
    tell(service, other, other.json["price"] + 5)
    newest, oldest = service.ask("/v1/stones/scoreboard").json["versions"]
    assert (newest["version"], newest["champion"], newest["labels"]) == (2, False, 1)
    assert newest["metrics"]["mae"]["value"] == pytest.approx(5)
    assert newest["metrics"]["r2"] == {"value": None, "low": None, "high": None}
    assert (oldest["version"], oldest["champion"], oldest["labels"]) == (1, True, 3)
    few = {"low": None, "high": None}
    assert oldest["metrics"]["mae"] == {"value": measures.rounded(970 / 3), **few}
    assert oldest["coverage"]["value"] == measures.rounded(2 / 3)
    assert oldest["coverage"]["promised"] == answers[0].json["interval"]["coverage"]
    assert 0 <= oldest["delay"]["median_seconds"] <= oldest["delay"]["p90_seconds"] < 60


def test_a_label_that_is_corrected_or_deleted_is_followed(service: Service) -> None:
    answer = service.predict()
    tell(service, answer, answer.json["price"] + 500)
    last = tell(service, answer, answer.json["price"] + 10)
    (line,) = service.ask("/v1/stones/scoreboard").json["versions"]
    assert (line["labels"], round(line["metrics"]["mae"]["value"])) == (1, 10)
    assert service.ask(f"/v1/stones/labels/{last}", "DELETE").status_code in (200, 204)
    (line,) = service.ask("/v1/stones/scoreboard").json["versions"]
    assert (line["labels"], round(line["metrics"]["mae"]["value"])) == (1, 500)
    with service.database:
        Label.update(deleted="2026-01-01").execute(service.database)
    assert board(service)["versions"] == []


def test_a_version_of_which_nothing_can_be_read_has_no_figures(service: Service) -> None:
    with service.database:
        truths.feedback(service.database, [(900, b"[redacted]")])
    (line,) = service.ask("/v1/stones/scoreboard").json["versions"]
    assert line == {"version": 1, "model": "linear", "labels": 0, "champion": True}


def test_enough_labels_have_intervals(service: Service) -> None:
    with service.database:
        pairs = [(1000 + at, truths.price(1000)) for at in range(LEAST)]
        truths.feedback(service.database, pairs)
    (line,) = service.ask("/v1/stones/scoreboard").json["versions"]
    mae, coverage = line["metrics"]["mae"], line["coverage"]
    assert mae["low"] < mae["value"] < mae["high"]
    assert coverage["low"] < coverage["value"] == coverage["high"] == 1


def test_classes_have_figures_of_their_own(service: Service) -> None:
    answer = service.predict("debts").json
    path = f"/v1/debts/predictions/{answer['id']}/label"
    assert service.ask(path, "PUT", json={"late": answer["late"]}).status_code == 200
    (line,) = service.ask("/v1/debts/scoreboard").json["versions"]
    assert line["metrics"]["accuracy"]["value"] == 1
    assert line["per_class"][str(answer["late"])]["rows"] == 1
    assert set(line["per_class"]) == {"0", "1"}


def test_a_breach_and_what_follows_it_are_told(service: Service) -> None:
    truths.rule("stones", on_breach="rollback", metric="rmse")
    version_store.tell(
        service.database, "stones", 1, kind=version_store.BREACH, by="gate", why="mae 9"
    )
    service.look()
    found = board(service)
    assert (found["breach"], found["on_breach"], found["metric"]) == ("mae 9", "rollback", "rmse")


def test_it_takes_no_parameters_and_needs_a_scope(service: Service) -> None:
    assert_refused(service.ask("/v1/stones/scoreboard", params={"n": 1}), 400, "n")
    assert_refused(service.ask("/v1/stone/scoreboard"), 404, "did you mean 'stones'?")
    key = keys.create(service.database, "bob", ["label"])
    service.look()
    headers = {"Authorization": f"Bearer {key}"}
    assert_refused(service.ask("/v1/stones/scoreboard", headers=headers), 403, "predict")
