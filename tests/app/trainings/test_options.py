from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import peewee
import pytest

from app.registry import store as version_store
from app.trainings import options
from src.config import configuration as configs
from src.data.schema import Dataset
from src.support.errors import UserError

TEXT = {"text": {"type": "text"}}


def names(dataset: Dataset) -> list[str]:
    return [one["name"] for one in options.models(dataset)]


def test_the_simplest_model_that_fits_stands_first(project: object, dataset: Dataset) -> None:
    del project
    found = options.models(dataset)
    assert found[0] == {
        "name": "dummy",
        "about": "always the mean, or the most frequent class; what any model must beat",
        "complexity": 0,
        "tunable": False,
    }
    ranks = [one["complexity"] for one in found]
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
    assert options.searches() == [
        {"name": "none", "trials": None},
        {"name": "optuna", "trials": 50},
    ]


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
