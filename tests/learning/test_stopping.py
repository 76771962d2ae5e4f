from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from src.learning import stopping

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(300, 3))
GOAL = MATRIX[:, 0] + RNG.normal(size=300)  # half of it is chance
KINDS: dict[str, dict[str, Any]] = {
    "xgboost.XGBRegressor": {"n_jobs": 1},
    "lightgbm.LGBMRegressor": {"n_jobs": 1, "verbose": -1},
    "catboost.CatBoostRegressor": {"thread_count": 1, "verbose": 0, "allow_writing_files": False},
    "sklearn.ensemble.HistGradientBoostingRegressor": {"early_stopping": False},
}


def make(kind: str) -> Any:
    module, _, name = kind.rpartition(".")
    pytest.importorskip(module.partition(".")[0])
    made = getattr(importlib.import_module(module), name)(learning_rate=0.3, **KINDS[kind])
    return made.set_params(**{stopping.trees_parameter(made): 500})


@pytest.mark.parametrize("kind", list(KINDS))
def test_trees_end_where_they_no_longer_help(kind: str) -> None:
    made = make(kind)
    assert stopping.can(made)
    trees = stopping.fit(
        made, (MATRIX[:200], GOAL[:200], None), (MATRIX[200:], GOAL[200:], None), 5
    )
    assert 1 <= trees < 100


@pytest.mark.parametrize("kind", list(KINDS))
def test_rows_without_weight_say_nothing_of_when_to_end(kind: str) -> None:
    weights = np.where(np.arange(100) < 50, 1.0, 0.0)
    truth = GOAL[200:].copy()
    found = set()
    for wrong in (0.0, 50.0):
        truth[50:] = wrong * RNG.normal(size=50)
        judged = (MATRIX[200:], truth.copy(), weights)
        found.add(stopping.fit(make(kind), (MATRIX[:200], GOAL[:200], np.ones(200)), judged, 5))
    assert len(found) == 1


def test_an_estimator_without_trees_cannot() -> None:
    assert not stopping.can(Ridge())
