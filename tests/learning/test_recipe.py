from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from src.config.configuration import Config
from src.learning import estimators
from src.learning.recipe import Encoded, Recipe
from src.learning.sampling import Sampling

LINEAR = "sklearn.linear_model.LinearRegression"
FOREST = "sklearn.ensemble.RandomForestRegressor"
FOREST_OF_CLASSES = "sklearn.ensemble.RandomForestClassifier"
FEW_TREES = {"n_estimators": 3}
Rows = Callable[..., pd.DataFrame]


@pytest.fixture
def make_recipe(make_config: Callable[..., Config]) -> Callable[..., Recipe]:
    """Return a function that makes the recipe of a model on stones."""

    def make(
        target: str = LINEAR, classes: list[str] | None = None, seed: int = 1, **changes: Any
    ) -> Recipe:
        config = make_config(target, seed=seed, **changes)
        return Recipe(config.dataset, config.model, classes, seed)

    return make


def price(rows: pd.DataFrame) -> np.ndarray:
    return rows["price"].to_numpy(dtype=float)


def position(rows: pd.DataFrame, classes: list[str]) -> np.ndarray:
    return rows["price"].map(classes.index).to_numpy()


def test_values_are_predicted_a_row_each(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(50), make_rows(12, seed=1)
    output = make_recipe().fit(rows, price(rows)).output(fresh)
    assert output.shape == (12,)
    assert output.dtype == np.float64
    assert np.abs(output - price(fresh)).mean() < 8


@pytest.mark.parametrize("transform", ["log", "none"])
def test_a_logarithm_is_learnt_and_taken_back(make_recipe, make_rows: Rows, transform: str) -> None:
    rows, fresh = make_rows(30), make_rows(10, seed=1)
    truth = np.exp(1 + 2 * rows["carat"].to_numpy())
    expected = np.exp(1 + 2 * fresh["carat"].to_numpy())
    output = make_recipe(target_transform=transform).fit(rows, truth).output(fresh)
    assert np.allclose(output, expected, rtol=1e-9) == (transform == "log")


def test_with_a_logarithm_every_prediction_is_positive(make_recipe, make_rows: Rows) -> None:
    rows = make_rows(30)
    fresh = make_rows(10, seed=1).assign(carat=lambda rows: rows["carat"] - 40)
    fitted = make_recipe(target_transform="log").fit(rows, price(rows))
    assert (fitted.output(fresh) > 0).all()
    assert (make_recipe().fit(rows, price(rows)).output(fresh) < 0).any()


def test_with_a_logarithm_a_record_far_away_has_a_finite_prediction(
    make_recipe, make_rows: Rows
) -> None:
    rows = make_rows(30)
    fitted = make_recipe(target_transform="log").fit(rows, price(rows))
    assert np.isfinite(fitted.output(make_rows(5, seed=1).assign(carat=1e4))).all()


def test_members_are_fitted_with_other_seeds_and_averaged(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(40), make_rows(10, seed=1)
    one, two, three = (
        make_recipe(FOREST, seed=seed, params=FEW_TREES).fit(rows, price(rows)).output(fresh)
        for seed in (5, 6, 7)
    )
    assert not np.allclose(one, two)
    fitted = make_recipe(FOREST, seed=5, params=FEW_TREES, average=3).fit(rows, price(rows))
    assert len(fitted.members) == 3
    assert_allclose(fitted.output(fresh), (one + two + three) / 3)


def test_members_that_are_fitted_at_once_are_the_same(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(40), make_rows(10, seed=1)
    recipe = make_recipe(FOREST, params=FEW_TREES, average=5)
    one, all_ = (recipe.fit(rows, price(rows), jobs=jobs).output(fresh) for jobs in (1, 5))
    assert_array_equal(one, all_)


def test_members_of_a_logarithm_are_averaged_as_logarithms(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(40), make_rows(10, seed=1)
    changes = {"params": FEW_TREES, "target_transform": "log"}
    one, two = (
        make_recipe(FOREST, seed=seed, **changes).fit(rows, price(rows)).output(fresh)
        for seed in (5, 6)
    )
    both = make_recipe(FOREST, seed=5, average=2, **changes).fit(rows, price(rows)).output(fresh)
    assert_allclose(both, np.sqrt(one * two))


def test_probabilities_of_members_are_averaged(make_recipe, make_rows: Rows) -> None:
    classes = ["a", "b", "c"]
    rows, fresh = make_rows(60, labels=classes), make_rows(10, seed=1)
    shared = {"task": "multiclass", "classes": classes, "params": FEW_TREES}
    truth = position(rows, classes)
    one, two = (
        make_recipe(FOREST_OF_CLASSES, seed=seed, **shared).fit(rows, truth).output(fresh)
        for seed in (5, 6)
    )
    both = make_recipe(FOREST_OF_CLASSES, seed=5, average=2, **shared).fit(rows, truth)
    assert_allclose(both.output(fresh), (one + two) / 2)


@pytest.mark.parametrize(
    "target",
    [
        "sklearn.linear_model.LogisticRegression",
        "sklearn.svm.LinearSVC",
        FOREST_OF_CLASSES,
        pytest.param("xgboost.XGBClassifier", id="single precision"),
    ],
)
@pytest.mark.parametrize("classes", [["no", "yes"], ["low", "mid", "high"]], ids=["two", "three"])
def test_probabilities_stand_in_the_order_of_the_classes_and_sum_to_one(
    make_recipe, make_rows: Rows, target: str, classes: list[str]
) -> None:
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
    rows = make_rows(90, labels=classes)
    fresh = make_rows(60, seed=1, labels=classes)
    task = "binary" if len(classes) == 2 else "multiclass"
    recipe = make_recipe(target, classes, task=task)
    output = recipe.fit(rows, position(rows, classes)).output(fresh)
    assert output.shape == (60, len(classes))
    assert (output >= 0).all()
    assert np.abs(output.sum(axis=1) - 1).max() < 1e-12
    assert (output.argmax(axis=1) == position(fresh, classes)).mean() > 0.75


@pytest.mark.parametrize("text", ["", "a", "word " * 5000, "\x00 é 漢字 🙂"])
def test_predictions_are_finite_whatever_the_text(make_recipe, make_rows: Rows, text: str) -> None:
    features = {"carat": {"type": "number"}, "words": {"type": "text", "optional": True}}
    rows = make_rows(20).assign(words=["red stone", "blue stone"] * 10)
    fitted = make_recipe(dataset={"features": features}).fit(rows, price(rows))
    fresh = make_rows(2, seed=1).assign(words=[text, None])
    assert np.isfinite(fitted.output(fresh)).all()


def test_predictions_are_finite_whatever_is_missing(make_recipe, make_rows: Rows) -> None:
    features = {
        "carat": {"type": "number", "optional": True},
        "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"], "optional": True},
        "place": {"type": "category", "optional": True},
    }
    derived = {"inverse": "1 / carat", "grade": "log(cut)"}
    rows = make_rows(20).assign(place=["north", "south"] * 10)
    dataset = {"features": features, "derived": derived}
    fitted = make_recipe(dataset=dataset).fit(rows, price(rows))
    fresh = pd.DataFrame({"carat": [np.nan, 0.0], "cut": [None, "Fair"], "place": [None, "new"]})
    assert np.isfinite(fitted.output(fresh)).all()


@pytest.mark.parametrize("target", [FOREST, "xgboost.XGBRegressor"])
def test_the_same_seed_gives_the_same_fit(make_recipe, make_rows: Rows, target: str) -> None:
    params = FEW_TREES
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
        params = {"n_estimators": 10, "subsample": 0.5}
    rows, fresh = make_rows(60), make_rows(20, seed=1)

    def output(seed: int) -> np.ndarray:
        return make_recipe(target, seed=seed, params=params).fit(rows, price(rows)).output(fresh)

    assert_array_equal(output(3), output(3))
    assert not np.array_equal(output(3), output(4))


def test_the_order_of_the_rows_to_predict_does_not_matter(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(40), make_rows(10, seed=1)
    fitted = make_recipe(FOREST, params=FEW_TREES).fit(rows, price(rows))
    assert_array_equal(fitted.output(fresh.iloc[::-1]), fitted.output(fresh)[::-1])


def test_encoded_rows_are_predicted_as_records_are(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(40), make_rows(10, seed=1)
    recipe = make_recipe()
    encoder, learnt = recipe.encode(rows, price(rows))
    fitted = recipe.fit_encoded(encoder, learnt)
    assert_array_equal(
        fitted.output_encoded(encoder.transform(fresh)),
        recipe.fit(rows, price(rows)).output(fresh),
    )


def test_a_fitted_model_is_the_same_after_pickling(make_recipe, make_rows: Rows) -> None:
    rows, fresh = make_rows(40), make_rows(10, seed=1)
    dataset = {"derived": {"ratio": "facets / carat"}}
    fitted = make_recipe(FOREST, params=FEW_TREES, dataset=dataset).fit(rows, price(rows))
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.output(fresh), fitted.output(fresh))


class TestStoppingEarly:
    """Trees are added until the rows to judge have not become better for some rounds."""

    params = {"n_estimators": 300, "learning_rate": 0.5, "max_depth": 2}

    def fit(self, make_recipe, make_rows: Rows, **changes: Any) -> tuple[np.ndarray, int | None]:
        rows, judged = make_rows(60), make_rows(30, seed=1)
        recipe = make_recipe(**changes)
        encoder, learnt = recipe.encode(rows, price(rows))
        judge = Encoded(encoder.transform(judged), price(judged), Sampling())
        fitted, trees = recipe.fit_stopping(encoder, learnt, judge)
        return fitted.output(judged), trees

    def of(self, trees: int, make_recipe, make_rows: Rows, **changes: Any) -> np.ndarray:
        rows, judged = make_rows(60), make_rows(30, seed=1)
        params = {**self.params, "n_estimators": trees}
        recipe = make_recipe("xgboost.XGBRegressor", params=params, **changes)
        return recipe.fit(rows, price(rows)).output(judged)

    @pytest.mark.parametrize("transform", ["none", "log"])
    def test_it_keeps_the_best_number_of_trees(
        self, make_recipe, make_rows: Rows, transform: str
    ) -> None:
        pytest.importorskip("xgboost")
        changes = {"target_transform": transform}
        output, trees = self.fit(
            make_recipe,
            make_rows,
            target="xgboost.XGBRegressor",
            params=self.params,
            early_stopping={"rounds": 5},
            **changes,
        )
        assert trees is not None
        assert 1 < trees < 295
        assert_allclose(output, self.of(trees, make_recipe, make_rows, **changes), rtol=1e-5)
        unlike = self.of(trees - 1, make_recipe, make_rows, **changes)
        assert not np.allclose(output, unlike, rtol=1e-5)

    @pytest.mark.parametrize(("faster", "rate"), [(2.0, 0.4), (10.0, 1.0)])
    def test_it_can_learn_faster_than_the_model_does(
        self, make_recipe, make_rows: Rows, faster: float, rate: float
    ) -> None:
        pytest.importorskip("xgboost")
        output, trees = self.fit(
            make_recipe,
            make_rows,
            target="xgboost.XGBRegressor",
            params={**self.params, "learning_rate": 0.2},
            early_stopping={"rounds": 5, "faster": faster},
        )
        assert trees is not None
        params = {**self.params, "learning_rate": rate, "n_estimators": trees}
        rows, judged = make_rows(60), make_rows(30, seed=1)
        recipe = make_recipe("xgboost.XGBRegressor", params=params)
        expected = recipe.fit(rows, price(rows)).output(judged)
        assert_allclose(output, expected, rtol=1e-5)

    @pytest.mark.parametrize(
        ("rate", "trees", "kept"),
        [(0.1, 30.0, 90), (0.1, 12.4, 37), (0.1, 0.1, 1), (0.5, 30.0, 60), (None, 30.0, 30)],
    )
    def test_the_model_itself_needs_as_many_more_trees_as_it_is_slower(
        self, make_recipe, rate: float | None, trees: float, kept: int
    ) -> None:
        pytest.importorskip("xgboost")
        params = {} if rate is None else {"learning_rate": rate}
        stopping = {"rounds": 5, "faster": 3}
        recipe = make_recipe("xgboost.XGBRegressor", params=params, early_stopping=stopping)
        assert recipe.grown(recipe.model, trees).params == {**params, "n_estimators": kept}

    def test_it_grows_all_trees_where_it_is_not_asked_to_stop(
        self, make_recipe, make_rows: Rows
    ) -> None:
        pytest.importorskip("xgboost")
        params = {**self.params, "n_estimators": 30}
        output, trees = self.fit(
            make_recipe, make_rows, target="xgboost.XGBRegressor", params=params
        )
        assert trees is None
        assert_array_equal(output, self.of(30, make_recipe, make_rows))

    def test_an_estimator_that_cannot_stop_is_just_fitted(
        self, make_recipe, make_rows: Rows
    ) -> None:
        changes = {"target": FOREST, "params": FEW_TREES}
        output, trees = self.fit(make_recipe, make_rows, early_stopping={"rounds": 5}, **changes)
        assert trees is None
        assert_array_equal(output, self.fit(make_recipe, make_rows, **changes)[0])


def test_a_member_is_what_the_model_says(make_recipe, make_rows: Rows) -> None:
    rows = make_rows(30)
    recipe = make_recipe("sklearn.linear_model.Ridge", params={"alpha": 4.0})
    member = recipe.fit(rows, price(rows)).members[0]
    assert type(member) is type(estimators.make(recipe.model, "regression", 1))
    assert member.alpha == 4.0


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"]])
def test_what_counts_one_of_two_classes_more_is_put_right(
    make_recipe, make_rows: Rows, labels: list[str]
) -> None:
    rows = make_rows(90, labels=labels)
    task = "binary" if len(labels) == 2 else "multiclass"
    params = {"class_weight": "balanced"}
    recipe = make_recipe(
        "sklearn.linear_model.LogisticRegression", labels, task=task, params=params
    )
    (member,) = recipe.fit(rows, position(rows, labels)).members
    assert (type(member).__name__ == "Recalibrated") == (len(labels) == 2)
