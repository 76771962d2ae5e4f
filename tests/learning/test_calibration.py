from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from src.evaluation.judged import Judged
from src.learning.calibration import calibrated, is_bent, recalibrated, sigmoid, straightened
from src.learning.sampling import Sampling


def blobs(rows: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw classes that overlap."""
    rng = np.random.default_rng(seed)
    target = np.arange(rows) % classes
    angle = 2 * np.pi * target / classes
    centers = np.column_stack([np.cos(angle), np.sin(angle)])
    return 1.2 * centers + rng.normal(0, 1, (rows, 2)), target


def uncalibrated(scores: np.ndarray) -> np.ndarray:
    if scores.ndim == 1:
        return np.column_stack([1 - expit(scores), expit(scores)])
    return softmax(scores, axis=1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("estimator", [LinearSVC(random_state=0), RidgeClassifier()])
def test_probabilities_are_nearer_to_the_truth_than_scores(estimator, classes: int) -> None:
    matrix, target = blobs(300, classes, 0)
    fresh, truth = blobs(600, classes, 1)
    scores = estimator.fit(matrix, target).decision_function(fresh)
    alone = scores.argmax(axis=1) if classes > 2 else (scores > 0).astype(int)
    output = calibrated(estimator, target, Sampling()).fit(matrix, target).predict_proba(fresh)
    assert log_loss(truth, output) < 0.97 * log_loss(truth, uncalibrated(scores))
    assert (output.argmax(axis=1) == alone).mean() > 0.95
    assert_allclose(output.sum(axis=1), 1)


def test_rows_keep_the_order_of_their_scores() -> None:
    matrix, target = blobs(60, 2, 0)
    fresh, _ = blobs(100, 2, 1)
    scores = LinearSVC(random_state=0).fit(matrix, target).decision_function(fresh)
    output = (
        calibrated(LinearSVC(random_state=0), target, Sampling())
        .fit(matrix, target)
        .predict_proba(fresh)
    )
    assert_array_equal(output[:, 1].argsort(), scores.argsort())


def test_what_is_said_to_be_likely_happens_as_often() -> None:
    matrix, target = blobs(600, 2, 0)
    fresh, truth = blobs(2000, 2, 1)
    output = calibrated(LinearSVC(random_state=0), target, Sampling()).fit(matrix, target)
    likely = output.predict_proba(fresh)[:, 1]
    for low in (0.1, 0.3, 0.5, 0.7):
        among = (likely > low) & (likely < low + 0.2)
        assert truth[among].mean() == pytest.approx(likely[among].mean(), abs=0.12)


@pytest.mark.parametrize("rare", [1, 2, 3, 4])
def test_a_class_of_few_rows_is_enough(rare: int) -> None:
    matrix, _ = blobs(20, 2, 0)
    target = np.array([1] * rare + [0] * (20 - rare))
    matrix[:rare] += 3
    fitted = calibrated(LinearSVC(random_state=0), target, Sampling()).fit(matrix, target)
    assert np.isfinite(fitted.predict_proba(matrix)).all()


def test_the_same_rows_give_the_same_probabilities() -> None:
    matrix, target = blobs(60, 2, 0)
    one, other = (
        calibrated(LinearSVC(random_state=0), target, Sampling())
        .fit(matrix, target)
        .predict_proba(matrix)
        for _ in range(2)
    )
    assert_array_equal(one, other)


def rare(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw two classes that overlap, one row in ten of the second."""
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.1).astype(int)
    return rng.normal(0, 1, (rows, 2)) + 1.2 * target[:, None], target


BALANCED = LogisticRegression(class_weight="balanced")


@pytest.mark.parametrize(
    "estimator",
    [
        BALANCED,
        HistGradientBoostingClassifier(class_weight="balanced", max_iter=20, random_state=0),
        RandomForestClassifier(50, min_samples_leaf=20, class_weight="balanced", random_state=0),
    ],
)
def test_bent_probabilities_are_put_right_and_the_order_stays(estimator) -> None:
    matrix, target = rare(3000, 0)
    fresh, truth = rare(4000, 1)
    bent = clone(estimator).fit(matrix, target).predict_proba(fresh)
    made = recalibrated(clone(estimator), target, Sampling()).fit(matrix, target)
    output = made.predict_proba(fresh)
    entropy = log_loss(truth, np.full(len(truth), target.mean()))
    assert log_loss(truth, bent) > entropy > 1.2 * log_loss(truth, output)
    assert output[:, 1].mean() == pytest.approx(truth.mean(), abs=0.015)
    order = bent[:, 1].argsort(kind="stable")
    assert (np.diff(output[order, 1]) >= 0).all()
    assert_allclose(output.sum(axis=1), 1)
    assert made.folds == []  # a bundle would carry them
    assert made.predict(fresh).tolist() == output.argmax(axis=1).tolist()


def test_it_is_what_scikit_learn_calls_a_sigmoid() -> None:
    matrix, target = rare(600, 0)
    fresh, _ = rare(200, 1)
    made = recalibrated(BALANCED, target, Sampling()).fit(matrix, target)
    known = CalibratedClassifierCV(
        BALANCED, method="sigmoid", cv=StratifiedKFold(5), ensemble=False
    ).fit(matrix, target)
    assert_allclose(made.predict_proba(fresh), known.predict_proba(fresh), atol=1e-4)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (LogisticRegression(), False),
        (BALANCED, True),
        (LogisticRegression(class_weight={0: 1, 1: 9}), True),
        (LinearSVC(), False),
    ],
)
def test_what_counts_a_class_more_bends(estimator, expected: bool) -> None:
    assert is_bent(estimator) == expected


@pytest.mark.parametrize(
    ("weight", "expected"), [(None, False), (1, False), (1.0, False), (9, True)]
)
def test_so_does_xgboosts_weight_of_positives(weight: float | None, expected: bool) -> None:
    xgboost = pytest.importorskip("xgboost")
    assert is_bent(xgboost.XGBClassifier(scale_pos_weight=weight)) == expected


def test_a_sigmoid_finds_the_slope_and_shift_that_were_drawn() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(-2, 3, 200_000)
    target = (rng.random(len(scores)) < expit(0.5 * scores - 4)).astype(int)
    slope, shift = sigmoid(scores, target, None)
    assert (slope, shift) == (pytest.approx(0.5, abs=0.02), pytest.approx(-4, abs=0.05))
    counts = rng.integers(0, 3, len(scores))
    often = np.repeat(np.arange(len(scores)), counts)
    weighed, repeated = sigmoid(scores, target, counts), sigmoid(scores[often], target[often], None)
    assert weighed == pytest.approx(repeated, rel=1e-3)


@pytest.mark.parametrize("score", [0.0, 5.0, -1e9])
def test_equal_scores_get_the_share_of_the_class(score: float) -> None:
    target = np.array([1] * 25 + [0] * 75)
    slope, shift = sigmoid(np.full(100, score), target, None)
    assert expit(slope * score + shift) == pytest.approx(0.25, abs=0.01)


def test_classes_that_are_told_apart_entirely_stay_finite() -> None:
    target = np.array([0] * 50 + [1] * 50)
    output = np.where(target == 1, 1.0, 0.0)
    found = straightened(Judged(target, np.column_stack([1 - output, output])))
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1) == target).all()
