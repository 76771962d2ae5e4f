"""Rows to grow trees on, and the scores of what was read of them, walked node by node."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from src.inference.tree_models.tree_shap import Shapley
from src.inference.tree_models.trees import Trees
from src.learning.tree_readers.grown import ZERO, Grown, joined
from tests.inference import grown

RNG = np.random.default_rng(3)
# Few values, so that many rows lie at a threshold; gaps in two columns of four.
MATRIX = RNG.integers(-4, 5, size=(400, 4)) / 3
MATRIX[::5, 0] = np.nan
MATRIX[::7, 1] = np.nan
SUM = np.nan_to_num(MATRIX, nan=1.0) @ [2.0, -1.0, 0.5, 0.25] + RNG.normal(size=400) / 9
VALUES = SUM + 7
HALVES = (np.median(SUM) < SUM).astype(int)
THIRDS = np.digitize(SUM, np.quantile(SUM, [1 / 3, 2 / 3]))
TARGETS = {"identity": VALUES, "sigmoid": HALVES, "softmax": THIRDS}


def rows() -> np.ndarray:
    """Return the rows, and others with gaps where training saw none, and with far numbers."""
    far = RNG.choice([np.nan, 1e300, -1e300, 0.0, 1 / 3, np.nextafter(1 / 3, 1)], size=(300, 4))
    return np.vstack([MATRIX, far])


def trees(read: Grown) -> Trees:
    """Return the trees as the service has them."""
    return Trees.build(joined([read]), 1, 0.0 if read.absent == ZERO else math.nan)


def scores(read: Grown, matrix: np.ndarray) -> np.ndarray:
    """Return scores of shape (rows, scores)."""
    made = trees(read)
    return np.array([grown.walk(made, row) for row in matrix])


def contributions(read: Grown, matrix: np.ndarray) -> np.ndarray:
    """Return what the columns add, and the base last: shape (rows, columns + 1, scores)."""
    shapley = Shapley(trees(read), matrix.shape[1])
    return np.array([[*shapley.contributions(row), shapley.base] for row in matrix])


def fitted(kind: Any, link: str, **params: Any) -> Any:
    """Fit an estimator on the rows, towards the target of a link."""
    return kind(**params).fit(MATRIX, TARGETS[link])
