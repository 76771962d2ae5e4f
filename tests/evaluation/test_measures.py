from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from src.evaluation import measures
from src.evaluation.decision import Decision
from src.evaluation.metrics import BY_TASK, OF_ANSWERED
from src.support.errors import UserError

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
    found = measures.evaluate("regression", truth, predicted)
    assert found == {
        "r2": pytest.approx(1 - 5 / (14 / 3), rel=1e-5),
        "mae": 1.0,
        "rmse": pytest.approx(math.sqrt(5 / 3), rel=1e-5),
        "mape": pytest.approx(1 / 3, rel=1e-5),
    }


def test_two_classes_by_hand() -> None:
    # Predicted 0 1 0 1 0: one of two called positive is, one of two positives is found.
    found = measures.evaluate("binary", TRUTH, OUTPUT)
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
    found = measures.evaluate("binary", truth, output)
    assert found["precision"] == 0.5
    assert found["recall"] == pytest.approx(1 / 3, rel=1e-5)
    assert found["f1"] == 0.4


def test_three_classes_by_hand() -> None:
    # Predicted 0 1 1 1 2 0, so that precision is 1/2, 2/3, 1 and recall 1/2, 1, 1/2.
    found = measures.evaluate("multiclass", THREE_TRUTH, THREE_OUTPUT)
    f1 = np.array([0.5, 0.8, 2 / 3])
    assert found["accuracy"] == pytest.approx(4 / 6, rel=1e-5)
    assert found["precision_macro"] == pytest.approx(13 / 18, rel=1e-5)
    assert found["recall_macro"] == pytest.approx(2 / 3, rel=1e-5)
    assert found["f1_macro"] == pytest.approx(f1.mean(), rel=1e-5)


def test_weighted_figures_count_classes_by_their_rows() -> None:
    truth = np.array([0, 0, 0, 1, 2])
    output = np.eye(3)[[0, 0, 1, 1, 0]]
    found = measures.evaluate("multiclass", truth, output)
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
    found = measures.evaluate("multiclass", truth, THREE_OUTPUT)
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
    found = measures.evaluate(task, truth, output)
    assert list(found) == BY_TASK[task]
    for name, value in found.items():
        assert type(value) is float, name
        assert measures.score(task, name, truth, output) == pytest.approx(value, rel=1e-5)


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
    found = measures.evaluate(task, truth, output)
    assert found.pop("roc_auc") is None
    assert all(np.isfinite(value) for value in found.values())
    assert found["log_loss"] == pytest.approx(
        -np.log(output[range(len(truth)), truth]).mean(), rel=1e-5
    )
    with pytest.raises(
        UserError, match=r"'roc_auc' is not defined .*: a class has no row"
    ) as caught:
        measures.score(task, "roc_auc", truth, output)
    assert "fewer folds" in str(caught.value)


def test_nothing_called_positive_has_no_precision() -> None:
    output = np.array([[0.9, 0.1], [0.8, 0.2]])
    found = measures.evaluate("binary", np.array([0, 1]), output)
    assert (found["precision"], found["recall"], found["f1"]) == (0.0, 0.0, 0.0)


def test_the_surprise_at_what_was_called_impossible_is_finite() -> None:
    found = measures.evaluate("binary", np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert found["log_loss"] is not None
    assert 10 < found["log_loss"] < 100


def test_an_error_is_no_share_of_a_truth_of_zero() -> None:
    truth, output = np.array([0.0, 2.0, 4.0]), np.array([1.0, 3.0, 4.0])
    found = measures.evaluate("regression", truth, output)
    assert (found["mape"], found["mae"]) == (None, 0.666667)
    assert measures.evaluate("regression", truth[1:], output[1:])["mape"] == 0.25
    with pytest.raises(UserError, match=r"'mape' is not defined .*: a true value is 0") as caught:
        measures.score("regression", "mape", truth, output)
    assert caught.value.choices == ["r2", "mae", "rmse"]


def test_one_row_has_errors_but_no_share_of_variance() -> None:
    found = measures.evaluate("regression", np.array([2.0]), np.array([3.0]))
    assert found == {"r2": None, "mae": 1.0, "rmse": 1.0, "mape": 0.5}
    with pytest.raises(UserError, match=r"'r2' is not defined .*: there is one row alone"):
        measures.score("regression", "r2", np.array([2.0]), np.array([3.0]))


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
    found = measures.rounded(value)
    assert found == expected
    assert type(found) in (float, type(None))


def test_metrics_are_rounded_and_a_single_score_is_not() -> None:
    truth, predicted = np.array([0.0, 3.0, 0.5]), np.array([1.0, 3.0, 0.5])
    assert measures.evaluate("regression", truth, predicted)["mae"] == 0.333333
    assert measures.score("regression", "mae", truth, predicted) == pytest.approx(1 / 3, rel=1e-9)


def test_confusion_counts_true_classes_in_rows_and_predicted_ones_in_columns() -> None:
    assert measures.confusion(TRUTH, OUTPUT) == [[2, 1], [1, 1]]
    assert measures.confusion(THREE_TRUTH, THREE_OUTPUT) == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_confusion_has_a_place_for_classes_without_rows() -> None:
    assert measures.confusion(np.array([1]), THREE_OUTPUT[:1]) == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
    ]


def test_figures_of_each_class() -> None:
    found = measures.per_class(THREE_TRUTH, THREE_OUTPUT, ["a", "b", "c"])
    assert found == {
        "a": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "rows": 2},
        "b": {"precision": 0.666667, "recall": 1.0, "f1": 0.8, "rows": 2},
        "c": {"precision": 1.0, "recall": 0.5, "f1": 0.666667, "rows": 2},
    }


def test_figures_of_a_class_without_rows_are_zero() -> None:
    found = measures.per_class(np.array([0]), THREE_OUTPUT[:1], ["a", "b", "c"])
    assert found["a"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "rows": 1}
    assert found["b"] == found["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0}


def outputs(rows: int, count: int, kind: str, random: np.random.Generator) -> np.ndarray:
    """Make probabilities: all differ, many are equal, one for all, or certain."""
    found = random.dirichlet(np.ones(count), rows)
    if kind == "ties":
        found = np.round(found * 4) + 0.25
        found /= found.sum(axis=1, keepdims=True)
    elif kind == "constant":
        found[:] = found[0]
    elif kind == "certain":
        found = np.eye(count)[random.integers(0, count, rows)]
    return found.astype(np.float32) if kind == "single precision" else found


KINDS = ("plain", "ties", "constant", "certain", "single precision")


def by_sklearn(name: str, truth: np.ndarray, output: np.ndarray) -> float | None:
    count = output.shape[1]
    if name == "log_loss":
        return float(sk.log_loss(truth, output, labels=list(range(count))))
    if name == "roc_auc":
        if len(np.unique(truth)) < count:
            return None
        scores = output[:, 1] if count == 2 else output
        return float(sk.roc_auc_score(truth, scores, multi_class="ovr"))
    if name == "accuracy":
        return float(sk.accuracy_score(truth, output.argmax(axis=1)))
    kind, _, average = name.partition("_")
    function = getattr(sk, f"{kind}_score")
    called = output.argmax(axis=1)
    return float(function(truth, called, average=average or "binary", zero_division=0.0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 2, 7, 300])
@pytest.mark.parametrize("count", [2, 3, 6])
def test_each_figure_of_classes_is_what_scikit_learn_gives(
    count: int, rows: int, kind: str
) -> None:
    random = np.random.default_rng(rows * count)
    task = "binary" if count == 2 else "multiclass"
    for _ in range(5):
        # Few rows lack classes, among the truths or among the answers.
        truth, output = random.integers(0, count, rows), outputs(rows, count, kind, random)
        found = measures.measure(task, truth, output, BY_TASK[task])
        for name in BY_TASK[task]:
            expected = by_sklearn(name, truth, output)
            if expected is not None:
                expected = pytest.approx(expected, rel=1e-6, abs=1e-12)
            assert found[name] == expected, name


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("called", [[0, 1, 1], [1, 0, 0]], ids=["right", "wrong"])
def test_no_surprise_is_nothing_and_none_is_endless(called: list[int], dtype: type) -> None:
    truth, output = np.array([0, 1, 1]), np.eye(2, dtype=dtype)[called]
    found = measures.score("binary", "log_loss", truth, output)
    assert found == pytest.approx(by_sklearn("log_loss", truth, output), rel=1e-6, abs=0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("digits", [None, 0])  # whole numbers have zeros among them
@pytest.mark.parametrize("rows", [2, 7, 300])
def test_each_figure_of_a_regression_is_what_scikit_learn_gives(
    rows: int, digits: int | None, dtype: type
) -> None:
    random = np.random.default_rng(rows)
    truth = random.normal(0, 3, rows)
    truth = truth if digits is None else np.round(truth, digits)
    constant = np.full(rows, 2.0)
    pairs = [
        (truth, (truth + random.normal(size=rows)).astype(dtype)),
        (truth, np.full(rows, 1, dtype)),
        (truth, truth),
        (constant, constant),
        (constant, truth.astype(dtype)),
    ]
    for actual, predicted in pairs:
        expected = {
            "r2": sk.r2_score(actual, predicted),
            "mae": sk.mean_absolute_error(actual, predicted),
            "rmse": sk.root_mean_squared_error(actual, predicted),
            "mape": sk.mean_absolute_percentage_error(actual, predicted),
        }
        found = measures.measure("regression", actual, predicted, BY_TASK["regression"])
        if not actual.all():
            assert found.pop("mape") is None
            del expected["mape"]  # it is huge, and says nothing
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_counts_and_figures_of_each_class_are_what_scikit_learn_gives(kind: str) -> None:
    random = np.random.default_rng(3)
    for rows in (1, 4, 200):
        truth, output = random.integers(0, 4, rows), outputs(rows, 4, kind, random)
        called, labels = output.argmax(axis=1), [0, 1, 2, 3]
        table = sk.confusion_matrix(truth, called, labels=labels)
        assert measures.confusion(truth, output) == table.tolist()
        expected = sk.precision_recall_fscore_support(
            truth, called, labels=labels, zero_division=0.0
        )
        found = measures.per_class(truth, output, list("abcd"))
        for at, name in enumerate("abcd"):
            keys = [*measures.OF_A_CLASS, "rows"]
            assert found[name] == pytest.approx(
                {key: figure[at] for key, figure in zip(keys, expected, strict=True)}, rel=1e-5
            )


def test_answers_that_are_no_numbers_have_no_score() -> None:
    truth = np.array([1.0, 2.0, 3.0])
    for wrong in (np.nan, np.inf):
        with pytest.raises(UserError, match="neither is their 'mae'") as caught:
            measures.score("regression", "mae", truth, np.array([1.0, wrong, 3.0]))
        assert "parameters" in str(caught.value)


def test_measuring_does_without_the_libraries_that_are_slow_to_import(root: Path) -> None:
    slow = "{'sklearn', 'scipy', 'pandas'}"
    code = f"import sys, src.evaluation.bootstrap; print({slow} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_perfect_predictions_are_perfect() -> None:
    found = measures.evaluate("multiclass", THREE_TRUTH, np.eye(3)[THREE_TRUTH])
    assert_allclose(found.pop("log_loss"), 0, atol=1e-9)
    assert set(found.values()) == {1.0}


def weighted(name: str, truth: np.ndarray, output: np.ndarray, weights: np.ndarray) -> float:
    """Compute a metric of three classes, or of a regression, by scikit-learn."""
    chosen = output.argmax(axis=1) if output.ndim == 2 else output
    average = {"average": name.partition("_")[2], "zero_division": 0}
    functions = {
        "r2": lambda: sk.r2_score(truth, output, sample_weight=weights),
        "mae": lambda: sk.mean_absolute_error(truth, output, sample_weight=weights),
        "rmse": lambda: sk.root_mean_squared_error(truth, output, sample_weight=weights),
        "mape": lambda: sk.mean_absolute_percentage_error(truth, output, sample_weight=weights),
        "accuracy": lambda: sk.accuracy_score(truth, chosen, sample_weight=weights),
        "log_loss": lambda: sk.log_loss(truth, output, sample_weight=weights),
        "precision": lambda: sk.precision_score(truth, chosen, sample_weight=weights, **average),
        "recall": lambda: sk.recall_score(truth, chosen, sample_weight=weights, **average),
        "f1": lambda: sk.f1_score(truth, chosen, sample_weight=weights, **average),
    }
    if name == "roc_auc":  # scikit-learn weighs rows with two classes only
        return float(
            np.mean(
                [
                    sk.roc_auc_score(truth == at, output[:, at], sample_weight=weights)
                    for at in range(3)
                ]
            )
        )
    return float((functions.get(name) or functions[name.partition("_")[0]])())


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_weighted_figures_are_those_of_scikit_learn(task: str) -> None:
    rng = np.random.default_rng(5)
    weights = rng.integers(0, 4, 300) * rng.random(300)
    if task == "regression":
        truth = rng.uniform(1, 9, 300)
        output = truth + rng.normal(0, 1, 300)
    else:
        truth = rng.integers(0, 3, 300)
        # Of few values, so that many scores are equal.
        output = rng.integers(1, 5, (300, 3)) + 3.0 * np.eye(3)[truth]
        output /= output.sum(axis=1, keepdims=True)
    found = measures.measure(task, truth, output, BY_TASK[task], weights)
    for name, value in found.items():
        assert value == pytest.approx(weighted(name, truth, output, weights), rel=1e-9), name


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_row_that_counts_twice_is_two_rows(task: str) -> None:
    truth, output = TRUTH, OUTPUT
    if task == "regression":
        truth, output = TRUTH + 1.0, OUTPUT[:, 1]
    twice = np.repeat(np.arange(5), [1, 2, 1, 2, 0])
    found = measures.evaluate(task, truth, output, np.array([1.0, 2, 1, 2, 0]))
    assert found == measures.evaluate(task, truth[twice], output[twice])


def test_the_figures_of_a_class_are_weighted_and_its_rows_counted() -> None:
    found = measures.per_class(TRUTH, OUTPUT, ["no", "yes"], np.array([1.0, 0, 1, 1, 3]))
    assert found["yes"] == {"precision": 1.0, "recall": 0.25, "f1": 0.4, "rows": 2}


def drawn_chances(count: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the truth, probabilities of two classes and weights."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(count) < 0.2).astype(int)
    likely = np.clip(0.15 + 0.3 * truth + draw.normal(0, 0.15, count), 0, 1).round(2)
    return truth, np.column_stack([1 - likely, likely]), draw.uniform(0, 3, count).round(2)


@pytest.mark.parametrize("threshold", [0.0, 0.13, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_classes_by_a_threshold_are_judged_as_scikit_learn_does(
    threshold: float, is_weighted: bool
) -> None:
    truth, output, counts = drawn_chances()
    weights = counts if is_weighted else None
    called = (output[:, 1] >= threshold).astype(int)
    made = Decision(threshold)
    found = measures.measure("binary", truth, output, BY_TASK["binary"], weights, made)
    known = {
        "accuracy": sk.accuracy_score(truth, called, sample_weight=weights),
        **{
            name: getattr(sk, f"{name}_score")(
                truth, called, sample_weight=weights, zero_division=0
            )
            for name in ("precision", "recall", "f1")
        },
        "roc_auc": sk.roc_auc_score(truth, output[:, 1], sample_weight=weights),
        "log_loss": sk.log_loss(truth, output, sample_weight=weights),
    }
    for name, value in known.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name
    table = sk.confusion_matrix(truth, called, labels=[0, 1]).tolist()
    assert measures.confusion(truth, output, made) == table
    by_class = measures.per_class(truth, output, ["no", "yes"], weights, made)
    assert by_class["yes"]["f1"] == pytest.approx(known["f1"], rel=1e-5)


def test_a_decision_adds_what_only_it_has() -> None:
    truth, output, _ = drawn_chances()
    made = Decision(0.3, band=(0.25, 0.45), costs=(1.0, 20.0))
    found = measures.evaluate("binary", truth, output, None, made)
    assert list(found) == [*BY_TASK["binary"], "cost", *OF_ANSWERED]
    likely = output[:, 1]
    called, left = likely >= 0.3, (likely > 0.25) & (likely < 0.45)
    costs = np.where(called & (truth == 0), 1, 0) + np.where(~called & (truth == 1), 20, 0)
    assert found["cost"] == pytest.approx(costs.mean(), rel=1e-5)
    assert found["abstained"] == pytest.approx(left.mean(), rel=1e-5)
    assert 0.05 < left.mean() < 0.95
    kept = ~left
    for name in ("accuracy", "precision", "recall", "f1"):
        of_kept = getattr(sk, f"{name}_score")(truth[kept], called[kept])
        assert found[f"{name}_answered"] == pytest.approx(of_kept, rel=1e-5)


def test_where_nothing_is_answered_it_has_no_figures() -> None:
    truth, output, _ = drawn_chances()
    made = Decision(0.5, band=(-0.1, 1.1))
    found = measures.evaluate("binary", truth, output, None, made)
    assert found["abstained"] == 1
    assert {found[f"{name}_answered"] for name in ("accuracy", "precision", "f1")} == {None}


def test_weights_count_in_what_a_decision_has() -> None:
    truth, output, _ = drawn_chances()
    counts = np.random.default_rng(0).integers(0, 3, len(truth))
    twice = np.repeat(np.arange(len(truth)), counts)
    made = Decision(0.3, band=(0.25, 0.45), costs=(1.0, 20.0))
    weighed = measures.of_decision(truth, output, counts.astype(float), made)
    alone = measures.of_decision(truth[twice], output[twice], None, made)
    for name, value in alone.items():
        assert weighed[name] == pytest.approx(value), name
