from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from src.inference.tree_models.tree_shap import Shapley
from src.inference.tree_models.trees import NONE, Trees
from tests.inference import grown, models

COLUMNS = 5


def expected_score(trees: Trees, root: int, row: np.ndarray, known: frozenset[int]) -> float:
    """Return a tree's mean where only some columns are known: unknown splits weigh both sides."""
    if trees.left[root] == NONE:
        return float(trees.value[root]) / trees.members
    left, right = int(trees.left[root]), int(trees.right[root])
    if int(trees.column[root]) in known:
        side = left if grown.goes_left(trees, root, row) else right
        return expected_score(trees, side, row, known)
    share = float(trees.cover[left]) / float(trees.cover[root])
    other = float(trees.cover[right]) / float(trees.cover[root])
    return share * expected_score(trees, left, row, known) + other * expected_score(
        trees, right, row, known
    )


def by_definition(trees: Trees, row: np.ndarray) -> np.ndarray:
    """Average over all subsets of columns, as Shapley's formula says."""
    found = np.zeros((COLUMNS, len(trees.base)))
    for column in range(COLUMNS):
        others = [one for one in range(COLUMNS) if one != column]
        for size in range(COLUMNS):
            weight = factorial(size) * factorial(COLUMNS - size - 1) / factorial(COLUMNS)
            for subset in map(frozenset, combinations(others, size)):
                for root, score in zip(trees.roots, trees.score, strict=True):
                    gain = expected_score(trees, int(root), row, subset | {column})
                    gain -= expected_score(trees, int(root), row, subset)
                    found[column, score] += weight * gain
    return found


@pytest.mark.parametrize("scores", [1, 2])
@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_are_what_the_definition_says(depth: int, scores: int) -> None:
    for seed in range(4):
        trees = grown.grow(seed, count=3, depth=depth, columns=COLUMNS, scores=scores, members=2)
        made = Shapley(trees, COLUMNS)
        nothing = frozenset[int]()
        row = np.zeros(COLUMNS)
        means = [expected_score(trees, int(root), row, nothing) for root in trees.roots]
        base = trees.base + np.bincount(trees.score, means, scores)
        assert np.allclose(made.base, base, rtol=1e-6)
        for row in grown.rows(seed, 4, COLUMNS):
            found = made.contributions(row)
            assert np.allclose(found, by_definition(trees, row), atol=2e-6)
            assert np.allclose(made.base + found.sum(axis=0), grown.walk(trees, row), atol=5e-6)


def test_more_leaves_than_a_chunk_are_added_up() -> None:
    trees = grown.grow(1, count=400, depth=7, columns=COLUMNS)
    made = Shapley(trees, COLUMNS)
    for row in grown.rows(1, 5, COLUMNS):
        total = made.base + made.contributions(row).sum(axis=0)
        assert np.allclose(total, grown.walk(trees, row), atol=1e-3)
    assert int((~trees.splits).sum()) > 8192


def test_a_side_that_no_training_row_took_is_no_division_by_zero() -> None:
    trees = grown.grow(2, count=3, depth=4, columns=COLUMNS)
    empty = trees.left[trees.splits][0]
    trees.cover[empty] = 0
    for row in grown.rows(2, 30, COLUMNS):
        assert np.isfinite(Shapley(trees, COLUMNS).contributions(row)).all()


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("kind", ["table", "mixed"])
def test_are_those_of_xgboost(task: str, kind: str) -> None:
    xgboost = pytest.importorskip("xgboost")
    encoding = {"numbers": "keep", "ordered": "rank"}
    params = {"n_estimators": 30, "max_depth": 5}
    fitted, dataset, rows = models.fit(
        models.XGB[task], task, kind, encoding=encoding, params=params
    )
    model: Any = models.exported(fitted, dataset, rows).model
    scorer = model.scorer
    made = Shapley(scorer.trees, scorer.columns.width)
    matrix = fitted.encoder.transform(models.make_rows(60, seed=9))
    booster = fitted.members[0].get_booster()
    expected = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True)
    expected = expected.reshape(60, -1, matrix.shape[1] + 1)
    dense = matrix
    if kind == "mixed":  # what is not stored is missing
        dense = np.full(matrix.shape, np.nan)
        stored = matrix.tocoo()
        dense[stored.row, stored.col] = stored.data
    for row, known in zip(dense, expected, strict=True):
        assert np.allclose(made.contributions(row), known[:, :-1].T, atol=1e-4)
        assert np.allclose(made.base, known[:, -1], atol=1e-4)
