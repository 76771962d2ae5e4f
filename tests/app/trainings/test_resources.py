"""Trainings over HTTP: what may be asked for, where to follow it, and what was before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.auth import keys
from app.registry import store as version_store
from app.store.tables import Training
from app.trainings import store as training_store
from app.trainings.workspace import Workspace
from tests.app.service import Service, assert_refused
from tests.app.trainings.jobs import ask, debts, label

PATH = "/v1/debts/trainings"


def only(service: Service) -> dict[str, Any]:
    (row,) = service.rows(Training)
    return row


def finished(service: Service, labels: int, version: int = 3, **changes: Any) -> str:
    """Put a training into the history that came to its end."""
    number = ask(service.database, **changes)
    training_store.claim(service.database, number, 99)
    result = {
        "labels": {"total": labels},
        "rows": {"total": labels + 150},
        "metrics": {"test": {"accuracy": 0.9}, "cv": {"accuracy": {"mean": 0.8, "std": 0.1}}},
        "promoted": True,
    }
    training_store.end(service.database, number, "done", result=result, version=version)
    return number


def test_a_training_is_queued_and_followed(service: Service) -> None:
    asked = {"model": "xgboost", "search": "optuna", "trials": 3, "name": "t 1", "use": "file"}
    answer = service.post(PATH, asked)
    assert answer.status_code == 202, answer.text
    told = answer.json
    assert answer.headers["location"] == f"{PATH}/{told['id']}"
    assert {name: told[name] for name in asked} == asked
    assert (told["state"], told["reason"], told["by"]) == ("queued", "asked", "(this machine)")
    row = only(service)
    assert {name: row[name] for name in asked} == asked
    followed = service.ask(answer.headers["location"])
    assert followed.json == {**told, "log": []}
    assert service.ask(PATH).json == {"trainings": [told], "next": None}


@pytest.mark.parametrize("body", ["", "{}"])
def test_without_words_it_is_the_champions_model_on_file_and_labels(
    service: Service, body: str
) -> None:
    champion = version_store.champions(service.database)["debts"]
    other = version_store.get(service.database, "debts", 3 - champion)
    for version, at in ((version_store.get(service.database, "debts", champion), 0), (other, 1)):
        version_store.promote(
            service.database, version, kind=version_store.PROMOTE, by="me", why=""
        )
        service.look()
        assert service.post(PATH, body).status_code == 202
        row = service.rows(Training)[at]
        assert row["model"] == version.model
        assert (row["search"], row["trials"], row["use"]) == ("none", None, "both")


def test_without_a_champion_it_is_the_model_of_the_parameters(service: Service) -> None:
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params.replace("model: linear", "model: logistic"))
    service.look()
    assert service.post("/v1/ghosts/trainings", {}).status_code == 202
    assert only(service)["model"] == "logistic"


@pytest.mark.parametrize("shared_service", ["sqlite"], indirect=True)
def test_a_model_must_be_named_where_neither_a_champion_nor_the_parameters_name_one(
    reader: Service,
) -> None:
    document = assert_refused(reader.post("/v1/ghosts/trainings", {}), 422)
    assert document["code"] == "model_missing"
    sentence = "Nothing serves 'ghosts' yet, so a model must be named."
    assert document["detail"] == sentence
    fitting = document["allowed"]
    assert "logistic" in fitting
    assert "linear" not in fitting, "it is of another task"
    assert f'{{"model": "{fitting[0]}"}}' in document["fix"]


@pytest.mark.parametrize("shared_service", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "logistik"}, ["logistik", "did you mean 'logistic'?", "xgboost"]),
        ({"model": "linear"}, ["'linear' for 'debts'", "logistic"]),  # of another task
        ({"model": "../logistic"}, ["Unknown model '../logistic' for 'debts'", "'logistic'?"]),
        ({"model": "x" * 101}, ["length <= 100"]),
        ({"model": "xgboost model.params.n_estimators=9"}, ["model"]),
        ({"model": "_target_"}, ["model"]),
        ({"search": "optunas"}, ["did you mean 'optuna'?"]),
        ({"search": "optuna,none"}, ["search", "optuna"]),
        ({"search": "../optuna"}, ["Unknown search '../optuna'", "did you mean 'optuna'?"]),
        ({"trials": 5}, ["no search to set this for"]),
        ({"search": "optuna", "trials": 0}, ["trials"]),
        ({"search": "optuna", "trials": 1001}, ["1000"]),
        ({"search": "optuna", "trials": "5"}, ["trials"]),
        ({"use": "all"}, ["file", "labels", "both"]),
        ({"name": "two\nlines"}, ["name"]),
        ({"modle": "logistic"}, ["did you mean 'model'?"]),
        ({"folds": 2}, ["Unknown"]),
        ({"dataset.source": "/etc/passwd"}, ["Unknown"]),
        ({"model.estimator.binary._target_": "os.system"}, ["Unknown"]),
        ({"search": {"name": "optuna"}}, ["search"]),
        ([], ["not an object"]),
    ],
)
def test_choices_are_those_of_conf_and_nothing_else(
    reader: Service, asked: Any, words: list[str]
) -> None:
    document = assert_refused(reader.post(PATH, asked), 422)
    told = str(document)
    for word in words:
        assert word in told
    assert reader.rows(Training) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (debts(5), ["too few labels", "5 labels", "at least 8 labels"]),
        ([{**row, "late": "1"} for row in debts(40)], ["one class", "1 (40)", "0, 1"]),
        (
            [{**row, "late": str(int(at < 2))} for at, row in enumerate(debts(40))],
            ["too few labels", "1 (2)", "at least 4 labels of each class"],
        ),
    ],
)
def test_too_few_labels_are_refused_with_how_many_are_needed(
    service: Service, rows: list[dict[str, Any]], words: list[str]
) -> None:
    label(service.database, rows)
    asked = {"model": "logistic", "use": "labels"}
    assert_refused(service.post(PATH, asked), 422, *words)
    assert service.post(PATH, {**asked, "use": "both"}).status_code == 202


def test_a_dataset_that_is_none_is_404_with_the_nearest_name(service: Service) -> None:
    for path in ("/v1/debst/trainings", "/v1/debst/trainings/series", "/v1/debst/trainings/x"):
        assert_refused(service.ask(path), 404, "did you mean 'debts'?")
    assert_refused(service.post("/v1/debst/trainings", {}), 404, "did you mean 'debts'?")


def test_it_needs_the_scope_train(service: Service) -> None:
    number = ask(service.database)
    words = {
        scope: {"headers": {"Authorization": f"Bearer {key}"}}
        for scope in ("predict", "label", "train")
        for key in [keys.create(service.database, scope, [scope])]
    }
    service.look()
    asked = [("GET", PATH), ("GET", f"{PATH}/series"), ("GET", f"{PATH}/{number}")]
    for method, path in [*asked, ("DELETE", f"{PATH}/{number}")]:
        assert_refused(service.ask(path, method, **words["label"]), 403, "train")
        assert service.ask(path, method, **words["train"]).status_code == 200
    assert_refused(service.post(PATH, {}, **words["predict"]), 403, "train")
    assert service.post(PATH, {}, **words["train"]).json["by"] == "train"


def test_so_many_wait_and_no_more(service: Service) -> None:
    numbers = [ask(service.database) for _ in range(20)]
    answer = service.post(PATH, {})
    assert_refused(answer, 429, "DELETE", "20")
    assert answer.headers["retry-after"] == "60"
    assert service.post("/v1/stones/trainings", {}).status_code == 202, "each dataset has its own"
    assert service.ask(f"{PATH}/{numbers[0]}", "DELETE").status_code == 200
    assert service.post(PATH, {}).status_code == 202


def test_what_waits_or_runs_is_cancelled_and_what_ended_is_409(service: Service) -> None:
    waits, runs = ask(service.database), ask(service.database)
    training_store.claim(service.database, runs, 1)
    for number in (waits, runs):
        answer = service.ask(f"{PATH}/{number}", "DELETE")
        assert answer.status_code == 200
        assert answer.json["state"] == "cancelled"
        assert answer.json["error"] == "cancelled by (this machine)"
        assert_refused(
            service.ask(f"{PATH}/{number}", "DELETE"), 409, "state=cancelled", "queued", "running"
        )
    done = finished(service, 5)
    assert_refused(service.ask(f"{PATH}/{done}", "DELETE"), 409, "state=done")
    assert service.ask(f"{PATH}/{done}").json["state"] == "done"


@pytest.mark.parametrize("number", ["x", "0190f0a0-0000-7000-8000-000000000000", "%00"])
def test_a_training_that_is_none_is_404(service: Service, number: str) -> None:
    other = ask(service.database, dataset="stones")
    for one in (number, other):
        assert_refused(service.ask(f"{PATH}/{one}"), 404)
        assert_refused(service.ask(f"{PATH}/{one}", "DELETE"), 404)
    assert service.ask(f"/v1/stones/trainings/{other}").json["state"] == "queued"


def test_it_tells_how_far_it_is_and_the_last_lines_of_its_log(service: Service) -> None:
    number = ask(service.database)
    training_store.claim(service.database, number, 1)
    progress = {"stage": "trials", "step": 3, "of": 9, "note": "best 0.9"}
    training_store.tell(service.database, number, progress=progress)
    place = Workspace(service.settings.folder(), number)
    place.path.mkdir(parents=True)
    place.log.write_bytes(b"x" * 70_000 + b"\nreading (2)\n\xff\n")
    told = service.ask(f"{PATH}/{number}").json
    assert told["progress"] == progress
    assert told["log"][-2:] == ["reading (2)", "\ufffd"]
    assert sum(map(len, told["log"])) < 66_000
    assert told["kpis"] is None


def test_the_history_is_filtered_and_paged(service: Service) -> None:
    made = [
        ask(service.database, model=model, reason=reason)
        for model, reason in (
            ("logistic", "asked"),
            ("xgboost", "after_labels"),
            ("xgboost", "asked"),
        )
    ]
    training_store.cancel(service.database, made[2], "me")

    def found(**params: Any) -> list[int]:
        answer = service.ask(PATH, params=params)
        assert answer.status_code == 200, answer.text
        return [made.index(row["id"]) for row in answer.json["trainings"]]

    assert found() == [2, 1, 0]
    assert found(model="xgboost") == [2, 1]
    assert found(state="queued") == [1, 0]
    assert found(reason="after_labels") == [1]
    assert found(since="2000-01-01", until="2001-01-01") == []
    first = service.ask(PATH, params={"limit": 2}).json
    assert first["next"] == made[1]
    assert found(limit=2, cursor=first["next"]) == [0]
    assert service.ask(PATH, params={"limit": 3}).json["next"] is None
    for params in ({"state": "idle"}, {"limit": 0}, {"since": "noon"}, {"cursor": "x"}):
        assert_refused(service.ask(PATH, params=params), 400)


def test_the_series_has_a_point_for_each_that_finished(service: Service) -> None:
    first = finished(service, 100, version=4)
    training_store.cancel(service.database, ask(service.database), "me")
    second = finished(service, 250, version=5, model="xgboost")
    told = service.ask(f"{PATH}/series").json
    assert (told["dataset"], told["metric"]) == ("debts", "accuracy")
    assert told["series"][0] == {
        "at": training_store.find(service.database, first)["ended"],
        "training": first,
        "model": "logistic",
        "version": 4,
        "labels": 100,
        "rows": 250,
        "test": 0.9,
        "cv": 0.8,
        "promoted": True,
    }
    assert [point["training"] for point in told["series"]] == [first, second]
    params = {"until": "2001-01-01"}
    assert service.ask(f"{PATH}/series", params=params).json["series"] == []
    assert service.ask(f"{PATH}/{second}").json["kpis"]["labels"] == {"total": 250}


@pytest.mark.usefixtures("serves_only")
def test_where_nothing_trains_it_is_refused_for_good(service: Service) -> None:
    answer = service.post(PATH, {"model": "logistic"})
    assert_refused(answer, 501, "answers and does not train", "pip install -c constraints.txt")
    assert "retry-after" not in answer.headers
    assert service.rows(Training) == []
    assert service.ask(PATH).json["trainings"] == [], "those of before can be read"
    assert_refused(service.post("/v1/dbts/trainings", {}), 404, "did you mean 'debts'?")
    described = service.ask("/openapi.json").json["paths"][PATH]["post"]["responses"]
    assert set(described["501"]["content"]) == {"application/problem+json"}
