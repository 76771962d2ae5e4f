from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from src.card import asked as asking
from src.card.asked import Asked, AskedBlended, AskedConstant, AskedFitted
from src.config.configuration import Model
from src.learning.blended import Blended, Part
from src.learning.recipe import Fitted, Recipe
from src.learning.sampling import Sampling
from src.support.structs import convert

FEATURES = {
    "x": {"type": "number"},
    "y": {"type": "number", "optional": True},
    "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"]},
    "place": {"type": "category", "optional": True},
}
DERIVED = {"area": "x * y", "grade": "cut + x", "far": "log(x)"}
TEXTS = ["oak elm", "oak birch", "elm pine", "birch"]
MODELS: list[dict[str, Any]] = [
    {"target": "sklearn.linear_model.LinearRegression"},
    {"target": "sklearn.linear_model.LinearRegression", "drop": ["x", "far"]},
    {
        "target": "sklearn.tree.DecisionTreeRegressor",
        "encoding": {"numbers": "keep", "ordered": "rank", "categories": "target"},
    },
]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    y = random.uniform(1, 2, 80)
    y[::7] = np.nan
    place = np.array(["here", "there", None], dtype=object)[random.integers(0, 3, 80)]
    cut = np.array(["Fair", "Good", "Ideal"], dtype=object)[random.integers(0, 3, 80)]
    return pd.DataFrame({"x": random.uniform(1, 2, 80), "y": y, "cut": cut, "place": place})


@pytest.fixture
def fitted(make_dataset: Any, rows: pd.DataFrame) -> Any:
    """Return a function that fits a model of these features."""

    def fit(
        target: str,
        features: dict[str, Any] = FEATURES,
        derived: dict[str, str] = DERIVED,
        **model: Any,
    ) -> Fitted:
        dataset = make_dataset(features=features, derived=derived)
        values = {
            "name": "mine",
            "complexity": 1,
            "estimator": {"regression": {"_target_": target}},
        }
        recipe = Recipe(dataset, convert({**values, **model}, Model), None, 1)
        frame = rows.assign(words=TEXTS * 20)
        return recipe.fit(frame, np.arange(len(rows)) % 11.0, sampling=Sampling())

    return fit


MOVES: list[dict[str, Any]] = [
    {},
    {"x": 1.5},
    {"y": np.nan},
    {"cut": "Good"},
    {"place": None},
    {"x": 1.25, "cut": "Ideal", "place": "here"},
]


@pytest.mark.parametrize("model", MODELS, ids=["all", "dropped", "trees"])
@pytest.mark.parametrize("moves", MOVES, ids=str)
def test_what_stays_is_encoded_once_and_answers_are_the_same(
    fitted: Any, rows: pd.DataFrame, model: dict[str, Any], moves: dict[str, Any]
) -> None:
    one = fitted(**model)
    places = np.array([5, 5, 0, 79, 14, 3])
    values = {
        name: np.full(len(places), value, dtype=object if name in ("cut", "place") else float)
        for name, value in moves.items()
    }
    expected = Asked(one.output, rows).moved(places, values)
    assert_array_equal(AskedFitted(one, rows).moved(places, values), expected)
    asked = AskedFitted(one, rows)
    asked.moved(places, values)
    assert_array_equal(asked.answers(), one.output(rows), "the rows as they are stay so")


def test_a_blend_is_asked_by_its_members(fitted: Any, rows: pd.DataFrame) -> None:
    parts = [Part("one", 0.25, fitted(**MODELS[0])), Part("other", 0.75, fitted(**MODELS[2]))]
    blended, places = Blended(parts, None), np.array([5, 0, 79])
    values = {"x": np.array([1.0, 2.0, 3.0])}
    asked = asking.of(blended, rows)
    assert isinstance(asked, AskedBlended)
    expected = Asked(blended.output, rows).moved(places, values)
    assert_array_equal(asked.moved(places, values), expected)


def test_of_a_model_that_answers_all_alike_nothing_is_encoded(
    fitted: Any, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fitted("sklearn.dummy.DummyRegressor")
    expected = one.output(rows)
    asked = asking.of(one, rows)
    assert isinstance(asked, AskedConstant)
    monkeypatch.setattr(one.encoder, "transform", None)
    moved = asked.moved(np.arange(5), {"x": np.full(5, 1.5)})
    assert_array_equal(moved, expected[:5])
    assert_array_equal(asked.answers(), expected)
    assert isinstance(asking.of(fitted(**MODELS[0]), rows), AskedFitted)


def test_a_move_matters(fitted: Any, rows: pd.DataFrame) -> None:
    asked = AskedFitted(fitted(**MODELS[0]), rows)
    every = np.arange(len(rows))
    for name, value in (("x", 9.0), ("cut", "Ideal"), ("place", "there")):
        moved = asked.moved(every, {name: np.full(len(rows), value, dtype=object)})
        assert (moved != asked.answers()).any(), name


def test_texts_are_encoded_whole(fitted: Any, rows: pd.DataFrame) -> None:
    texts = rows.assign(words=TEXTS * 20)
    features = {"x": {"type": "number"}, "words": {"type": "text"}}
    one = fitted("sklearn.linear_model.Ridge", features, {}, encoding={"text": {"min_df": 1}})
    places = np.arange(10)
    moved = AskedFitted(one, texts).moved(places, {"words": np.full(10, "oak", dtype=object)})
    assert_array_equal(moved, one.output(texts.iloc[places].assign(words="oak")))
    assert (moved != one.output(texts.iloc[places])).any()


@pytest.mark.parametrize("moves", [{}, {"x": 1.5}, {"place": "here"}, {"words": "oak", "x": 1.5}])
def test_texts_that_stay_are_encoded_once(
    fitted: Any, rows: pd.DataFrame, moves: dict[str, Any]
) -> None:
    texts = rows.assign(words=TEXTS * 20)
    features = {**FEATURES, "words": {"type": "text"}}
    one = fitted("sklearn.linear_model.Ridge", features, encoding={"text": {"min_df": 1}})
    asked, places = AskedFitted(one, texts), np.array([5, 5, 0, 79, 14, 3])
    values = {name: np.full(len(places), value, dtype=object) for name, value in moves.items()}
    expected = Asked(one.output, texts).moved(places, values)
    assert_array_equal(asked.moved(places, values), expected)
    assert_array_equal(asked.answers(), one.output(texts), "the rows as they are stay so")
