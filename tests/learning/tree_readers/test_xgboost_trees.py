from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.learning.tree_readers import xgboost_trees
from tests.learning.tree_readers import walked

xgboost = pytest.importorskip("xgboost")


@pytest.mark.parametrize("link", list(walked.TARGETS))
def test_scores_are_the_library_s(link: str) -> None:
    kind: Any = xgboost.XGBRegressor if link == "identity" else xgboost.XGBClassifier
    member, asked = walked.fitted(kind, link, n_estimators=20, n_jobs=1), walked.rows()
    read = xgboost_trees.read(member)
    assert read is not None
    assert read.link == link
    with np.errstate(over="ignore"):
        single = asked.astype(np.float32)
    expected = member.predict(single, output_margin=True).reshape(len(asked), -1)
    assert np.allclose(walked.scores(read, asked), expected, rtol=1e-5, atol=1e-5)
