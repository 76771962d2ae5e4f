"""Read the trees of XGBoost's estimators, which compare in single precision."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from src.learning.tree_readers.grown import MISSING, Arrays, Grown, tree

OBJECTIVES = {
    "reg:squarederror": "identity",
    "binary:logistic": "sigmoid",
    "multi:softprob": "softmax",
}


def read(member: Any) -> Grown | None:
    """Read a fitted estimator; None where its answers are more than a sum of numeric splits."""
    booster = member.get_booster()
    learner = json.loads(booster.save_raw("json"))["learner"]
    model = learner["gradient_booster"].get("model", {})
    link = OBJECTIVES.get(learner["objective"]["name"], "")
    # Stopped early, a member answers with fewer trees than it has.
    if not (link and _is_plain(learner, model)) or "best_iteration" in learner["attributes"]:
        return None
    trees = [
        _tree(one, group) for one, group in zip(model["trees"], model["tree_info"], strict=True)
    ]
    return Grown(trees, _base(learner, link), link, MISSING, bytes(booster.save_raw("ubj")))


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


def _tree(one: dict[str, Any], score: int) -> Arrays:
    return tree(
        left=np.array(one["left_children"]),
        right=np.array(one["right_children"]),
        column=np.array(one["split_indices"]),
        value=np.array(one["split_conditions"], dtype=np.float32),
        goes_left=np.array(one["default_left"]),
        cover=np.array(one["sum_hessian"]),
        score=score,
    )
