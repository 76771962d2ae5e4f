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


def test_a_large_table_is_looked_at_by_less(
    look: first_look.FirstLook, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(features={"a": NUMBER, "note": TEXT})
    least = look.large.cells // 2
    assert not any("folds" in word for word in look.trainings(dataset, least)["xgboost"])
    words = look.trainings(dataset, least + 1)
    assert f"folds={look.large.folds}" in words["dummy"]
    assert "model.params.n_estimators=100" in words["xgboost"]
    assert not any("params" in word for word in words["dummy"]), "it has no trees"
    plain = make_dataset(features={"a": NUMBER})
    assert not any("params" in word for word in look.trainings(plain, 10**6)["xgboost"])
