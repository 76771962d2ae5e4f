from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.learning.tree_readers import lightgbm_trees
from tests.learning.tree_readers import walked

lightgbm = pytest.importorskip("lightgbm")
PARAMS = {"n_estimators": 20, "min_child_samples": 3, "n_jobs": 1, "verbose": -1}


def fit(link: str, **params: Any) -> Any:
    kind = lightgbm.LGBMRegressor if link == "identity" else lightgbm.LGBMClassifier
    return walked.fitted(kind, link, **{**PARAMS, **params})


@pytest.mark.parametrize("link", list(walked.TARGETS))
@pytest.mark.parametrize("params", [{}, {"use_missing": False}, {"boosting_type": "dart"}])
def test_scores_are_the_library_s_to_the_last_digits(link: str, params: dict[str, Any]) -> None:
    member, asked = fit(link, **params), walked.rows()
    read = lightgbm_trees.read(member)
    assert read is not None
    assert read.link == link
    expected = member.booster_.predict(asked, raw_score=True).reshape(len(asked), -1)
    assert np.allclose(walked.scores(read, asked), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("link", list(walked.TARGETS))
def test_reasons_are_the_library_s(link: str) -> None:
    member, asked = fit(link), walked.MATRIX[:40]
    read = lightgbm_trees.read(member)
    assert read is not None
    expected = member.booster_.predict(asked, pred_contrib=True).reshape(len(asked), -1, 5)
    found = walked.contributions(read, asked)
    assert np.allclose(found, expected.transpose(0, 2, 1), rtol=1e-4, atol=1e-5)


def test_a_tree_of_one_leaf_is_read() -> None:
    member = fit("identity", min_child_samples=1000, boost_from_average=True)
    read = lightgbm_trees.read(member)
    assert read is not None
    assert np.allclose(walked.scores(read, walked.MATRIX)[:, 0], walked.VALUES.mean())


@pytest.mark.parametrize(
    "params",
    [
        {"zero_as_missing": True},
        {"linear_tree": True},
        {"objective": "poisson"},
        {"reg_sqrt": True},
        {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1},
    ],
)
def test_trees_of_another_sort_are_not_read(params: dict[str, Any]) -> None:
    member = lightgbm.LGBMRegressor(**{**PARAMS, **params})
    assert lightgbm_trees.read(member.fit(np.nan_to_num(walked.MATRIX), walked.VALUES)) is None


def test_splits_by_a_category_are_not_read() -> None:
    rows = walked.MATRIX.copy()
    rows[:, 2] = np.round(3 * rows[:, 2]) + 4  # a category has no number below 0
    member = lightgbm.LGBMRegressor(**PARAMS, min_data_per_group=1, cat_smooth=1)
    member.fit(rows, walked.VALUES, categorical_feature=[2])
    assert lightgbm_trees.read(member) is None


@pytest.mark.parametrize("params", [{"objective": "multiclassova"}, {"sigmoid": 2.0}])
def test_probabilities_of_another_link_are_not_read(params: dict[str, Any]) -> None:
    link = "softmax" if "objective" in params else "sigmoid"
    assert lightgbm_trees.read(fit(link, **params)) is None
