"""Probabilities for estimators that have none, or whose parameters bend them, by Platt scaling.

Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood
Methods", Advances in Large Margin Classifiers, MIT Press, 1999.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from src.evaluation.judged import Judged
from src.learning.sampling import Fold, Sampling

FOLDS = 5
# Parameters that make an estimator count one class more than the other, and their values that do
# not: its probabilities are then those of other rows, in which that class is more frequent.
BENDING: dict[str, tuple[Any, ...]] = {
    "class_weight": (None,),
    "scale_pos_weight": (None, 1),
    "is_unbalance": (None, False),
    "auto_class_weights": (None, "None"),
    "class_weights": (None,),
}
LEAST = 1e-15  # of a probability whose logit is taken
HARDLY = 1e6  # so hardly is a sigmoid held back from being steep


def calibrated(estimator: Any, target: np.ndarray, sampling: Sampling) -> Any:
    """Wrap a classifier so that Platt's sigmoid turns its scores into probabilities.

    The sigmoid is fitted on out-of-fold scores and the classifier once on all rows, so that the
    predicted classes hardly change. Rows of one group are on one side of its folds.
    """
    folds: Any = _folds(target, sampling)
    return CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, ensemble=False)


def is_bent(estimator: Any) -> bool:
    """Tell whether an estimator's parameters make it count one class more than another."""
    params = estimator.get_params()
    return any(
        name in params and not any(params[name] is one or params[name] == one for one in neutral)
        for name, neutral in BENDING.items()
    )


class Recalibrated(ClassifierMixin, BaseEstimator):
    """A classifier of two classes whose log-odds are put right on out-of-fold ones.

    They are stretched and shifted, so the order of the rows stays as the classifier has it.
    """

    def __init__(self, estimator: Any, folds: list[Fold]) -> None:
        self.estimator = estimator
        self.folds = folds

    def fit(self, matrix: Any, target: np.ndarray, sample_weight: Any = None) -> Recalibrated:
        """Fit once on all rows, and before on each of the folds for the sigmoid."""
        odds = np.zeros(len(target))
        for fit, judge in self.folds:
            part = _fitted(self.estimator, matrix, target, sample_weight, fit)
            odds[judge] = log_odds(part, matrix[judge])
        self.slope_, self.shift_ = sigmoid(odds, target, sample_weight)
        every = np.arange(len(target))
        self.estimator_ = _fitted(self.estimator, matrix, target, sample_weight, every)
        self.classes_ = self.estimator_.classes_
        self.folds = []  # a bundle keeps none of them
        return self

    def predict_proba(self, matrix: Any) -> np.ndarray:
        """Return probabilities of shape (rows, 2)."""
        odds = log_odds(self.estimator_, matrix)
        return _probabilities(self.slope_ * odds + self.shift_)

    def predict(self, matrix: Any) -> np.ndarray:
        """Return the likelier class of each row."""
        return np.asarray(self.classes_[self.predict_proba(matrix).argmax(axis=1)])


def recalibrated(estimator: Any, target: np.ndarray, sampling: Sampling) -> Recalibrated:
    """Wrap a classifier of two classes whose probabilities are bent."""
    folds = _folds(target, sampling)
    if isinstance(folds, StratifiedKFold):
        folds = list(folds.split(np.zeros(len(target)), target))
    return Recalibrated(estimator, folds)


def straightened(rows: Judged) -> np.ndarray:
    """Return the probabilities of two classes as the best sigmoid on these rows has them."""
    chances = np.clip(rows.output[:, 1], LEAST, 1 - LEAST)
    odds = np.log(chances) - np.log1p(-chances)
    slope, shift = sigmoid(odds, rows.truth, rows.weights)
    return _probabilities(slope * odds + shift)


def log_odds(estimator: Any, matrix: Any) -> np.ndarray:
    """Return the log-odds of the second class, as exactly as the estimator tells them."""
    if hasattr(estimator, "decision_function"):
        return np.asarray(estimator.decision_function(matrix), dtype=np.float64)
    if "output_margin" in inspect.signature(estimator.predict).parameters:
        return np.asarray(estimator.predict(matrix, output_margin=True), dtype=np.float64)
    chances = np.asarray(estimator.predict_proba(matrix), dtype=np.float64)[:, 1]
    chances = np.clip(chances, LEAST, 1 - LEAST)
    return np.log(chances) - np.log1p(-chances)


def sigmoid(scores: np.ndarray, target: np.ndarray, weights: Any) -> tuple[float, float]:
    """Fit probability = 1 / (1 + exp(-(slope * score + shift))) as Platt did; return both.

    Each row is a little of the other class as well, lest few rows make it too sure.
    """
    is_positive = target == 1
    positives = int(is_positive.sum())
    others = len(target) - positives
    share = np.where(is_positive, (positives + 1) / (positives + 2), 1 / (others + 2))
    counts = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=np.float64)
    middle, size = float(np.mean(scores)), float(np.std(scores))
    if size < LEAST:  # nothing to stretch
        likely = float(np.average(share, weights=counts))
        return 1.0, float(np.log(likely / (1 - likely))) - middle
    once = (scores - middle) / size
    # Few positives among many rows leave a gradient that the usual tolerance takes for none.
    model = LogisticRegression(C=HARDLY, solver="newton-cholesky", tol=1e-8).fit(
        np.concatenate([once, once])[:, None],
        np.repeat([1, 0], len(target)),
        sample_weight=np.concatenate([counts * share, counts * (1 - share)]),
    )
    slope = float(model.coef_[0, 0]) / size
    return slope, float(model.intercept_[0]) - slope * middle


def _folds(target: np.ndarray, sampling: Sampling) -> list[Fold] | StratifiedKFold:
    """Return the folds that calibrate, or what makes them."""
    rarest = int(np.bincount(target).min())
    if rarest < 2:
        # A class of one row cannot be on both sides; its scores are those of the fit itself.
        every = np.arange(len(target))
        return [(every, every)]
    count = min(FOLDS, rarest)
    if not sampling.is_plain:
        return sampling.partition("multiclass", target, count, seed=0)
    return StratifiedKFold(count)


def _fitted(estimator: Any, matrix: Any, target: np.ndarray, weights: Any, at: np.ndarray) -> Any:
    weighed = {} if weights is None else {"sample_weight": np.asarray(weights)[at]}
    return clone(estimator).fit(matrix[at], target[at], **weighed)


def _probabilities(odds: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(odds))
    likely = np.where(odds >= 0, 1.0, small) / (1.0 + small)
    return np.column_stack([1.0 - likely, likely])
