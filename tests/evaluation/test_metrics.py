from __future__ import annotations

import pytest

from src.evaluation.metrics import BY_TASK, METRICS, OF_ANSWERED, cost, shown, undefined


def test_every_metric_says_what_it_is_and_serves_a_task() -> None:
    for name, metric in METRICS.items():
        assert metric.about, name
        assert metric.tasks, name
        assert set(metric.tasks) <= set(BY_TASK), name


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("regression", "r2 mae rmse mape"),
        ("binary", "accuracy precision recall f1 roc_auc log_loss"),
        (
            "multiclass",
            "accuracy precision_macro recall_macro f1_macro"
            " precision_weighted recall_weighted f1_weighted roc_auc log_loss",
        ),
    ],
)
def test_each_task_lists_its_own_metrics(task: str, names: str) -> None:
    assert BY_TASK[task] == names.split()


@pytest.mark.parametrize("name", sorted(METRICS))
def test_errors_and_losses_cost_and_all_else_pays(name: str) -> None:
    values = [0.1, 0.9, 0.5]
    ranked = sorted(values, key=lambda value: cost(name, value))
    losses = ("mae", "rmse", "mape", "log_loss", "cost", "abstained")
    assert ranked == ([0.1, 0.5, 0.9] if name in losses else [0.9, 0.5, 0.1])


def test_tables_leave_out_the_details() -> None:
    assert shown(BY_TASK["multiclass"]) == [
        *("accuracy", "f1_macro", "f1_weighted", "roc_auc", "log_loss")
    ]
    assert shown(BY_TASK["regression"]) == BY_TASK["regression"]
    assert shown(name for name in BY_TASK["binary"]) == BY_TASK["binary"]
    assert shown(["mae", "accuracy"]) == ["mae", "accuracy"]


def test_what_is_not_defined_is_said_once_and_why() -> None:
    figures = [{"mae": 1.0, "mape": None}, {"mae": 2.0, "mape": None, "gone": None}]
    assert undefined(figures) == ["mape is not defined: a true value is 0"]
    assert undefined([{"mae": 1.0}]) == []


def test_figures_of_a_decision_are_none_of_its_task() -> None:
    of_decision = [name for name, metric in METRICS.items() if metric.is_of_decision]
    assert of_decision == ["cost", *OF_ANSWERED]
    assert not set(of_decision) & set(BY_TASK["binary"])
    assert shown(of_decision) == ["cost", "abstained"]
