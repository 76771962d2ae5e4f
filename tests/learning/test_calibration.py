from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.svm import LinearSVC

from src.learning.calibration import calibrated
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
