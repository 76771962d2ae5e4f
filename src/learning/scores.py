"""Read a fitted estimator's numbers: what makes its scores, and the link from scores to answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src.learning.calibration import Recalibrated
from src.learning.recipe import Fitted
from src.learning.tree_readers import (
    catboost_trees,
    hist_gradient_trees,
    lightgbm_trees,
    xgboost_trees,
)
from src.learning.tree_readers.grown import Grown, joined


@dataclass(frozen=True)
class Scores:
    """The numbers that make scores of encoded rows.

    `spec` names the kind (trees or linear), the link and the number of members.
    """

    spec: dict[str, Any]
    arrays: dict[str, np.ndarray]
    boosters: dict[str, bytes] = field(default_factory=dict)
    uses_columns: bool = True


@dataclass(frozen=True)
class _Linear:
    """Coefficients of shape (columns, scores), biases of shape (scores,), and the link."""

    weights: np.ndarray
    bias: np.ndarray
    link: str


def read(fitted: Fitted) -> Scores | None:
    """Read the members; None if their estimator is not supported here."""
    straight = [member for member in fitted.members if isinstance(member, Recalibrated)]
    members = [member.estimator_ for member in straight] or fitted.members
    kinds = {f"{type(member).__module__}.{type(member).__name__}" for member in members}
    (kind,) = kinds if len(kinds) == 1 else ("",)
    expected = None if fitted.classes is None else list(range(len(fitted.classes)))
    for member in members:
        if expected is not None and list(member.classes_) != expected:
            return None  # a class without a training row has no score
    reader = TREES.get(kind.partition(".")[0]) or TREES.get(kind)
    scores = _linear(kind, members) if reader is None else _trees(members, reader)
    if scores is not None and fitted.log_target:
        scores.spec["link"] = "exp"
    if scores is not None and straight:
        if scores.spec["link"] != "sigmoid":
            return None
        scores.spec["straightened"] = [[member.slope_, member.shift_] for member in straight]
    return scores


def is_constant(fitted: Fitted) -> bool:
    """Tell whether all records get the same answer, whatever they say."""
    if any(type(member).__name__ not in CONSTANT for member in fitted.members):
        return False
    scores = read(fitted)
    return scores is not None and not scores.uses_columns


def _linear(kind: str, members: list[Any]) -> Scores | None:
    reader = READERS.get(kind.rpartition(".")[2]) if kind.startswith("sklearn.") else None
    parts = [part for member in members if reader and (part := reader(member)) is not None]
    if not parts or len(parts) < len(members):
        return None
    link = parts[0].link
    spec = {"kind": "linear", "link": link, "members": len(parts)}
    weights, bias = [part.weights for part in parts], [part.bias for part in parts]
    if link == "identity":  # values are averaged, so are coefficients
        spec["members"] = 1
        arrays = {"weights": np.mean(weights, axis=0), "bias": np.mean(bias, axis=0)}
    else:
        arrays = {"weights": np.hstack(weights), "bias": np.hstack(bias)}
    return Scores(spec, arrays, uses_columns=arrays["weights"].shape[0] > 0)


def _regression(member: Any) -> _Linear | None:
    weights = np.atleast_2d(np.asarray(member.coef_, dtype=np.float64))
    return _Linear(weights.T, np.atleast_1d(np.float64(member.intercept_)), "identity")


def _logistic(member: Any) -> _Linear | None:
    link = "sigmoid" if len(member.classes_) == 2 else "softmax"
    return _Linear(member.coef_.T, np.atleast_1d(member.intercept_), link)


def _calibrated(member: Any) -> _Linear | None:
    """Fold Platt's sigmoid 1 / (1 + exp(a * score + b)) into a machine's coefficients."""
    inner = member.calibrated_classifiers_[0]
    if len(member.calibrated_classifiers_) > 1 or type(inner.estimator).__name__ != "LinearSVC":
        return None
    if inner.method != "sigmoid":
        return None
    slope = np.array([calibrator.a_ for calibrator in inner.calibrators])
    shift = np.array([calibrator.b_ for calibrator in inner.calibrators])
    machine = inner.estimator
    intercept = np.broadcast_to(machine.intercept_, slope.shape)
    link = "sigmoid" if len(member.classes_) == 2 else "sigmoids"
    return _Linear(machine.coef_.T * -slope, -(slope * intercept + shift), link)


def _naive_bayes(member: Any) -> _Linear | None:
    return _Linear(member.feature_log_prob_.T, member.class_log_prior_, "softmax")


def _dummy_value(member: Any) -> _Linear | None:
    return _Linear(np.empty((0, 1)), np.float64(member.constant_).ravel(), "identity")


def _dummy_class(member: Any) -> _Linear | None:
    if member.strategy not in ("prior", "most_frequent", "constant", "uniform"):
        return None  # it draws lots
    chances = member.predict_proba(np.zeros((1, 1)))[0]
    return _Linear(np.empty((0, len(chances))), chances, "probabilities")


READERS: dict[str, Callable[[Any], _Linear | None]] = {
    **dict.fromkeys(("LinearRegression", "Ridge", "Lasso", "ElasticNet"), _regression),
    "LogisticRegression": _logistic,
    "CalibratedClassifierCV": _calibrated,
    "MultinomialNB": _naive_bayes,
    "DummyRegressor": _dummy_value,
    "DummyClassifier": _dummy_class,
}
CONSTANT = ("DummyRegressor", "DummyClassifier")


def _trees(members: list[Any], reader: Callable[[Any], Grown | None]) -> Scores | None:
    """Join the members' trees, each with the score that it adds to."""
    parts = [part for member in members if (part := reader(member)) is not None]
    if len(parts) < len(members) or not any(part.trees for part in parts):
        return None
    boosters = {
        f"member{number}.ubj": part.library
        for number, part in enumerate(parts)
        if part.library is not None
    }
    is_value = parts[0].link == "identity"
    spec = {
        "kind": "trees",
        "link": parts[0].link,
        "members": 1 if is_value else len(parts),
        "averaged": len(parts) if is_value else 1,
        "absent": parts[0].absent,
        "boosters": list(boosters),
    }
    return Scores(spec, joined(parts), boosters)


# By library, or by class where others of the library are no trees.
_HISTOGRAMS = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoosting"
TREES: dict[str, Callable[[Any], Grown | None]] = {
    "catboost": catboost_trees.read,
    "lightgbm": lightgbm_trees.read,
    "xgboost": xgboost_trees.read,
    f"{_HISTOGRAMS}Classifier": hist_gradient_trees.read,
    f"{_HISTOGRAMS}Regressor": hist_gradient_trees.read,
}
