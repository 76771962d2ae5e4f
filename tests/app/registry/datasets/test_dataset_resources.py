from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.registry import store as version_store
from app.registry.datasets import dataset_resources
from app.store.tables import Version
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Result, Service, assert_refused

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
    assert document["target"] == {
        "name": "price",
        "answer_key": "price",
        "about": "retail price",
        "unit": "USD",
    }
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


SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MANY = 30


def multiply(service: Service) -> None:
    """Register more versions of stones: those with an even number are linear, as the champion."""
    rows = [row for row in service.rows(Version) if row["dataset"] == "stones"]
    by_number = {row.pop("number"): row for row in rows if row.pop("id")}
    with service.database:
        for number in range(3, MANY + 1):
            row = {**by_number[1 + number % 2], "number": number, "digest": str(number) * 4}
            Version.insert(row).execute(service.database)


def numbers(answer: Result) -> list[int]:
    return [one["version"] for one in answer.json["versions"]]


def test_the_versions_come_by_pages(service: Service) -> None:
    multiply(service)
    pages, cursor = [], None
    while cursor != "end":
        query = {"limit": 12} | ({"cursor": cursor} if cursor else {})
        answer = service.ask("/v1/stones/models", params=query)
        assert (answer.json["count"], answer.json["models"]) == (MANY, ["linear", "xgboost"])
        pages.append(numbers(answer))
        cursor = answer.json["next"] or "end"
    assert [len(page) for page in pages] == [12, 12, 6]
    assert [number for page in pages for number in page] == list(range(MANY, 0, -1))


def test_the_versions_are_filtered(service: Service) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    service.look()
    multiply(service)
    version_store.tell(service.database, "stones", 4, kind=version_store.PROMOTE, by="me", why="x")
    linear = [number for number in range(MANY, 0, -1) if number % 2 == 0 and number > 2] + [1]
    for query, expected in (
        ({"model": "linear"}, linear),
        ({"state": "champion"}, [4]),
        ({"state": "earlier"}, [1]),
        ({"state": "served"}, [4, 1]),
        ({"state": "never", "limit": 3}, [30, 29, 28]),
        ({"state": "never", "model": "linear", "limit": 3, "cursor": 8}, [6]),
        ({"gate": "passed", "limit": 5}, linear[:5]),
        ({"gate": "missed", "limit": 2, "cursor": 9}, [7, 5]),
        ({"gate": "missed", "state": "champion"}, []),
    ):
        assert numbers(service.ask("/v1/stones/models", params=query)) == expected, query


@SQLITE
def test_no_more_versions_are_read_than_a_page_shows(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    multiply(service)
    read: list[Any] = []
    kept = version_store.Registered

    def count(*words: Any) -> Any:
        read.append(words)
        return kept(*words)

    monkeypatch.setattr(version_store, "Registered", count)
    service.ask("/v1/stones/models", params={"limit": 5})
    assert len(read) == 6
    read.clear()
    monkeypatch.setattr(dataset_resources, "LOOKED", 10)
    service.look()
    first = service.ask("/v1/stones/models", params={"gate": "missed"})
    assert (numbers(first), first.json["next"]) == ([], 21), "where the next page goes on"
    assert len(read) == 11


def test_what_happened_comes_by_pages(service: Service) -> None:
    for number in (2, 1, 2):
        service.post("/v1/stones/champion", {"version": number})
    first = service.ask("/v1/stones/events", params={"limit": 3}).json
    assert [one["number"] for one in first["events"]] == [2, 1, 2]
    then = service.ask("/v1/stones/events", params={"limit": 3, "cursor": first["next"]}).json
    assert [(one["kind"], one["number"]) for one in then["events"]] == [("pipeline", 1)]
    assert then["next"] is None
    of_one = service.ask("/v1/stones/events", params={"version": 2}).json
    assert [one["number"] for one in of_one["events"]] == [2, 2]
    assert len(service.ask("/v1/stones/models", params={"limit": 2}).json["events"]) == 2


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "cursor=99999999999", "state=x"])
def test_a_wrong_page_is_refused(service: Service, query: str) -> None:
    answer = service.ask("/v1/stones/models", query_string=query)
    assert_refused(answer, 400)
