"""Read the trees of LightGBM's estimators, which compare in double precision.

The text that LightGBM writes of a model: microsoft/LightGBM, src/io/tree.cpp.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from src.learning.tree_readers.grown import LEAF, ZERO, Arrays, Grown, above, tree

IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
# Bits of a split's decision_type: a category, where missing goes by default, what is missing.
DEFAULT_LEFT, MISSING_SHIFT = 2, 2
NONE_MISSING, NAN_MISSING = 0, 2


def read(member: Any) -> Grown | None:
    """Read a fitted estimator; None where its answers are more than a sum of numeric splits."""
    head, *blocks = member.booster_.model_to_string().split("\n\nTree=")
    header = _fields(head)
    link = _link(header["objective"])
    if link is None or "average_output" in header:
        return None
    described = [_fields(block.partition("\n\n")[0]) for block in blocks]
    classes = int(header["num_tree_per_iteration"])
    trees = [_tree(fields, at % classes) for at, fields in enumerate(described)]
    kept = [one for one in trees if one is not None]
    if not kept or len(kept) < len(trees):
        return None
    return Grown(kept, np.zeros(classes), link, ZERO)


def _fields(text: str) -> dict[str, str]:
    """Read lines such as "leaf_value=0.1 0.2"; a line without a value is there, and empty."""
    return {name: value for name, _, value in (line.partition("=") for line in text.splitlines())}


def _link(objective: str) -> str | None:
    """Return the link of an objective; None for one that does more to a score."""
    name, *options = objective.split(" ")
    if name in IDENTITY and "sqrt" not in options:
        return "identity"
    if name == "binary" and options == ["sigmoid:1"]:
        return "sigmoid"
    return "softmax" if name == "multiclass" else None


def _tree(fields: dict[str, str], score: int) -> Arrays | None:
    """Read a tree: its splits come first, then its leaves; None if it has another sort of split."""
    if fields["num_cat"] != "0" or fields["is_linear"] != "0":
        return None
    values = _numbers(fields["leaf_value"])
    splits, leaves = len(values) - 1, len(values)
    of_leaf = np.full(leaves, LEAF)
    if not splits:
        zeros = np.zeros(1)
        return tree(of_leaf, of_leaf, zeros, values, zeros, np.ones(1), score)
    kinds = _numbers(fields["decision_type"]).astype(np.int64)
    missing = kinds >> MISSING_SHIFT
    if not np.isin(missing, (NONE_MISSING, NAN_MISSING)).all():
        return None  # zeros are taken as missing
    thresholds = _numbers(fields["threshold"])
    # A split that saw nothing missing takes it as a zero.
    goes_left = np.where(missing == NAN_MISSING, (kinds & DEFAULT_LEFT) > 0, thresholds >= 0)
    sides = {}
    for side in ("left", "right"):
        child = _numbers(fields[f"{side}_child"]).astype(np.int64)
        sides[side] = np.where(child < 0, splits + ~child, child)
    return tree(
        left=np.concatenate([sides["left"], of_leaf]),
        right=np.concatenate([sides["right"], of_leaf]),
        column=np.concatenate([_numbers(fields["split_feature"]), np.zeros(leaves)]),
        value=np.concatenate([above(thresholds), values]),
        goes_left=np.concatenate([goes_left, np.zeros(leaves, dtype=bool)]),
        cover=np.concatenate([_numbers(fields[f"{kind}_count"]) for kind in ("internal", "leaf")]),
        score=score,
    )


def _numbers(text: str) -> np.ndarray:
    return np.array(text.split(" "), dtype=np.float64)
