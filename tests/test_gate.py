from __future__ import annotations

import math

import pytest

from src.data.schema import Gate
from src.gate import failures


def test_no_gates_is_a_pass() -> None:
    assert failures({"mae": 1e9}, {}) == []


@pytest.mark.parametrize(
    ("gate", "value", "said"),
    [
        (Gate(min=0.9), 0.91, []),
        (Gate(min=0.9), 0.9, []),
        (Gate(min=0.9), 0.89, ["r2 0.89 is below 0.9"]),
        (Gate(max=300), 299.0, []),
        (Gate(max=300), 300.0, []),
        (Gate(max=300), 301.5, ["r2 301.5 is above 300"]),
        (Gate(min=0), -0.1, ["r2 -0.1 is below 0"]),
        (Gate(max=0), 0.1, ["r2 0.1 is above 0"]),
        (Gate(min=1, max=2), 1.5, []),
        (Gate(min=1, max=2), 0.5, ["r2 0.5 is below 1"]),
        (Gate(min=1, max=2), 2.5, ["r2 2.5 is above 2"]),
    ],
)
def test_a_limit_may_be_reached_but_not_passed(gate: Gate, value: float, said: list[str]) -> None:
    assert failures({"r2": value}, {"r2": gate}) == said


def test_every_missed_limit_is_told_in_the_order_of_the_gates() -> None:
    gates = {"f1": Gate(min=0.8), "log_loss": Gate(max=0.5), "accuracy": Gate(min=0.5)}
    measured = {"accuracy": 0.6, "log_loss": 0.7, "f1": 0.1}
    assert failures(measured, gates) == ["f1 0.1 is below 0.8", "log_loss 0.7 is above 0.5"]


@pytest.mark.parametrize("measured", [{"roc_auc": None}, {}])
def test_a_metric_that_is_not_defined_fails(measured: dict[str, float | None]) -> None:
    said = failures(measured, {"roc_auc": Gate(max=1)})
    assert said == ["roc_auc is not defined on the held-out rows"]


def test_a_metric_that_is_not_a_number_fails() -> None:
    assert failures({"r2": math.nan}, {"r2": Gate(min=0.9)})
