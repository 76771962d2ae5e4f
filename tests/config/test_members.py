from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from src.config import composition, configuration, members
from src.config.configuration import Config
from src.support.errors import UserError


def build(*words: str) -> Config:
    composition.prepare()
    return configuration.build(composition.compose([*words, "search=none"]))


def test_each_member_is_what_it_would_be_alone_and_what_differs_in_the_blend() -> None:
    words = ["dataset=diamonds", "model=blend", "model.members.regression=[linear,xgboost]"]
    blend = build(*words, "model.each.linear.params.positive=true").model
    linear, trees = blend.recipes
    assert linear.drop == build("dataset=diamonds", "model=linear").model.drop, "of the pair"
    assert linear.params == {"positive": True}
    assert trees == build("dataset=diamonds", "model=xgboost").model
    assert not blend.is_log, "the linear one learns the price itself"
    assert [one.name for one in blend.singles()] == ["linear", "xgboost"]


def test_what_is_composed_is_built_again_as_it_is() -> None:
    config = build("dataset=payments", "model=blend")
    assert config.model.recipes
    assert configuration.build(configuration.resolved(config)) == config
    configuration.check_targets(config.model)


@pytest.mark.parametrize(
    ("name", "says"),
    [("xgbost", "Unknown member 'xgbost'"), ("blend", "a member that is a blend")],
)
def test_a_member_that_there_is_not_lists_those_there_are(name: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        build("dataset=diamonds", "model=blend", f"model.members.regression=[ridge,{name}]")
    assert "xgboost" in caught.value.choices
    assert "blend" not in caught.value.choices


def test_members_that_do_not_fit_list_those_that_do() -> None:
    with pytest.raises(UserError, match="'lasso' does not serve the task 'binary'") as caught:
        build("dataset=payments", "model=blend", "model.members.binary=[logistic,lasso]")
    assert {"logistic", "xgboost"} <= set(caught.value.choices)
    assert not {"lasso", "blend"} & set(caught.value.choices)
    two = "model.members.multiclass=[logistic,hist_gradient_boosting]"
    with pytest.raises(UserError, match="takes no text") as caught:
        build("dataset=resumes", "model=blend", "model.inputs=[]", two)
    assert "linear_svc" in caught.value.choices
    assert "hist_gradient_boosting" not in caught.value.choices


def test_a_model_of_its_own_is_left_as_it_is() -> None:
    values: dict[str, Any] = {"model": {"name": "ridge"}, "dataset": {"task": "regression"}}
    assert members.complete(values, lambda _: {}) is values


def test_a_blend_serves_what_all_its_members_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "conf/model"
    folder.mkdir(parents=True)
    for name, tasks in {"one": ["binary", "regression"], "two": ["binary"]}.items():
        estimators = ", ".join(f"{task}: {{_target_: a.B}}" for task in tasks)
        (folder / f"{name}.yaml").write_text(f"estimator: {{{estimators}}}")
    (folder / "both.yaml").write_text("members: [one, two]")
    monkeypatch.chdir(tmp_path)
    assert configuration.serving_models("binary") == ["both", "one", "two"]
    assert configuration.serving_models("regression") == ["one"]
