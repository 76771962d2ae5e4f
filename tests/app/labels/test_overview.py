"""What a label is made of, and how many there are; on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.http import cache
from src.support import recurring
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.service import Service, assert_refused


def about(service: Service, dataset: str = "debts") -> dict[str, Any]:
    answer = service.ask(f"/v1/{dataset}/labels/about")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json
    return document


def post(service: Service, source: str, *values: int, dataset: str = "debts") -> list[str]:
    labels = [{**project.DEBT, "late": value} for value in values]
    answer = service.post(f"/v1/{dataset}/labels", labels, params={"source": source})
    numbers: list[str] = answer.json["ids"]
    return numbers


@pytest.mark.parametrize("dataset", ["debts", "ghosts"])
def test_a_label_is_the_record_and_then_its_target(service: Service, dataset: str) -> None:
    document = about(service, dataset)
    fields = {field["name"]: field for field in document["fields"]}
    assert list(fields) == [*project.DEBTS["features"], "late"]
    assert fields["late"]["choices"] == ["0", "1"]
    assert document["target"] == "late"
    assert (document["labels"], document["sources"], document["last"]) == (0, {}, None)


def test_what_a_label_may_say_beside_its_record_is_told(
    home: Path, make_service: MakeService
) -> None:
    keyed = {**project.GHOSTS, "key": ["payer"], "weight": "sold"}
    project.dump(home / "conf/dataset/ghosts.yaml", keyed)
    service = make_service()
    document = about(service, "ghosts")
    fields = {field["name"]: field for field in document["fields"]}
    assert list(fields) == [*project.DEBTS["features"], "payer", "sold", "late"]
    assert document["beside"] == ["payer", "sold"]
    assert [fields[name]["required"] for name in document["beside"]] == [False, False]
    assert about(service)["beside"] == []


def test_the_target_of_a_regression_is_a_number(service: Service) -> None:
    document = about(service, "stones")
    price = document["fields"][-1]
    assert (price["name"], price["type"], price["unit"]) == ("price", "number", "USD")
    assert document["classes"] == {}


def test_classes_that_conf_does_not_list_are_those_of_the_champion(service: Service) -> None:
    assert sorted(about(service, "notes")["fields"][-1]["choices"]) == sorted(project.ROOMS)


def test_labels_are_counted_by_source_and_class(service: Service) -> None:
    post(service, "till", 1, 1, 0)
    (last,) = post(service, "<b>", 1)
    post(service, "elsewhere", 1, dataset="ghosts")
    document = about(service)
    assert document["labels"] == 4
    assert document["sources"] == {"till": 3, "<b>": 1}
    assert document["classes"] == {"1": 3, "0": 1}
    assert (document["last"]["id"], document["last"]["source"]) == (last, "<b>")


def test_what_is_deleted_does_not_count(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LONG", 1e9)  # so nothing takes long
    monkeypatch.setattr(recurring, "SHARE", 1e-9)
    (gone,) = post(service, "nobody", 0)
    post(service, "till", 1)
    assert about(service)["labels"] == 2
    service.ask(f"/v1/debts/labels/{gone}", "DELETE")
    document = about(service)
    assert (document["labels"], document["sources"]) == (1, {"till": 1})
    assert document["last"]["source"] == "till"


def test_what_took_long_to_count_is_counted_anew_for_a_new_label(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "LONG", 0)
    monkeypatch.setattr(recurring, "SHARE", 1e-9)
    gone, _ = post(service, "till", 1, 1)
    assert about(service)["labels"] == 2
    service.ask(f"/v1/debts/labels/{gone}", "DELETE")
    assert about(service)["labels"] == 2  # as it was counted before
    post(service, "till", 1)
    assert about(service)["labels"] == 2
    post(service, "till", 1)
    assert about(service)["labels"] == 3


def test_the_sources_with_most_labels_are_told_by_name(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.labels.overview.MOST", 1)
    post(service, "few", 1)
    post(service, "many", 1, 1)
    document = about(service)
    assert (document["sources"], document["other_sources"]) == ({"many": 2}, 1)
    assert document["labels"] == 3


def test_a_dataset_that_takes_no_labels_says_why(make_service: MakeService) -> None:
    service = make_service(redact=("owner",))
    assert "owner" in about(service)["refused"]
    assert about(service, "stones")["refused"] is None


def test_a_dataset_that_is_not_there(service: Service) -> None:
    assert_refused(service.ask("/v1/debt/labels/about"), 404, "debts")
