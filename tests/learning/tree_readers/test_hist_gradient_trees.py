from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from src.learning.tree_readers import hist_gradient_trees
from tests.learning.tree_readers import walked


def fit(link: str, **params: Any) -> Any:
    kind = HistGradientBoostingRegressor if link == "identity" else HistGradientBoostingClassifier
    return walked.fitted(kind, link, **{"max_iter": 20, "min_samples_leaf": 3, **params})


@pytest.mark.parametrize("link", list(walked.TARGETS))
def test_scores_are_the_library_s_to_the_last_digits(link: str) -> None:
    member, asked = fit(link), walked.rows()
    read = hist_gradient_trees.read(member)
    assert read is not None
    assert read.link == link
    ask = member.predict if link == "identity" else member.decision_function
    expected = ask(asked).reshape(len(asked), -1)
    assert np.allclose(walked.scores(read, asked), expected, rtol=1e-12, atol=1e-12)


def test_reasons_add_up_to_the_score() -> None:
    member, asked = fit("identity"), walked.rows()
    read = hist_gradient_trees.read(member)
    assert read is not None
    total = walked.contributions(read, asked)[:, :, 0].sum(axis=1)
    assert np.allclose(total, member.predict(asked), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "params", [{"loss": "poisson"}, {"loss": "gamma"}, {"categorical_features": [2]}]
)
def test_trees_of_another_sort_are_not_read(params: dict[str, Any]) -> None:
    rows = np.nan_to_num(walked.MATRIX)
    rows[:, 2] = np.round(3 * rows[:, 2]) + 4
    member = HistGradientBoostingRegressor(max_iter=20, **params)
    member.fit(rows, walked.VALUES - walked.VALUES.min() + 1)
    assert hist_gradient_trees.read(member) is None
