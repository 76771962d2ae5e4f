from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from src.errors import UserError
from src.learning import evaluation
from src.metrics import BY_TASK

TRUTH = np.array([0, 0, 0, 1, 1])
OUTPUT = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7], [0.55, 0.45]])
THREE_TRUTH = np.array([0, 0, 1, 1, 2, 2])
THREE_OUTPUT = np.array(
    [
        [0.7, 0.2, 0.1],
        [0.3, 0.5, 0.2],
        [0.1, 0.8, 0.1],
        [0.2, 0.6, 0.2],
        [0.1, 0.2, 0.7],
        [0.5, 0.1, 0.4],
    ]
)


def test_a_regression_by_hand() -> None:
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    found = evaluation.evaluate("regression", truth, predicted)
    assert found == {
        "r2": pytest.approx(1 - 5 / (14 / 3), rel=1e-5),
        "mae": 1.0,
        "rmse": pytest.approx(math.sqrt(5 / 3), rel=1e-5),
        "mape": pytest.approx(1 / 3, rel=1e-5),
    }


def test_two_classes_by_hand() -> None:
    # Predicted 0 1 0 1 0: one of two called positive is, one of two positives is found.
    found = evaluation.evaluate("binary", TRUTH, OUTPUT)
    surprise = -np.log([0.9, 0.4, 0.8, 0.7, 0.45]).mean()
    assert found == {
        "accuracy": 0.6,
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "roc_auc": pytest.approx(5 / 6, rel=1e-5),  # 5 of 6 pairs stand in the right order
        "log_loss": pytest.approx(surprise, rel=1e-5),
    }


def test_the_second_class_is_the_positive_one() -> None:
    truth = np.array([1, 1, 1, 0])
    output = np.array([[0.2, 0.8], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
    found = evaluation.evaluate("binary", truth, output)
    assert found["precision"] == 0.5
    assert found["recall"] == pytest.approx(1 / 3, rel=1e-5)
    assert found["f1"] == 0.4


def test_three_classes_by_hand() -> None:
    # Predicted 0 1 1 1 2 0, so that precision is 1/2, 2/3, 1 and recall 1/2, 1, 1/2.
    found = evaluation.evaluate("multiclass", THREE_TRUTH, THREE_OUTPUT)
    f1 = np.array([0.5, 0.8, 2 / 3])
    assert found["accuracy"] == pytest.approx(4 / 6, rel=1e-5)
    assert found["precision_macro"] == pytest.approx(13 / 18, rel=1e-5)
    assert found["recall_macro"] == pytest.approx(2 / 3, rel=1e-5)
    assert found["f1_macro"] == pytest.approx(f1.mean(), rel=1e-5)


def test_weighted_figures_count_classes_by_their_rows() -> None:
    truth = np.array([0, 0, 0, 1, 2])
    output = np.eye(3)[[0, 0, 1, 1, 0]]
    found = evaluation.evaluate("multiclass", truth, output)
    predicted = output.argmax(axis=1)
    for name, function in {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
    }.items():
        for average in ("macro", "weighted"):
            expected = function(truth, predicted, average=average, zero_division=0.0)
            assert found[f"{name}_{average}"] == pytest.approx(expected, rel=1e-5)
    assert found["recall_weighted"] == pytest.approx((3 * 2 / 3 + 1 * 1 + 1 * 0) / 5, rel=1e-5)
    assert found["recall_macro"] == pytest.approx((2 / 3 + 1 + 0) / 3, rel=1e-5)


def test_ranking_of_three_classes_is_the_mean_of_each_against_the_rest() -> None:
    truth = np.array([0, 0, 1, 1, 0, 2])
    found = evaluation.evaluate("multiclass", truth, THREE_OUTPUT)
    each = [sk.roc_auc_score(truth == at, THREE_OUTPUT[:, at]) for at in range(3)]
    assert len(set(each)) == 3
    assert found["roc_auc"] == pytest.approx(np.mean(each), rel=1e-5)
    surprise = -np.log(THREE_OUTPUT[range(6), truth]).mean()
    assert found["log_loss"] == pytest.approx(surprise, rel=1e-5)


@pytest.mark.parametrize("task", list(BY_TASK))
def test_every_metric_of_the_task_is_computed_in_its_order(task: str) -> None:
    truth, output = {
        "regression": (np.array([1.0, 2.0]), np.array([1.0, 2.5])),
        "binary": (TRUTH, OUTPUT),
        "multiclass": (THREE_TRUTH, THREE_OUTPUT),
    }[task]
    found = evaluation.evaluate(task, truth, output)
    assert list(found) == BY_TASK[task]
    for name, value in found.items():
        assert type(value) is float, name
        assert evaluation.score(task, name, truth, output) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    ("truth", "output"),
    [
        (np.array([0, 0, 0]), OUTPUT[:3]),
        (np.array([1, 1]), OUTPUT[:2]),
        (np.array([0, 1, 1]), THREE_OUTPUT[:3]),
        (np.array([2]), THREE_OUTPUT[:1]),
    ],
)
def test_ranking_is_not_defined_where_a_class_is_absent(
    truth: np.ndarray, output: np.ndarray
) -> None:
    task = "binary" if output.shape[1] == 2 else "multiclass"
    found = evaluation.evaluate(task, truth, output)
    assert found.pop("roc_auc") is None
    assert all(np.isfinite(value) for value in found.values())
    assert found["log_loss"] == pytest.approx(
        -np.log(output[range(len(truth)), truth]).mean(), rel=1e-5
    )
    with pytest.raises(UserError, match="'roc_auc' needs rows of every class") as caught:
        evaluation.score(task, "roc_auc", truth, output)
    assert "fewer folds" in str(caught.value)


def test_nothing_called_positive_has_no_precision() -> None:
    output = np.array([[0.9, 0.1], [0.8, 0.2]])
    found = evaluation.evaluate("binary", np.array([0, 1]), output)
    assert (found["precision"], found["recall"], found["f1"]) == (0.0, 0.0, 0.0)


def test_the_surprise_at_what_was_called_impossible_is_finite() -> None:
    found = evaluation.evaluate("binary", np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert found["log_loss"] is not None
    assert 10 < found["log_loss"] < 100


def test_one_row_has_errors_but_no_share_of_variance() -> None:
    found = evaluation.evaluate("regression", np.array([2.0]), np.array([3.0]))
    assert found == {"r2": None, "mae": 1.0, "rmse": 1.0, "mape": 0.5}
    with pytest.raises(UserError, match="'r2' needs two rows"):
        evaluation.score("regression", "r2", np.array([2.0]), np.array([3.0]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0.0, 0.0),
        (123.456789, 123.457),
        (1234567.8, 1234570.0),
        (-0.000123456789, -0.000123457),
        (np.float64(2 / 3), 0.666667),
    ],
)
def test_six_significant_digits_are_kept(value: float | None, expected: float | None) -> None:
    found = evaluation.rounded(value)
    assert found == expected
    assert type(found) in (float, type(None))


def test_metrics_are_rounded_and_a_single_score_is_not() -> None:
    truth, predicted = np.array([0.0, 3.0, 0.5]), np.array([1.0, 3.0, 0.5])
    assert evaluation.evaluate("regression", truth, predicted)["mae"] == 0.333333
    assert evaluation.score("regression", "mae", truth, predicted) == pytest.approx(1 / 3, rel=1e-9)


def test_confusion_counts_true_classes_in_rows_and_predicted_ones_in_columns() -> None:
    assert evaluation.confusion(TRUTH, OUTPUT) == [[2, 1], [1, 1]]
    assert evaluation.confusion(THREE_TRUTH, THREE_OUTPUT) == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_confusion_has_a_place_for_classes_without_rows() -> None:
    assert evaluation.confusion(np.array([1]), THREE_OUTPUT[:1]) == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
    ]


def test_figures_of_each_class() -> None:
    found = evaluation.per_class(THREE_TRUTH, THREE_OUTPUT, ["a", "b", "c"])
    assert found == {
        "a": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "rows": 2},
        "b": {"precision": 0.666667, "recall": 1.0, "f1": 0.8, "rows": 2},
        "c": {"precision": 1.0, "recall": 0.5, "f1": 0.666667, "rows": 2},
    }


def test_figures_of_a_class_without_rows_are_zero() -> None:
    found = evaluation.per_class(np.array([0]), THREE_OUTPUT[:1], ["a", "b", "c"])
    assert found["a"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "rows": 1}
    assert found["b"] == found["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0}


def test_perfect_predictions_are_perfect() -> None:
    found = evaluation.evaluate("multiclass", THREE_TRUTH, np.eye(3)[THREE_TRUTH])
    assert_allclose(found.pop("log_loss"), 0, atol=1e-9)
    assert set(found.values()) == {1.0}
