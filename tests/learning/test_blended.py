from __future__ import annotations

import numpy as np
import pytest

from src.learning.blended import Blended, Part
from tests.inference import models


@pytest.mark.parametrize(("task", "target"), [
    ("regression", "sklearn.linear_model.Ridge"),
    ("multiclass", "sklearn.linear_model.LogisticRegression"),
])  # fmt: skip
def test_it_answers_with_the_weighted_mean(task: str, target: str) -> None:
    one, _, rows = models.fit(target, task)
    other, _, _ = models.fit(target, task, drop=["size", "area"])
    blended = Blended([Part("one", 0.25, one), Part("other", 0.75, other)], one.classes)
    expected = 0.25 * one.output(rows) + 0.75 * other.output(rows)
    assert np.allclose(blended.output(rows), expected)
    assert blended.heaviest is other
    assert len(blended.members) == 2
