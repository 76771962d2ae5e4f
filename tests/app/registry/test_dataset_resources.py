from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.registry import store as version_store
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused

Make = Callable[..., Service]


def test_every_dataset_is_listed_with_who_answers(service: Service) -> None:
    found = {one["name"]: one for one in service.ask("/v1/datasets").json["datasets"]}
    assert list(found) == ["debts", "ghosts", "notes", "stones"]
    assert found["ghosts"]["champion"] is None
    stones = found["stones"]
    assert (stones["about"], stones["task"]) == ("What a stone costs", "regression")
    champion = stones["champion"]
    assert (champion["name"], champion["version"], champion["metric"]) == ("linear", 1, "mae")
    assert champion["cv"] > 0
    assert champion["test"] > 0


def test_a_dataset_tells_its_fields_in_words(service: Service) -> None:
    document = service.ask("/v1/stones").json
    fields = {field["name"]: field for field in document["fields"]}
    assert list(fields) == list(project.STONES["features"])
    assert fields["carat"] == {
        "name": "carat",
        "type": "number",
        "unit": "carat",
        "about": "weight",
        "allowed": "a number above 0 and at most 20",
        "choices": None,
        "required": True,
    }
    assert fields["cut"]["choices"] == project.CUTS
    assert not fields["depth"]["required"]
    assert document["target"] == {"name": "price", "about": "retail price", "unit": "USD"}
    assert document["similar"] == {"same": ["cut"], "nearest": "carat"}
    assert document["findings"] == []


def test_a_dataset_tells_what_was_found_of_its_champion(home: Path, make_service: Make) -> None:
    project.leak()
    service = make_service()
    assert service.ask("/v1/stones").json["findings"] == [project.LEAK]
    newest, oldest = service.ask("/v1/stones/models").json["versions"]
    assert (newest["findings"], oldest["findings"]) == ([], [project.LEAK])


@pytest.mark.parametrize(("dataset", "classes"), [("debts", [0, 1]), ("notes", [*project.ROOMS])])
def test_a_dataset_of_classes_tells_them(
    service: Service, dataset: str, classes: list[object]
) -> None:
    target = service.ask(f"/v1/{dataset}").json["target"]
    assert target["name"] == project.TARGETS[dataset]
    assert sorted(target["classes"], key=str) == sorted(classes, key=str)


@pytest.mark.parametrize("dataset", list(project.MODELS))
def test_the_example_and_the_links_work_when_they_are_pasted(
    service: Service, dataset: str
) -> None:
    document = service.ask(f"/v1/{dataset}").json
    answer = service.post(document["links"]["predict"], document["example"])
    assert answer.status_code == 200
    assert project.TARGETS[dataset] in answer.json
    assert service.ask(document["links"]["models"]).status_code == 200
    assert ("similar" in document["links"]) == (dataset == "stones")


def test_the_versions_are_listed_with_how_good_they_are(service: Service) -> None:
    document = service.ask("/v1/stones/models").json
    assert (document["champion"], document["metric"], document["refused"]) == (1, "mae", None)
    newest, oldest = document["versions"]
    assert (newest["version"], newest["model"], newest["champion"]) == (2, "xgboost", False)
    assert (oldest["version"], oldest["model"], oldest["champion"]) == (1, "linear", True)
    assert oldest["metrics"]["test"]["mae"] > 0
    assert set(oldest) >= {"registered", "trained", "git", "data"}
    (event,) = document["events"]
    assert (event["kind"], event["number"]) == ("pipeline", 1)


@pytest.mark.parametrize("path", ["", "/models", "/predictions", "/similar"])
def test_a_dataset_that_is_not_there_lists_those_that_are(service: Service, path: str) -> None:
    method = "POST" if path in ("/predictions", "/similar") else "GET"
    document = assert_refused(service.ask(f"/v1/stone{path}", method), 404, "no such dataset")
    assert document["given"] == "stone"
    assert document["allowed"] == ["debts", "ghosts", "notes", "stones"]


@pytest.mark.parametrize("path", ["", "/models"])
def test_a_dataset_without_a_champion_says_what_to_do(service: Service, path: str) -> None:
    answer = service.ask(f"/v1/ghosts{path}")
    assert_refused(answer, 503, "no champion yet", "make run", "dvc repro")
    assert answer.headers["retry-after"]


def test_each_version_has_the_gates_verdict(service: Service) -> None:
    for one in service.ask("/v1/stones/models").json["versions"]:
        assert one["gate"] == {"passed": True, "missed": [], "overridden": False}
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    version_store.tell(service.database, "stones", 2, kind=version_store.OVERRIDE, by="me", why="x")
    service.look()
    document = service.ask("/v1/stones/models").json
    newest, oldest = [one["gate"] for one in document["versions"]]
    assert oldest == {"passed": True, "missed": [], "overridden": False}
    missed = ["mae 1985.08 is above 500"]
    assert newest == {"passed": False, "missed": missed, "overridden": True}
    assert document["breach"] is None
    version_store.tell(
        service.database, "stones", 1, kind=version_store.BREACH, by="gate", why="mae 9"
    )
    service.look()
    assert service.ask("/v1/stones/models").json["breach"] == "mae 9"


def test_versions_are_listed_though_none_of_them_serves(
    make_service: Callable[..., Service], home: Path
) -> None:
    project.crown("stones", None)
    project.crown("debts", None)
    project.crown("notes", None)
    document = make_service().ask("/v1/stones/models").json
    assert (document["champion"], document["breach"], document["events"]) == (None, None, [])
    assert [one["champion"] for one in document["versions"]] == [False, False]


@pytest.mark.parametrize("dataset", project.MODELS)
def test_examples_differ_and_can_be_predicted(service: Service, dataset: str) -> None:
    document = service.ask(f"/v1/{dataset}").json
    examples = document["examples"]
    assert examples[0] == document["example"]
    assert len({json.dumps(one) for one in examples}) == len(examples) > 1
    assert service.predict(dataset, examples).status_code == 200
    assert document["separator"] == ","
