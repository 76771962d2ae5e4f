"""The models of a first look, by what the features are and by how many cells there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.config import configuration as configs
from src.data.schema import Dataset
from src.description import first_look

NUMBER, TEXT, ID = ({"type": name} for name in ("number", "text", "id"))


@pytest.fixture
def look() -> first_look.FirstLook:
    return first_look.read()


@pytest.mark.parametrize(
    ("features", "kind"),
    [
        ({"a": NUMBER}, "plain"),
        ({"a": NUMBER, "code": ID}, "plain"),
        ({"a": NUMBER, "note": TEXT}, "mixed"),
        ({"note": TEXT}, "text"),
    ],
)
def test_models_follow_from_what_the_features_are(
    look: first_look.FirstLook,
    make_dataset: Callable[..., Dataset],
    features: dict[str, Any],
    kind: Any,
) -> None:
    dataset = make_dataset(features=features)
    assert list(look.trainings(dataset, 10)) == look.models[kind]["regression"]


def test_each_model_is_there_for_its_task_and_takes_what_it_is_given(
    look: first_look.FirstLook,
) -> None:
    takes = {"plain": {"number", "category"}, "mixed": {"number", "text"}, "text": {"text"}}
    for kind, by_task in look.models.items():
        assert set(by_task) == {"regression", "binary", "multiclass"}
        for task, names in by_task.items():
            for name in names:
                assert name in configs.serving_models(task)
                path = Path("conf/model", f"{name}.yaml")
                inputs = yaml.safe_load(path.read_text(encoding="utf-8")).get("inputs")
                assert takes[kind] <= set(inputs or takes[kind])


def test_a_large_table_is_judged_by_fewer_folds(
    look: first_look.FirstLook, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(features={"a": NUMBER, "note": TEXT})
    least = look.large.cells // (1 + look.large.text)
    assert not any("folds" in word for word in look.trainings(dataset, least)["xgboost"])
    words = look.trainings(dataset, least + 1)
    assert f"folds={look.large.folds}" in words["dummy"]
    assert "model.encoding.text.weight=count" in words["xgboost"]
    assert not any("model." in word for word in words["dummy"]), "it has no trees"


def test_trees_are_as_many_as_there_is_time_for(
    look: first_look.FirstLook, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(features={"a": NUMBER})
    trees, own = look.large.trees, yaml.safe_load(Path("conf/model/xgboost.yaml").read_text())
    number, rate = (own["params"][key] for key in (trees.number[0], trees.rate))
    most = int(trees.cells / number)
    assert not any("params" in word for word in look.trainings(dataset, most)["xgboost"])
    words = look.trainings(dataset, 2 * most)["xgboost"]
    assert f"model.params.{trees.number[0]}={number // 2}" in words
    assert f"model.params.{trees.rate}={2 * rate}" in words, "half as many, twice as fast"
    words = look.trainings(dataset, 10**9)["xgboost"]
    assert f"model.params.{trees.number[0]}={trees.least}" in words
    assert f"model.params.{trees.rate}={trees.fastest}" in words


def test_several_classes_take_a_tree_each(
    look: first_look.FirstLook, make_dataset: Callable[..., Dataset]
) -> None:
    kinds = {"name": "kind", "values": [f"k{at}" for at in range(10)]}
    dataset = make_dataset(
        features={"a": NUMBER}, task="multiclass", target=kinds, metric="accuracy"
    )
    trees = look.large.trees
    words = look.trainings(dataset, int(trees.cells / 1000))["xgboost"]
    assert f"model.params.{trees.number[0]}=100" in words
