from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.config.configuration import Config
from src.learning import training
from src.learning.recipe import Recipe
from src.support.errors import UserError

Configs = Callable[..., Config]
Rows = Callable[..., pd.DataFrame]
BOOSTED = "xgboost.XGBRegressor"
TREES = {"n_estimators": 60, "max_depth": 4, "learning_rate": 0.2}
KEPT = {"numbers": "keep", "ordered": "rank"}


def features(**ways: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "carat": {"type": "number", "above": 0, "max": 20},
        "facets": {"type": "integer", "min": 0},
        "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"]},
    }
    for name, way in ways.items():
        found[name]["monotone"] = way
    return {"features": found}


def noisy(make_rows: Rows) -> pd.DataFrame:
    rows = make_rows(300)
    rows["price"] += np.random.default_rng(1).normal(0, 60, 300)
    return rows


def falls(config: Config, rows: pd.DataFrame, name: str) -> float:
    """Return by how much answers fall at most where a feature rises."""
    recipe = Recipe(config.dataset, config.model, None, config.seed)
    fitted = recipe.fit(rows, rows["price"].to_numpy())
    asked = rows.head(40).loc[lambda some: some.index.repeat(30)].reset_index(drop=True)
    asked[name] = np.tile(np.linspace(rows[name].min(), rows[name].max(), 30), 40)
    return float(-np.diff(fitted.output(asked).reshape(40, 30), axis=1).min())


def test_answers_only_rise_with_a_feature_that_is_monotone(
    make_config: Configs, make_rows: Rows
) -> None:
    rows = noisy(make_rows)
    how: dict[str, Any] = {"params": TREES, "encoding": KEPT}
    free = make_config(BOOSTED, dataset=features(), **how)
    bound = make_config(BOOSTED, dataset=features(facets="up"), **how)
    assert falls(free, rows, "facets") > 5
    assert falls(bound, rows, "facets") < 1e-3


def test_derived_columns_rise_and_fall_with_their_features(
    make_config: Configs, make_rows: Rows
) -> None:
    rows = noisy(make_rows)
    dataset = {**features(carat="up"), "derived": {"big": "carat * 2", "small": "1 / carat"}}
    config = make_config(BOOSTED, dataset=dataset, params=TREES, encoding=KEPT)
    assert falls(config, rows, "carat") < 1e-3


def test_a_derived_column_that_goes_both_ways_is_refused(
    make_config: Configs, make_rows: Rows
) -> None:
    dataset = {**features(carat="up"), "derived": {"odd": "abs(carat - 1.5)"}}
    config = make_config(BOOSTED, dataset=dataset, params=TREES, encoding=KEPT)
    with pytest.raises(UserError, match="'odd' goes against 'carat'") as caught:
        falls(config, make_rows(60), "carat")
    assert "model.drop=[odd]" in str(caught.value.fix)
    falls(make_config(BOOSTED, dataset=dataset, params=TREES, drop=["odd"]), make_rows(60), "carat")


def test_a_column_for_each_value_is_refused(make_config: Configs, make_rows: Rows) -> None:
    config = make_config(BOOSTED, dataset=features(cut="up"), params=TREES)
    with pytest.raises(UserError, match="a column for each of its values") as caught:
        falls(config, make_rows(60), "carat")
    assert caught.value.fix == "model.encoding.ordered=rank"


def train(config: Config, rows: pd.DataFrame, recorder: Any, tmp_path: Path) -> Any:
    return training.train(config, rows, rows.head(50), tmp_path / "study", recorder)


def test_a_model_that_cannot_keep_the_promise_is_told_who_can(
    make_config: Configs, make_rows: Rows, recorder: Any, tmp_path: Path
) -> None:
    nearest = "sklearn.neighbors.KNeighborsRegressor"
    config = make_config(nearest, dataset=features(facets="up"))
    with pytest.raises(UserError, match="do not only rise with 'facets'") as caught:
        train(config, noisy(make_rows), recorder, tmp_path)
    assert "model=xgboost" in str(caught.value)
    assert "% of the rows looked at" in str(caught.value.given)


@pytest.mark.parametrize(("way", "is_kept"), [("up", True), ("down", False)])
def test_a_straight_line_keeps_the_promise_or_not(
    make_config: Configs, make_rows: Rows, recorder: Any, tmp_path: Path, way: str, is_kept: bool
) -> None:
    config = make_config(dataset=features(carat=way))
    if is_kept:
        train(config, noisy(make_rows), recorder, tmp_path)
        return
    with pytest.raises(UserError, match="do not only fall with 'carat'"):
        train(config, noisy(make_rows), recorder, tmp_path)


def test_the_chance_of_the_positive_class_is_monotone(
    make_config: Configs, make_rows: Rows, recorder: Any, tmp_path: Path
) -> None:
    rows = make_rows(300, labels=["cheap", "dear"])
    config = make_config(
        "xgboost.XGBClassifier",
        task="binary",
        dataset={**features(carat="up", cut="up"), "target": {"name": "price", "positive": "dear"}},
        params=TREES,
        encoding=KEPT,
    )
    outcome = train(config, rows, recorder, tmp_path)
    asked = rows.head(1).loc[lambda some: some.index.repeat(30)].reset_index(drop=True)
    asked["carat"] = np.linspace(0.2, 3, 30)
    assert (np.diff(outcome.fitted.output(asked)[:, 1]) >= -1e-9).all()
