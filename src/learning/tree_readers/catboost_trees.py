"""Read the trees of CatBoost's estimators: all splits of one depth are the same.

Its JSON: catboost.ai/docs/en/concepts/json-model-format.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from src.learning.tree_readers.grown import LEAF, ZERO, Arrays, Grown, tree
from src.support.single_precision import least_doubles

LINKS = {
    **dict.fromkeys(("RMSE", "MAE", "MAPE", "Quantile", "Huber"), "identity"),
    "Logloss": "sigmoid",
    "MultiClass": "softmax",
}


def read(member: Any) -> Grown | None:
    """Read a fitted estimator; None where its answers are more than a sum of numeric splits."""
    loss = str(member.get_all_params().get("loss_function"))
    link = LINKS.get(loss.partition(":")[0])
    model = _described(member)
    trees = model.get("oblivious_trees", [])  # others are grown by another grow_policy
    splits = [split for one in trees for split in one.get("splits") or []]
    if link is None or not trees or any(one["split_type"] != "FloatFeature" for one in splits):
        return None
    scale, base = model["scale_and_bias"]
    columns = {one["feature_index"]: one for one in model["features_info"]["float_features"]}
    grown = [part for one in trees for part in _trees(one, columns, float(scale), len(base))]
    return Grown(grown, np.array(base, dtype=np.float64), link, ZERO)


def _described(member: Any) -> dict[str, Any]:
    """Return what CatBoost writes of a model, which it does to a file alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        member.save_model(str(path), format="json")
        described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return described


def _trees(
    one: dict[str, Any], columns: dict[int, dict[str, Any]], scale: float, scores: int
) -> list[Arrays]:
    """Write a tree out in full, once for each score: each depth tests one split of the list.

    In CatBoost's order of leaves the split of the list's first place counts one, the next two, and
    so on; here the leaves of the side that goes left come first.
    """
    splits = one.get("splits") or []
    depth = len(splits)
    leaves = np.arange(2**depth)
    place = np.zeros_like(leaves)
    for level in range(depth):
        place |= ((leaves >> (depth - 1 - level)) & 1) << level
    values = np.reshape(one["leaf_values"], (2**depth, scores))[place] * scale
    cover = np.reshape(one["leaf_weights"], 2**depth).astype(np.float64)[place]
    covers = [cover]
    while len(covers[0]) > 1:
        covers.insert(0, covers[0].reshape(-1, 2).sum(axis=1))
    inner = np.arange(2**depth - 1)
    level = np.floor(np.log2(inner + 1)).astype(int)
    tested = [columns[split["float_feature_index"]] for split in splits]
    # CatBoost compares in single precision, and a number that is at the border goes left.
    borders = np.array([split["border"] for split in splits], dtype=np.float32)
    with np.errstate(over="ignore"):  # nothing is above the last number
        thresholds = least_doubles(np.nextafter(borders, np.float32(np.inf)))
    column = np.array([part["flat_feature_index"] for part in tested], dtype=int)
    goes_left = np.array([part["nan_value_treatment"] != "AsTrue" for part in tested], dtype=bool)
    ends, none = np.full(2**depth, LEAF), np.zeros(2**depth, dtype=int)
    return [
        tree(
            left=np.concatenate([2 * inner + 1, ends]),
            right=np.concatenate([2 * inner + 2, ends]),
            column=np.concatenate([column[level], none]),
            value=np.concatenate([thresholds[level], values[:, score]]),
            goes_left=np.concatenate([goes_left[level], none]),
            cover=np.concatenate(covers),
            score=score,
        )
        for score in range(scores)
    ]
