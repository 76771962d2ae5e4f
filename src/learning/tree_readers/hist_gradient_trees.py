"""Read the trees of scikit-learn's HistGradientBoosting, which compare in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from src.learning.tree_readers.grown import LEAF, ZERO, Arrays, Grown, above, tree

IDENTITY = ("squared_error", "absolute_error", "quantile")


def read(member: Any) -> Grown | None:
    """Read a fitted estimator; None where its answers are more than a sum of numeric splits.

    scikit-learn keeps its trees in attributes that it does not promise; what they become is
    compared with its own answers, as that of every export.
    """
    base = np.ravel(member._baseline_prediction).astype(np.float64)
    if member.loss in IDENTITY:
        link = "identity"
    elif member.loss == "log_loss":
        link = "sigmoid" if len(base) == 1 else "softmax"
    else:
        return None
    trees = [
        (predictor.nodes, score)
        for step in member._predictors
        for score, predictor in enumerate(step)
    ]
    if not trees or any(nodes["is_categorical"].any() for nodes, _ in trees):
        return None
    return Grown([_tree(nodes, score) for nodes, score in trees], base, link, ZERO)


def _tree(nodes: np.ndarray, score: int) -> Arrays:
    is_leaf = nodes["is_leaf"].astype(bool)
    return tree(
        left=np.where(is_leaf, LEAF, nodes["left"].astype(np.int64)),
        right=np.where(is_leaf, LEAF, nodes["right"].astype(np.int64)),
        column=np.where(is_leaf, 0, nodes["feature_idx"]),
        value=np.where(is_leaf, nodes["value"], above(nodes["num_threshold"])),
        goes_left=nodes["missing_go_to_left"].astype(bool) & ~is_leaf,
        cover=nodes["count"],
        score=score,
    )
