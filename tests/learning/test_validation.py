from __future__ import annotations

import functools
import threading
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from src.config.configuration import Config
from src.evaluation import measures
from src.learning import validation
from src.learning.recipe import Recipe
from src.learning.sampling import Sampling
from src.learning.validation import Validated
from src.support.errors import UserError

Rows = Callable[..., pd.DataFrame]
Configs = Callable[..., Config]
NEAREST = "sklearn.neighbors.KNeighborsRegressor"
TREES = {"n_estimators": 4}


folds = Sampling().folds


def ignore() -> None: ...


def validate(
    config: Config, rows: pd.DataFrame, truth: np.ndarray, classes: list[str] | None = None
) -> Validated:
    recipe = Recipe(config.dataset, config.model, classes, config.seed)
    parts = folds(config.dataset.task, truth, config.folds, config.seed)
    return validation.cross_validate(recipe, config.dataset.metric, rows, truth, parts, ignore)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_every_row_is_judged_once_by_a_fit_that_did_not_see_it(task: str) -> None:
    target = np.arange(23) % 3
    parts = folds(task, target, 4, seed=1)
    assert len(parts) == 4
    assert sorted(np.concatenate([judge for _, judge in parts])) == list(range(23))
    for fit, judge in parts:
        assert sorted([*fit, *judge]) == list(range(23))
        assert 5 <= len(judge) <= 6


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_every_fold_has_its_share_of_each_class(task: str) -> None:
    target = np.array([0] * 20 + [1] * 8 + [2] * 4)
    for fit, judge in folds(task, target, 4, seed=1):
        assert np.bincount(target[judge]).tolist() == [5, 2, 1]
        assert np.bincount(target[fit]).tolist() == [15, 6, 3]


def test_rows_are_shuffled_by_the_seed() -> None:
    target = np.arange(20.0)

    def judged(seed: int) -> list[list[int]]:
        return [judge.tolist() for _, judge in folds("regression", target, 4, seed)]

    assert judged(1) == judged(1)
    assert judged(1) != judged(2)
    assert judged(1)[0] != [0, 1, 2, 3, 4]


def test_nobody_is_judged_by_a_model_that_saw_it(make_config: Configs, make_rows: Rows) -> None:
    # The nearest neighbour of a row that was seen is the row itself.
    rows = make_rows(30)
    truth = rows["price"].to_numpy()
    config = make_config(NEAREST, params={"n_neighbors": 1})
    out = validate(config, rows, truth).output
    assert out.shape == (30,)
    assert np.isin(out, truth).all()
    assert (out != truth).all()


@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "c"]], ids=["two", "three"])
def test_out_of_fold_probabilities_are_of_every_row_and_class(
    make_config: Configs, make_rows: Rows, classes: list[str]
) -> None:
    rows = make_rows(40, labels=classes)
    truth = rows["price"].map(classes.index).to_numpy()
    task = "binary" if len(classes) == 2 else "multiclass"
    config = make_config("sklearn.linear_model.LogisticRegression", task)
    out = validate(config, rows, truth, classes).output
    assert out.shape == (40, len(classes))
    assert np.allclose(out.sum(axis=1), 1)
    assert (out.argmax(axis=1) == truth).mean() > 0.6


def test_side_by_side_is_as_one_after_another(make_config: Configs, make_rows: Rows) -> None:
    rows = make_rows(60)
    truth = rows["price"].to_numpy()
    config = make_config("sklearn.ensemble.RandomForestRegressor", folds=5, params=TREES)
    recipe = Recipe(config.dataset, config.model, None, config.seed)
    found = validate(config, rows, truth)
    scores = []
    for fit, judge in folds("regression", truth, 5, config.seed):
        output = recipe.fit(rows.iloc[fit], truth[fit]).output(rows.iloc[judge])
        assert_array_equal(found.output[judge], output)
        scores.append(measures.score("regression", "mae", truth[judge], output))
    assert found.scores == scores


@pytest.mark.parametrize("cores", ["1", "2", "7"])
def test_the_result_does_not_depend_on_how_many_folds_run_at_once(
    make_config: Configs, make_rows: Rows, monkeypatch: pytest.MonkeyPatch, cores: str
) -> None:
    pytest.importorskip("xgboost")
    rows = make_rows(60)
    truth = rows["price"].to_numpy()
    params = {"n_estimators": 10, "subsample": 0.5}
    config = make_config("xgboost.XGBRegressor", folds=5, params=params)
    expected = validate(config, rows, truth)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", cores)
    found = validate(config, rows, truth)
    assert found.scores == expected.scores
    assert_array_equal(found.output, expected.output)


def test_the_scores_are_summed_up_by_mean_and_sample_deviation() -> None:
    found = Validated([1.0, 2.0, 6.0], np.zeros(3), np.ones(3, dtype=bool))
    assert found.mean == 3.0
    assert found.std == pytest.approx(np.sqrt(7.0))


def test_every_fold_is_told_when_it_is_done(make_config: Configs, make_rows: Rows) -> None:
    rows = make_rows(20)
    truth = rows["price"].to_numpy()
    config = make_config()
    recipe = Recipe(config.dataset, config.model, None, 1)
    told: list[int] = []
    parts = folds("regression", truth, 4, 1)
    validation.cross_validate(recipe, "mae", rows, truth, parts, lambda: told.append(1))
    assert len(told) == 4


def test_results_come_in_the_order_of_the_jobs() -> None:
    jobs = [functools.partial(pow, at, 2) for at in range(20)]
    assert validation.run_parallel(jobs, ignore) == [at**2 for at in range(20)]


def test_a_metric_that_a_fold_cannot_have_is_told(make_config: Configs, make_rows: Rows) -> None:
    classes = ["a", "b"]
    rows = make_rows(20, labels=classes).sort_values("price")
    truth = rows["price"].map(classes.index).to_numpy()
    config = make_config("sklearn.linear_model.LogisticRegression", "binary")
    recipe = Recipe(config.dataset, config.model, classes, 1)
    every = np.arange(20)
    with pytest.raises(UserError, match="'roc_auc' is not defined"):
        validation.cross_validate(recipe, "roc_auc", rows, truth, [(every, every[:5])], ignore)


def test_an_error_of_a_fold_comes_through(make_config: Configs, make_rows: Rows) -> None:
    rows = make_rows(20).assign(words="a")
    config = make_config(dataset={"features": {"words": {"type": "text"}}})
    with pytest.raises(UserError, match="No words are left"):
        validate(config, rows, rows["price"].to_numpy())


def test_the_fit_beside_the_folds_is_as_one_by_itself(
    make_config: Configs, make_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows(60)
    truth = rows["price"].to_numpy()
    config = make_config("sklearn.ensemble.RandomForestRegressor", folds=4, params=TREES)
    recipe = Recipe(config.dataset, config.model, None, config.seed)
    parts, sampling = folds("regression", truth, 4, config.seed), Sampling()
    alone = validation.cross_validate(recipe, "mae", rows, truth, parts, ignore, sampling)
    expected = recipe.fit(rows, truth, sampling=sampling).output(rows)
    for quick in (0.0, 60.0):  # side by side, and one by one
        monkeypatch.setattr(validation, "QUICK", quick)
        told: list[int] = []
        tick = functools.partial(told.append, 1)
        found, fitted = validation.validate_and_fit(
            recipe, "mae", rows, truth, parts, tick, sampling
        )
        assert found.scores == alone.scores
        assert_array_equal(found.output, alone.output)
        assert_array_equal(fitted.output(rows), expected)
        assert len(told) == 5


def test_jobs_that_take_long_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    monkeypatch.setattr(validation, "QUICK", 0.0)
    both = threading.Barrier(2, timeout=30)  # which one alone never passes
    assert len(validation.run_parallel([both.wait, both.wait], ignore)) == 2


def test_quick_jobs_go_on_in_the_thread_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "QUICK", 60.0)
    first, *others = validation.run_parallel([threading.current_thread] * 4, ignore)
    assert first is not threading.current_thread()
    assert others == [threading.current_thread()] * 3
