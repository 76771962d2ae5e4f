"""Read a fitted estimator's numbers: what makes its scores, and the link from scores to answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src.learning.calibration import Recalibrated
from src.learning.recipe import Fitted

OBJECTIVES = {
    "reg:squarederror": "identity",
    "binary:logistic": "sigmoid",
    "multi:softprob": "softmax",
}


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
    is_boosted = kind.startswith("xgboost.")
    scores = _trees(members) if is_boosted else _linear(kind, members)
    if scores is not None and fitted.log_target:
        scores.spec["link"] = "exp"
    if scores is not None and straight:
        if scores.spec["link"] != "sigmoid":
            return None
        scores.spec["straightened"] = [[member.slope_, member.shift_] for member in straight]
    return scores


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


def _trees(members: list[Any]) -> Scores | None:
    """Join the members' trees, each with the score that it adds to."""
    boosters: dict[str, bytes] = {}
    parts: list[dict[str, np.ndarray]] = []
    bases: list[np.ndarray] = []
    link = ""
    for number, member in enumerate(members):
        booster = member.get_booster()
        learner = json.loads(booster.save_raw("json"))["learner"]
        model = learner["gradient_booster"].get("model", {})
        link = OBJECTIVES.get(learner["objective"]["name"], "")
        # Stopped early, a member answers with fewer trees than it has.
        if not (link and _is_plain(learner, model)) or "best_iteration" in learner["attributes"]:
            return None
        boosters[f"member{number}.ubj"] = bytes(booster.save_raw("ubj"))
        base = _base(learner, link)
        first = 0 if link == "identity" else number * len(base)
        parts += [
            _tree(tree, first + group)
            for tree, group in zip(model["trees"], model["tree_info"], strict=True)
        ]
        bases.append(base)
    if not parts:
        return None
    # Values are averaged before the link, probabilities behind it.
    members_kept = 1 if link == "identity" else len(members)
    base = np.mean(bases, axis=0) if link == "identity" else np.hstack(bases)
    spec = {"kind": "trees", "link": link, "members": members_kept, "boosters": list(boosters)}
    return Scores(spec, {"base": base, **_joined(parts)}, boosters)


def _is_plain(learner: dict[str, Any], model: dict[str, Any]) -> bool:
    """Tell whether the trees have numeric splits only and are simply added up."""
    is_tree = learner["gradient_booster"]["name"] == "gbtree"
    return is_tree and all(
        int(tree["tree_param"].get("size_leaf_vector", 1)) <= 1 and not any(tree["split_type"])
        for tree in model["trees"]
    )


def _base(learner: dict[str, Any], link: str) -> np.ndarray:
    """Return the base score, which XGBoost writes as a probability for two classes."""
    text = learner["learner_model_param"]["base_score"]
    base = np.array([float(value) for value in text.strip("[]").split(",")])
    number = int(learner["learner_model_param"]["num_class"])
    base = np.broadcast_to(base, (max(number, 1),))
    return np.log(base / (1 - base)) if link == "sigmoid" else np.array(base)


def _tree(tree: dict[str, Any], score: int) -> dict[str, np.ndarray]:
    left = np.array(tree["left_children"], dtype=np.int32)
    return {
        "left": left,
        "right": np.array(tree["right_children"], dtype=np.int32),
        "column": np.array(tree["split_indices"], dtype=np.int32),
        "value": np.array(tree["split_conditions"], dtype=np.float32),  # threshold, or of a leaf
        "goes_left": np.array(tree["default_left"], dtype=bool),
        "cover": np.array(tree["sum_hessian"], dtype=np.float32),
        "score": np.array([score], dtype=np.int32),
    }


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Concatenate trees; nodes are numbered across all of them, and -1 is no child."""
    sizes = np.array([len(part["left"]) for part in parts])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    shift = np.repeat(roots, sizes)
    for side in ("left", "right"):
        joined[side] = np.where(joined[side] < 0, -1, joined[side] + shift).astype(np.int32)
    return {**joined, "roots": roots}
