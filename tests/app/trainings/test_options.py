"""What may be trained, from conf/ and over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import peewee
import pytest

from app.auth import keys
from app.registry import store as version_store
from app.trainings import options
from app.trainings.options import ModelOption, SearchOption
from src.config import configuration as configs
from src.data.schema import Dataset
from src.support.errors import UserError
from tests.app import project as projects
from tests.app.labels import truths
from tests.app.service import Service, assert_refused

TEXT = {"text": {"type": "text"}}


def names(dataset: Dataset) -> list[str]:
    return [one.name for one in options.models(dataset)]


def test_the_simplest_model_that_fits_stands_first(project: object, dataset: Dataset) -> None:
    del project
    found = options.models(dataset)
    about = "always the mean, or the most frequent class; what any model must beat"
    assert found[0] == ModelOption("dummy", about, complexity=0, tunable=False)
    ranks = [one.complexity for one in found]
    assert ranks == sorted(ranks)
    assert {"ridge", "xgboost"} < set(names(dataset))
    assert "logistic" not in names(dataset)


def test_a_model_that_takes_other_features_is_left_out(
    project: object, make_dataset: Callable[..., Dataset]
) -> None:
    del project
    classes = {"task": "multiclass", "target": {"name": "price"}, "metric": "accuracy"}
    assert "naive_bayes" not in names(make_dataset(**classes))
    assert "naive_bayes" in names(make_dataset(**classes, features=TEXT))


def test_searches_say_how_many_trials_they_make(project: object) -> None:
    del project
    assert options.searches() == [SearchOption("none", None), SearchOption("optuna", 50)]


def test_a_file_that_is_no_yaml_is_named(project: object, dataset: Dataset) -> None:
    del project
    (configs.CONF / "model" / "broken.yaml").write_text("a: [")
    with pytest.raises(UserError, match=r"broken\.yaml"):
        options.models(dataset)


def test_the_usual_model_is_the_champions_else_the_one_that_params_yaml_names(
    project: object, database: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    registry: Any = SimpleNamespace(
        version=lambda dataset, number: SimpleNamespace(model=f"model {number} of {dataset}")
    )
    usual = configs.read_params().model
    assert options.usual_model(registry, database, "stones") == usual
    monkeypatch.setattr(version_store, "champions", lambda _: {"stones": 3})
    assert options.usual_model(registry, database, "stones") == "model 3 of stones"
    assert options.usual_model(registry, database, "debts") == usual


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
    service.post("/v1/notes/labels", {**projects.NOTE, "room": "garden"})
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
