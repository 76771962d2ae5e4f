from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from src.learning.inspection import clues, telling
from src.learning.sampling import Sampling


def strength(column: object, target: object, *, is_number: bool = False) -> float:
    truth = (telling.ranks if is_number else telling.classes)(pd.Series(target))
    folds = Sampling().folds("regression", truth.values, 5, 1)
    return telling.strength(clues.of(pd.Series(column)), truth, folds)


def test_what_knows_nothing_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    for count in (50, 1000):
        classes = rng.choice([*"abc"], count).astype(object)
        for column in (rng.normal(0, 1, count), rng.choice([*"xyz"], count).astype(object)):
            assert strength(column, classes) < 0.25
            assert strength(column, rng.normal(0, 1, count), is_number=True) < 0.1
    names = [f"row {at}" for at in range(1000)]
    assert strength(names, classes) == 0


@pytest.mark.parametrize("count", [40, 400, 4000])
def test_any_order_is_told_by_a_copy(count: int) -> None:
    values = np.random.default_rng(1).lognormal(0, 3, count)
    for copy in (values, -1 / values, np.sqrt(values)):
        assert strength(copy, values, is_number=True) > 0.99
    deviation = np.random.default_rng(2).normal(0, 1, count)
    assert strength(np.abs(deviation), deviation, is_number=True) < 0.5


def test_noise_is_what_is_not_told() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, 5000)
    told = strength(values + rng.normal(0, 0.5, 5000), values, is_number=True)
    assert told == pytest.approx(0.8, abs=0.03)


def test_classes_are_told_as_well_as_the_most_frequent_one_is_not() -> None:
    rng = np.random.default_rng(3)
    truth = rng.choice(["yes", "no"], 4000, p=[0.1, 0.9]).astype(object)
    is_wrong = rng.random(4000) < 0.02
    copy = np.where(is_wrong, np.where(truth == "yes", "no", "yes"), truth)
    assert strength(copy, truth) == pytest.approx(0.8, abs=0.03)


def test_a_missing_value_tells_too() -> None:
    rng = np.random.default_rng(4)
    is_dead = rng.random(500) < 0.3
    found = np.where(is_dead, rng.normal(0, 1, 500), np.nan)
    assert strength(found, np.where(is_dead, "dead", "alive").astype(object)) == 1


def test_of_few_rows_an_error_counts_twice() -> None:
    truth = np.repeat(["a", "b"], 50).astype(object)
    copy = truth.copy()
    assert strength(copy, truth) == 1
    copy[3] = "b"
    assert strength(copy, truth) == pytest.approx(0.96, abs=0.01)
