from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.learning.tree_readers import catboost_trees
from tests.learning.tree_readers import walked

catboost = pytest.importorskip("catboost")
PARAMS = {"n_estimators": 20, "depth": 4, "verbose": 0, "allow_writing_files": False}


def fit(link: str, **params: Any) -> Any:
    kind = catboost.CatBoostRegressor if link == "identity" else catboost.CatBoostClassifier
    return walked.fitted(kind, link, thread_count=1, **{**PARAMS, **params})


@pytest.mark.parametrize("link", list(walked.TARGETS))
@pytest.mark.parametrize("params", [{}, {"nan_mode": "Max"}, {"depth": 1}])
def test_scores_are_the_library_s_to_the_last_digits(link: str, params: dict[str, Any]) -> None:
    member, asked = fit(link, **params), walked.rows()
    read = catboost_trees.read(member)
    assert read is not None
    assert read.link == link
    expected = member.predict(asked, prediction_type="RawFormulaVal").reshape(len(asked), -1)
    assert np.allclose(walked.scores(read, asked), expected, rtol=1e-12, atol=1e-12)


def test_reasons_are_nearly_the_library_s_and_add_up() -> None:
    member, asked = fit("identity"), walked.MATRIX[:40]
    read = catboost_trees.read(member)
    assert read is not None
    pool = catboost.Pool(asked)
    expected = member.get_feature_importance(pool, type="ShapValues")
    found = walked.contributions(read, asked)[:, :, 0]
    # CatBoost shares out by a rule of its own within a tree; what it starts from is the same.
    assert np.allclose(found[:, -1], expected[:, -1])
    assert np.allclose(found, expected, atol=0.1)
    assert np.allclose(found.sum(axis=1), member.predict(asked), rtol=1e-5)


@pytest.mark.parametrize(
    "params",
    [
        {"grow_policy": "Lossguide"},
        {"loss_function": "Poisson"},
    ],
)
def test_trees_of_another_sort_are_not_read(params: dict[str, Any]) -> None:
    assert catboost_trees.read(fit("identity", **params)) is None


def test_probabilities_of_another_link_are_not_read() -> None:
    assert catboost_trees.read(fit("softmax", loss_function="MultiClassOneVsAll")) is None


def test_splits_by_a_category_are_not_read() -> None:
    rows = walked.MATRIX.astype(object)
    rows[:, 2] = [str(value) for value in rows[:, 2]]
    member = catboost.CatBoostRegressor(**PARAMS, cat_features=[2], thread_count=1)
    assert catboost_trees.read(member.fit(rows, walked.VALUES)) is None
