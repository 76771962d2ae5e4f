"""What is worth labelling next, over HTTP; on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth import keys
from app.labels import uncertainty_store
from app.registry.registry import Registry
from tests.app import project
from tests.app.service import Service, assert_refused

PATH = "/v1/debts/uncertain"


def debt(amount: float) -> dict[str, Any]:
    return {**project.DEBT, "amount": amount}


def found(service: Service, path: str = PATH, **params: Any) -> list[dict[str, Any]]:
    answer = service.ask(path, params=params)
    assert answer.status_code == 200, answer.text
    predictions: list[dict[str, Any]] = answer.json["predictions"]
    return predictions


def test_the_answers_that_were_least_sure_come_first_of_one_record_or_many(
    service: Service,
) -> None:
    one = service.predict("debts", debt(480)).json
    many = service.predict("debts", [debt(20), debt(990), debt(520)]).json
    service.predict("stones")
    rows = found(service)
    assert {row["id"] for row in rows} == {one["id"], *(each["id"] for each in many)}
    doubts = [row["unsure"] for row in rows]
    assert doubts == sorted(doubts, reverse=True)
    assert 0 <= doubts[-1] < doubts[0] <= 1
    assert {row["record"]["amount"] for row in rows[:2]} == {480, 520}
    assert rows[0]["answer"]["probabilities"].keys() == {"0", "1"}
    assert [row["id"] for row in found(service, limit=1)] == [rows[0]["id"]]


def test_what_gets_its_truth_goes_and_comes_back_without_it(service: Service) -> None:
    for amount in (480, 480, 520):
        service.predict("debts", debt(amount))
    first, second = found(service)
    path = f"/v1/debts/predictions/{first['id']}/label"
    headers = {"Content-Type": "application/json"}
    label = service.ask(path, "PUT", body='{"late": 1}', headers=headers).json
    document = service.ask(PATH).json
    assert [row["id"] for row in document["predictions"]] == [second["id"]]
    assert (document["looked_at"], document["labelled"]) == (3, 1)
    service.ask(f"/v1/debts/labels/{label['id']}", "DELETE")
    assert len(found(service)) == 2


@pytest.mark.parametrize("dataset", ["stones", "notes"])
def test_every_kind_of_target_has_its_measure(service: Service, dataset: str) -> None:
    service.predict(dataset)
    document = service.ask(f"/v1/{dataset}/uncertain").json
    assert document["measure"]
    (row,) = document["predictions"]
    assert 0 < row["unsure"] < 1
    assert row["answer"][project.TARGETS[dataset]]


def test_a_dataset_that_was_never_trained_has_none(service: Service) -> None:
    document = service.ask("/v1/ghosts/uncertain").json
    assert (document["looked_at"], document["predictions"]) == (0, [])


def test_only_so_many_rows_are_looked_through(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uncertainty_store, "DEEPEST", 3)
    service.predict("debts", debt(480))
    newer = service.predict("debts", debt(520)).json["id"]
    for _ in range(3):
        service.predict("stones")
    assert [row["id"] for row in found(service)] == [newer]


def test_only_what_the_champion_was_unsure_of_counts(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.predict("debts")
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "number", lambda *_: 99)
        assert service.ask(PATH).json["looked_at"] == 0
    assert service.ask(PATH).json["looked_at"] == 1


def test_it_needs_the_scope_of_labels(service: Service) -> None:
    with service.database:
        own = {scope: keys.create(service.database, scope, [scope]) for scope in ("label", "train")}
    service.look()
    assert service.ask(PATH, headers={"X-API-Key": own["label"]}).status_code == 200
    assert_refused(service.ask(PATH, headers={"X-API-Key": own["train"]}), 403, "label")


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"most": 1}])
def test_a_wrong_parameter_is_refused(service: Service, params: dict[str, int]) -> None:
    assert_refused(service.ask(PATH, params=params), 400, next(iter(params)))


def test_what_it_tells_is_not_stored_again(service: Service) -> None:
    service.predict("debts")
    service.ask(PATH)
    assert service.rows()[-1]["response_body"] is None
