"""What may be trained, over HTTP."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.auth import keys
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused


def test_choices_are_what_conf_has(service: Service) -> None:
    told = service.ask("/v1/notes/choices").json
    names = [one["name"] for one in told["models"]]
    assert {"naive_bayes", "linear_svc", "xgboost"} < set(names)
    assert "linear" not in names, "is for a regression"
    assert "naive_bayes" not in str(service.ask("/v1/debts/choices").json), "takes text alone"
    assert told["usual"] in names
    assert told["searches"] == [{"name": "none", "trials": None}, {"name": "optuna", "trials": 50}]
    assert (told["labels"], told["promote"]) == (0, "auto")
    assert told["refused"] is None
    service.post("/v1/notes/labels", {**project.NOTE, "room": "garden"})
    assert service.ask("/v1/notes/choices").json["labels"] == 1
    for name in names:
        assert service.post("/v1/notes/trainings", {"model": name}).status_code == 202, name
    truths.rule("notes", promote="manual")
    service.look()
    assert service.ask("/v1/notes/choices").json["promote"] == "manual"
    ghosts = service.ask("/v1/ghosts/choices").json
    assert ghosts["usual"] is None, "params.yaml names a model for another task"
    shutil.rmtree("conf/search")
    assert service.ask("/v1/notes/choices").json["searches"] == []
    Path("conf/model/xgboost.yaml").write_text("a: [")
    assert_refused(service.ask("/v1/notes/choices"), 503, "xgboost.yaml", "YAML")


def test_it_needs_the_scope_train_and_a_dataset(service: Service) -> None:
    assert_refused(service.ask("/v1/ntes/choices"), 404, "did you mean 'notes'?")
    words = {
        scope: {"headers": {"Authorization": f"Bearer {key}"}}
        for scope in ("predict", "train")
        for key in [keys.create(service.database, scope, [scope])]
    }
    service.look()
    assert service.ask("/v1/stones/choices", **words["train"]).status_code == 200
    assert_refused(service.ask("/v1/stones/choices", **words["predict"]), 403, "train")


@pytest.mark.usefixtures("serves_only")
def test_where_nothing_trains_they_say_so(service: Service) -> None:
    told = service.ask("/v1/notes/choices").json
    assert told["refused"] == {
        "detail": "This installation answers and does not train.",
        "fix": "pip install -c constraints.txt '.[train]'",
    }
