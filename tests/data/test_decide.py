from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from src.data import schema_checks
from src.data.schema import Dataset
from src.support.errors import UserError

Make = Callable[..., Dataset]
BINARY = {"task": "binary", "target": {"name": "price"}, "metric": "accuracy"}


def refused(make: Callable[[], Dataset]) -> str:
    with pytest.raises(UserError) as caught:
        schema_checks.check(make())
    return str(caught.value)


@pytest.mark.parametrize(
    "rules",
    [
        {"decide": {"metric": "f1"}},
        {"decide": {"metric": "accuracy"}},
        {"decide": {"cost": {"false_positive": 1, "false_negative": 20}}},
        {"decide": {"min_precision": 0.9}},
        {"decide": {"min_recall": 1}},
        {"abstain": {"between": [0.4, 0.6]}},
        {"abstain": {"share": 0.1}},
        {"decide": {"metric": "f1"}, "abstain": {"min_accuracy": 0.95}},
        {"decide": {"metric": "f1"}, "abstain": {"min_f1": 0.8}},
    ],
)
def test_each_reason_is_taken(make_dataset: Make, rules: dict[str, Any]) -> None:
    schema_checks.check(make_dataset(**BINARY, **rules))


@pytest.mark.parametrize("rules", [{"decide": {"metric": "f1"}}, {"abstain": {"share": 0.1}}])
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_only_two_classes_have_a_threshold(
    make_dataset: Make, rules: dict[str, Any], task: str
) -> None:
    metric = {"regression": "mae", "multiclass": "accuracy"}[task]
    target = {"name": "price"}
    message = refused(lambda: make_dataset(task=task, metric=metric, target=target, **rules))
    (key,) = rules
    assert f"'{key}' of 'stones' needs a binary task" in message
    assert f"task: {task}" in message
    assert f"take {key} out" in message


@pytest.mark.parametrize("key", ["decide", "abstain"])
def test_there_is_exactly_one_reason(make_dataset: Make, key: str) -> None:
    two = {"decide": {"metric": "f1", "min_recall": 0.5}, "abstain": {"share": 0.1, "min_f1": 0.5}}
    for rule in ({}, two[key]):
        message = refused(lambda rule=rule: make_dataset(**BINARY, **{key: rule}))
        assert f"'{key}' of 'stones' needs exactly one reason" in message
        assert ", ".join(rule) or "none" in message


@pytest.mark.parametrize("name", ["f2", "roc_auc", "log_loss", "mae", ""])
def test_a_metric_that_no_threshold_is_chosen_by_lists_those_that_are(
    make_dataset: Make, name: str
) -> None:
    message = refused(lambda: make_dataset(**BINARY, decide={"metric": name}))
    assert "metric that a threshold is chosen by" in message
    assert "accuracy, f1" in message


@pytest.mark.parametrize(
    ("name", "fix"), [("precision", "min_recall"), ("recall", "min_precision")]
)
def test_a_metric_that_is_best_at_an_end_says_what_to_ask_for(
    make_dataset: Make, name: str, fix: str
) -> None:
    message = refused(lambda: make_dataset(**BINARY, decide={"metric": name}))
    assert f"The best {name} alone" in message
    assert f"{fix}: 0.9" in message


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["false_positive", "false_negative"])
def test_what_is_wrong_costs_something(make_dataset: Make, key: str, wrong: float) -> None:
    costs = {"false_positive": 1, "false_negative": 1, key: wrong}
    message = refused(lambda: make_dataset(**BINARY, decide={"cost": costs}))
    assert f"'decide.cost.{key}' must be a number above 0" in message


def test_nothing_costs_nothing(make_dataset: Make) -> None:
    none = {"false_positive": 0, "false_negative": 0}
    assert "must be a number above 0" in refused(
        lambda: make_dataset(**BINARY, decide={"cost": none})
    )


def test_a_cost_that_is_left_out_is_missed(make_dataset: Make) -> None:
    with pytest.raises(UserError, match="false_negative' is missing"):
        make_dataset(**BINARY, decide={"cost": {"false_positive": 1}})


@pytest.mark.parametrize("share", [0, 1.01])
@pytest.mark.parametrize("key", ["min_precision", "min_recall"])
def test_what_is_to_be_reached_is_a_share(make_dataset: Make, key: str, share: float) -> None:
    with pytest.raises(UserError, match=rf"dataset\.decide\.{key}"):
        make_dataset(**BINARY, decide={key: share})


@pytest.mark.parametrize("between", [[0.6, 0.4], [0.5, 0.5], [-0.1, 0.5], [0.5, 1.1]])
def test_the_ends_of_a_band_are_two_probabilities(make_dataset: Make, between: list[float]) -> None:
    message = refused(lambda: make_dataset(**BINARY, abstain={"between": between}))
    assert "must be two probabilities, the lower one first" in message


def test_a_gate_knows_the_figures_that_a_decision_has(make_dataset: Make) -> None:
    cost = {"cost": {"false_positive": 1, "false_negative": 20}}
    gate = {"cost": {"max": 0.3}, "abstained": {"max": 0.1}, "f1_answered": {"min": 0.8}}
    schema_checks.check(make_dataset(**BINARY, decide=cost, abstain={"share": 0.1}, gate=gate))
    for name, limits in gate.items():
        assert name in refused(
            lambda name=name, limits=limits: make_dataset(**BINARY, gate={name: limits})
        )
