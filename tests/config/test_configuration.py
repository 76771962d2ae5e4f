from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.config import configuration
from src.support.errors import UserError

VALUES: dict[str, Any] = {
    "dataset": {
        "name": "stones",
        "task": "regression",
        "source": "data/stones.csv",
        "target": {"name": "price", "above": 0},
        "features": {
            "carat": {"type": "number", "above": 0},
            "cut": {"type": "category", "order": ["Fair", "Good"]},
        },
        "derived": {"heavy": "carat ** 2"},
        "metric": "mae",
        "gate": {"r2": {"min": 0.5}},
    },
    "model": {
        "name": "ridge",
        "complexity": 2,
        "estimator": {"regression": {"_target_": "sklearn.linear_model.Ridge"}},
        "params": {"alpha": 1.0},
        "space": {"params.alpha": {"low": 0.1, "high": 10, "log": True}},
    },
    "search": {"name": "optuna", "trials": 5},
    "seed": 1,
    "folds": 3,
}


def changed(key: str, value: Any) -> dict[str, Any]:
    """Return VALUES with another value at a dotted key."""
    values = copy.deepcopy(VALUES)
    *path, last = key.split("/")
    inner = values
    for step in path:
        inner = inner.setdefault(step, {})
    inner[last] = value
    return values


def refused(key: str, value: Any) -> str:
    with pytest.raises(UserError) as caught:
        configuration.build(changed(key, value))
    return str(caught.value)


def test_sound_values_become_a_configuration() -> None:
    built = configuration.build(VALUES)
    assert built.dataset.name == "stones"
    assert built.model.params == {"alpha": 1.0}
    assert built.search == configuration.OptunaSearch(trials=5)
    assert (built.seed, built.folds) == (1, 3)


@pytest.mark.parametrize(
    ("part", "key"),
    [
        (configuration.build(VALUES), "seed"),
        (configuration.build(VALUES).model, "name"),
        (configuration.build(VALUES).model.encoding, "numbers"),
        (configuration.build(VALUES).model.encoding.text, "min_df"),
        (configuration.build(VALUES).model.space["params.alpha"], "low"),
        (configuration.build(VALUES).search, "trials"),
        (configuration.EarlyStopping(rounds=3), "rounds"),
        (configuration.Pair(dataset="a", model="b", plot="scatter"), "model"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_configuration_is_frozen(part: object, key: str) -> None:
    with pytest.raises(AttributeError):
        setattr(part, key, getattr(part, key))


def test_the_resolved_configuration_is_plain_and_builds_itself_again() -> None:
    built = configuration.build(VALUES)
    plain = configuration.resolved(built)
    assert json.loads(json.dumps(plain)) == plain
    assert configuration.build(plain) == built
    assert configuration.build(yaml.safe_load(yaml.safe_dump(plain))) == built


def test_what_to_do_is_no_part_of_what_a_training_is() -> None:
    asked = {**VALUES, "run": "stones-ridge", "continue_from": None}
    assert configuration.build(asked) == configuration.build(VALUES)
    assert configuration.request(asked).run == "stones-ridge"
    assert configuration.request(VALUES).run is None


def test_an_unknown_outermost_key_of_a_request_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        configuration.request({**VALUES, "sed": 1})
    assert "Unknown key 'sed'" in str(caught.value)
    assert "did you mean 'seed'?" in str(caught.value)
    assert "continue_from" in str(caught.value)


MISTAKES: dict[str, tuple[str, Any, list[str]]] = {
    "key": ("sed", 1, ["'sed'", "dataset, folds, model, search, seed", "'seed'?"]),
    "key of the dataset": (
        "dataset/sorce",
        "a",
        ["'dataset.sorce'", "similar, skip, source", "'source'?"],
    ),
    "key of the model": (
        "model/parms",
        {},
        ["'model.parms'", "name, params, recipes, space", "'params'?"],
    ),
    "key of the encoding": (
        "model/encoding/txt",
        {},
        ["'model.encoding.txt'", "categories, numbers, ordered, text"],
    ),
    "key of the text encoding": (
        "model/encoding/text/ngram",
        [1, 2],
        ["'model.encoding.text.ngram'", "max_features, min_df, ngrams", "'ngrams'?"],
    ),
    "key of the search": (
        "search/trails",
        9,
        ["'search.trails'", "folds, jobs, keep, startup, timeout, trials", "'trials'?"],
    ),
    "key of a feature": (
        "dataset/features/carat/mim",
        1,
        [
            "'dataset.features.carat.mim'",
            "about, above, below, column, decimal, max, min",
            "'min'?",
        ],
    ),
    "key of a gate": ("dataset/gate/r2/mn", 1, ["'dataset.gate.r2.mn'", "max, min", "'min'?"]),
    "key of a space": (
        "model/space/params.alpha/hi",
        1,
        ["'model.space.params.alpha.hi'", "choices, high, log, low"],
    ),
    "task": ("dataset/task", "regresion", ["'regresion'", "regression", "binary", "multiclass"]),
    "task of an estimator": ("model/estimator/regresion", {"_target_": "a"}, ["regresion"]),
    "type of a feature": (
        "dataset/features/carat/type",
        "numbr",
        [
            "'dataset.features.carat.type'",
            "'numbr'",
            "number, integer, category, text",
            "'number'?",
        ],
    ),
    "type of a value": ("seed", "one", ["'seed'", "'one'", "a whole number at least 0"]),
    "seed below zero": ("seed", -1, ["'seed'", "-1", "a whole number at least 0"]),
    "seed too great": ("seed", 2**31, ["'seed'", "at most 2147483647"]),
    "one fold": ("folds", 1, ["'folds'", "at least 2 and at most 20"]),
    "no trials": ("search/trials", 0, ["'search.trials'", "given:   0", "at least 1"]),
    "no jobs": ("search/jobs", 0, ["'search.jobs'", "at least 1"]),
    "no time": ("search/timeout", 0, ["'search.timeout'", "above 0"]),
    "nothing kept": ("search/keep", 0, ["'search.keep'", "above 0 and at most 1"]),
    "one fold in the search": ("search/folds", 1, ["'search.folds'", "at least 2"]),
    "search": ("search/name", "optun", ["'search.name'", "'optun'", "none, optuna", "'optuna'?"]),
    "metric": ("dataset/metric", "maee", ["'maee'", "r2, mae, rmse, mape", "'mae'?"]),
    "metric of another task": ("dataset/metric", "f1", ["'f1'", "r2, mae, rmse, mape"]),
    "metric in the gate": (
        "dataset/gate/rmsee",
        {"max": 1},
        ["'rmsee'", "r2, mae, rmse, mape", "'rmse'?"],
    ),
    "model of a retraining": (
        "dataset/retrain",
        {"after_labels": 5, "model": "rigde"},
        ["Unknown model 'rigde' in retrain.model", "regression", "lasso", "'ridge'?"],
    ),
    "model of a retraining for another task": (
        "dataset/retrain",
        {"after_labels": 5, "model": "logistic"},
        ["Unknown model 'logistic' in retrain.model", "regression", "ridge"],
    ),
    "derived with an unknown name": (
        "dataset/derived/heavy",
        "carrat * 2",
        ["'carrat'", "heavy: carrat * 2", "carat, cut", "'carat'?"],
    ),
    "derived with an unknown function": (
        "dataset/derived/heavy",
        "lg(carat)",
        ["'lg'", "abs, cos_day", "log, log1p, max, min", "'log'?"],
    ),
    "encoding of numbers": (
        "model/encoding/numbers",
        "kep",
        ["'model.encoding.numbers'", "'kep'", "keep, standard", "'keep'?"],
    ),
    "target transform": (
        "model/target_transform",
        "lg",
        ["'model.target_transform'", "log, none", "'log'?"],
    ),
    "kind of input": ("model/inputs", ["numbr"], ["'model.inputs[0]'", "'numbr'", "'number'?"]),
    "dropped column": (
        "model/drop",
        ["carrat"],
        ["'carrat'", "carat, cut, heavy", "'carat'?"],
    ),
    "split": (
        "dataset/split/method",
        "stabel",
        ["'stabel'", "column, random, stable", "'stable'?"],
    ),
    "share of the test": (
        "dataset/split/test",
        1.0,
        ["'dataset.split.test'", "above 0 and below 1"],
    ),
    "duplicates": ("dataset/duplicates", "frist", ["'frist'", "drop, first, keep", "'first'?"]),
    "name of the model": ("model/name", "My model", ["'model.name'", "'My model'"]),
    "early stopping": (
        "model/early_stopping/rounds",
        0,
        ["'model.early_stopping.rounds'", "at least 1"],
    ),
    "average": ("model/average", 0, ["'model.average'", "at least 1"]),
}


@pytest.mark.parametrize(("key", "value", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_what_is_allowed(key: str, value: Any, words: list[str]) -> None:
    message = refused(key, value)
    for word in words:
        assert word in message


@pytest.mark.parametrize("key", ["dataset", "model", "search", "seed", "folds"])
def test_a_part_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(UserError, match=f"The key '{key}' is missing"):
        configuration.build({name: part for name, part in VALUES.items() if name != key})


def test_a_model_that_does_not_serve_the_task_lists_those_that_do(project: Path) -> None:
    values = changed("dataset/task", "multiclass")
    values["dataset"].update(metric="accuracy", gate={})
    with pytest.raises(UserError) as caught:
        configuration.build(values)
    message = str(caught.value)
    assert "The model 'ridge' does not serve the task 'multiclass' of 'stones'" in message
    assert "given:   model=ridge, which serves regression" in message
    assert "model=logistic" in message
    assert "model=lasso" not in message


def test_models_that_serve_a_task_are_found_by_their_files(project: Path) -> None:
    assert "lasso" in configuration.serving_models("regression")
    assert "lasso" not in configuration.serving_models("binary")
    (project / "conf" / "model" / "mine.yaml").write_text("estimator: {binary: {_target_: a.B}}\n")
    (project / "conf" / "model" / "empty.yaml").write_text("")
    assert "mine" in configuration.serving_models("binary")
    assert "mine" not in configuration.serving_models("regression")


def test_an_estimator_needs_a_target() -> None:
    message = refused("model/estimator", {"regression": {"alpha": 1}})
    assert "The estimator of 'ridge' for regression has no _target_" in message
    assert "_target_: sklearn.linear_model.Ridge" in message


def test_a_model_takes_the_kinds_of_feature_that_it_names() -> None:
    message = refused("model/inputs", ["number", "integer"])
    assert "'ridge' takes no category, and 'cut' is one" in message
    assert "number, integer" in message
    assert "model.drop=[cut]" in message


def test_a_feature_that_the_model_does_not_take_can_be_dropped() -> None:
    values = changed("model/inputs", ["number"])
    values["model"]["drop"] = ["cut"]
    assert configuration.build(values).model.drop == ["cut"]


def test_a_model_keeps_a_feature() -> None:
    assert "'ridge' drops every feature" in refused("model/drop", ["cut", "heavy", "carat"])
    assert configuration.build(changed("model/drop", ["cut", "carat"])).model.drop == [
        "cut",
        "carat",
    ]


def test_word_groups_go_from_low_to_high() -> None:
    message = refused("model/encoding/text/ngrams", [3, 2])
    assert "from low to high" in message
    assert "[3, 2]" in message
    configuration.build(changed("model/encoding/text/ngrams", [2, 2]))


@pytest.mark.parametrize(
    "target", [{}, {"min": 0}, {"above": -1}, {"max": 9}, {"min": -5, "max": 9}, {"below": 3}]
)
def test_the_logarithm_needs_a_positive_target(target: dict[str, float]) -> None:
    values = changed("model/target_transform", "log")
    values["dataset"]["target"] = {"name": "price", **target}
    with pytest.raises(UserError) as caught:
        configuration.build(values)
    assert "'price' may be zero or less" in str(caught.value)
    assert "add above: 0" in str(caught.value)


@pytest.mark.parametrize(
    "target", [{"above": 0}, {"above": 3}, {"min": 1}, {"above": -1, "min": 1}]
)
def test_a_positive_target_can_be_transformed(target: dict[str, float]) -> None:
    values = changed("model/target_transform", "log")
    values["dataset"]["target"] = {"name": "price", **target}
    assert configuration.build(values).model.target_transform == "log"


def test_only_a_regressions_target_can_be_transformed() -> None:
    values = changed("model/target_transform", "log")
    values["dataset"].update(task="binary", metric="f1", gate={})
    values["model"]["estimator"] = {"binary": {"_target_": "a.B"}}
    with pytest.raises(UserError, match="Only a regression's target") as caught:
        configuration.build(values)
    assert "model.target_transform=none" in str(caught.value)


@pytest.mark.parametrize(
    "space",
    [
        {},
        {"low": 1},
        {"high": 1},
        {"low": 1, "high": 1},
        {"low": 2, "high": 1},
        {"log": True},
    ],
)
def test_a_space_has_choices_or_a_low_and_a_higher_end(space: dict[str, Any]) -> None:
    message = refused("model/space/params.alpha", space)
    assert "The space of 'params.alpha' is not valid" in message
    assert "low below high" in message
    assert "choices" in message


@pytest.mark.parametrize("low", [0, -1])
def test_a_logarithmic_space_starts_above_zero(low: int) -> None:
    message = refused("model/space/params.alpha", {"low": low, "high": 1, "log": True})
    assert "'params.alpha' is logarithmic and must start above 0" in message


def test_a_space_needs_a_choice() -> None:
    assert "'model.space.params.alpha.choices'" in refused(
        "model/space/params.alpha", {"choices": []}
    )


@pytest.mark.parametrize(
    ("key", "space"),
    [
        ("encoding.numbers", {"choices": ["keep", "standrd"]}),
        ("average", {"low": 0, "high": 3}),
        ("average", {"choices": [1, 2.5]}),
        ("encoding.text.min_df", {"low": 1, "high": 2.5}),
    ],
)
def test_every_value_of_a_space_must_fit_its_key(key: str, space: dict[str, Any]) -> None:
    assert f"'model.{key}' is not valid" in refused(f"model/space/{key}", space)


@pytest.mark.parametrize("key", ["parms.alpha", "encoding.txt.min_df", "params.alpha.beta"])
def test_a_space_of_no_key_is_refused(key: str) -> None:
    message = refused(f"model/space/{key}", {"low": 1, "high": 2})
    assert f"'{key}'" in message
    assert "allowed: " in message


def test_a_space_may_name_a_parameter_that_has_no_value_yet() -> None:
    configuration.build(changed("model/space/params.tol", {"choices": [None, 0.1]}))


def test_a_model_can_be_given_other_values() -> None:
    model = configuration.build(VALUES).model
    other = configuration.with_values(
        model, {"params.alpha": 3, "encoding.numbers": "keep", "average": 2}
    )
    assert other.params == {"alpha": 3}
    assert other.encoding.numbers == "keep"
    assert other.average == 2
    assert model.params == {"alpha": 1.0}
    assert configuration.with_values(model, {}) == model


def test_other_values_are_checked() -> None:
    model = configuration.build(VALUES).model
    with pytest.raises(UserError, match="keep, standard"):
        configuration.with_values(model, {"encoding.numbers": "kep"})
    with pytest.raises(UserError) as caught:
        configuration.with_values(model, {"encodin.numbers": "keep"})
    assert "'encodin'" in str(caught.value)
    assert "did you mean 'encoding'?" in str(caught.value)


def test_choices_are_the_names_of_the_files(project: Path) -> None:
    assert "stones" in configuration.choices("dataset")
    assert configuration.choices("search") == ["none", "optuna"]
    assert configuration.choices("model") == sorted(configuration.choices("model"))
    assert configuration.choices("nothing") == []


def test_params_are_read_and_checked(project: Path) -> None:
    Path("params.yaml").write_text(
        "{dataset: a, model: b, search: c, seed: 1, folds: 3, datasets: [a],"
        " runs: {a-b: {dataset: a, model: b, plot: scatter}}}"
    )
    params = configuration.read_params()
    assert (params.dataset, params.seed) == ("a", 1)
    assert params.runs["a-b"] == configuration.Pair(
        dataset="a", model="b", plot="scatter", search="none"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed: 1", "Unknown key 'params.yaml.sed'"),
        ("seed: 1", "is missing"),
        ("", "params.yaml is empty"),
        ("[", "params.yaml is not valid YAML"),
        ("a: \xe9", "params.yaml is not valid YAML"),
    ],
)
def test_faults_of_params_are_told(project: Path, text: str, words: str) -> None:
    Path("params.yaml").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=words):
        configuration.read_params()


def test_a_plot_that_is_none_lists_the_plots(project: Path) -> None:
    Path("params.yaml").write_text(
        "{dataset: a, model: b, search: c, seed: 1, folds: 3, datasets: [a],"
        " runs: {a-b: {dataset: a, model: b, plot: scater}}}"
    )
    with pytest.raises(UserError) as caught:
        configuration.read_params()
    assert "plot' is not valid" in str(caught.value)
    assert "'scater'" in str(caught.value)
    assert "did you mean 'scatter'?" in str(caught.value)


def test_a_file_is_read_anew_when_its_text_is_another(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: [1]")
    configuration.read_yaml(path)["a"].append(2)  # by somebody who may change what they got
    assert configuration.read_yaml(path) == {"a": [1]}
    path.write_text("a: [3]")
    assert configuration.read_yaml(path) == {"a": [3]}


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml does not exist"):
        configuration.read_yaml(tmp_path / "none.yaml")


def test_the_root_is_where_conf_and_params_are(project: Path) -> None:
    configuration.find_root()


@pytest.mark.parametrize("absent", ["conf", "params.yaml"])
def test_elsewhere_the_folder_is_told_with_what_to_do(project: Path, absent: str) -> None:
    Path(absent).rename("elsewhere")
    with pytest.raises(UserError) as caught:
        configuration.find_root()
    assert "not the root of a project" in str(caught.value)
    assert str(project) in str(caught.value)
    assert "cd to the folder that holds conf/ and params.yaml" in str(caught.value)


def test_a_configuration_is_told_flat_by_its_whole_keys() -> None:
    values = {"seed": 1, "split": {"kind": "stable", "by": {"share": 0.2}}, "drop": ["a"], "x": {}}
    assert dict(configuration.flat(values)) == {
        "seed": 1,
        "split.kind": "stable",
        "split.by.share": 0.2,
        "drop": ["a"],
    }
