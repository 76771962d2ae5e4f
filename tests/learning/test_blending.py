from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from numpy.testing import assert_allclose, assert_array_equal

from src.config.configuration import Config
from src.learning import blending, mixing, training
from src.learning.blended import Blended
from src.learning.fits import Fits
from src.learning.recipe import Recipe
from src.learning.training import Outcome

Configs = Callable[..., Config]
Rows = Callable[..., pd.DataFrame]
DUMMY = {"regression": {"_target_": "sklearn.dummy.DummyRegressor"}}


@pytest.fixture
def blend(make_config: Configs) -> Config:
    """A blend of two halves, each of which knows what the other does not, and of no use."""
    config = make_config()
    halves = [
        structs.replace(config.model, name=name, space={}, drop=drop)
        for name, drop in {"one": ["facets"], "two": ["carat"]}.items()
    ]
    useless = structs.replace(halves[0], name="mean", estimator=DUMMY, params={}, drop=[])
    model = structs.replace(
        config.model,
        name="both",
        members=["one", "two", "mean"],
        estimator={},
        params={},
        recipes=[*halves, useless],
    )
    return structs.replace(config, model=model)


@pytest.fixture
def train(tmp_path: Path, recorder: Any, make_rows: Rows) -> Callable[..., Outcome]:
    def run(config: Config, fits: Fits | None = None) -> Outcome:
        rows, test = make_rows(90), make_rows(15, seed=1)
        return training.train(config, rows, test, tmp_path / "study", recorder, fits)

    return run


def test_weights_are_found_and_what_is_of_no_use_is_left_out(train: Any, blend: Config) -> None:
    outcome = train(blend)
    told = {one["model"]: one for one in outcome.details["members"]}
    assert told["mean"]["weight"] == 0
    assert sum(one["weight"] for one in told.values()) == pytest.approx(1, abs=1e-4)
    assert isinstance(outcome.fitted, Blended)
    assert "mean" not in [part.name for part in outcome.fitted.parts]
    for name, one in told.items():
        alone = next(recipe for recipe in blend.model.recipes if recipe.name == name)
        assert one["cv_scores"] == train(structs.replace(blend, model=alone)).details["cv_scores"]


def test_equal_weights_are_that(train: Any, blend: Config) -> None:
    equal = structs.replace(blend, model=structs.replace(blend.model, weights="equal"))
    fitted = train(equal).fitted
    assert [part.weight for part in fitted.parts] == [1 / 3] * 3


def test_a_folds_score_is_by_weights_that_its_own_rows_had_no_part_in(
    train: Any, blend: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    real = mixing.weights

    def weights(metric: str, outputs: Any, rows: Any) -> list[float]:
        seen.append(rows.truth)
        return real(metric, outputs, rows)

    monkeypatch.setattr(blending.mixing, "weights", weights)
    outcome = train(blend)
    *folds, whole = seen
    assert len(folds) == len(outcome.details["cv_scores"]) == 3
    for own in folds:
        assert len(own) == 60
        assert len(np.intersect1d(own, whole)) == 60
    assert len(whole) == 90
    assert len({tuple(own) for own in folds}) == 3


def test_members_that_were_trained_before_are_not_fitted_again(
    train: Any, blend: Config, monkeypatch: pytest.MonkeyPatch, recorder: Any
) -> None:
    expected = train(blend).fitted
    fits = Fits()
    for recipe in blend.model.recipes:
        train(structs.replace(blend, model=recipe), fits)
    monkeypatch.setattr(Recipe, "fit", None)
    recorder.stages.clear()
    recorder.steps = 0
    fitted = train(blend, fits).fitted
    ((_, total),) = recorder.stages
    assert recorder.steps == total, "the bar is full all the same"
    assert [part.weight for part in fitted.parts] == [part.weight for part in expected.parts]
    for one, other in zip(fitted.parts, expected.parts, strict=True):
        assert_array_equal(one.fitted.members[0].coef_, other.fitted.members[0].coef_)


def test_its_ranges_are_those_of_its_own_errors(train: Any, blend: Config) -> None:
    outcome = train(blend)
    assert outcome.metrics["interval"]["coverage"] > 0.6
    logs = [structs.replace(one, target_transform="log") for one in blend.model.recipes]
    both = structs.replace(blend, model=structs.replace(blend.model, recipes=logs))
    assert (outcome.interval["log"], train(both).interval["log"]) == (False, True)
    output = outcome.held_out.output
    assert_allclose(output.shape, (15,))
